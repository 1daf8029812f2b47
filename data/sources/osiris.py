"""Grants for youth, sport and associations (FDVA and others), as Osiris exports them.

An award is known on the day of the commission that decided it; without that day, and for the money
paid, on 31 December of its exercise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.osiris_lines import COLUMNS, Grain, grain_of, judge, name_column
from data.sources.rules import rejects_of
from data.sources.spellings import named, places
from data.sources.state_exports import STATE
from data.sources.tabular import open_tables

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "osiris"
TITLE = "Subventions jeunesse, sport et vie associative (Osiris)"

_EXPECTED = (
    "un export Osiris a un numéro (« N° Dossier Osiris » ou « Numero Action Osiris »), un état de "
    "dossier, un « N° Siret » ou « N° RNA », et un montant « Accordé »."
)
_GRAINS: tuple[Grain, ...] = ("dossier", "action")
_AGENCY = "Agence nationale du sport"
#: money of the Agency (once the CNDS), which is not the State
_OF_AGENCY = r"(?i)\b(?:ans|cnds|psf|agence nationale du sport)\b"
_PROGRAMME = r"^\s*P?0?(\d{3})(?:\s*[-–—:]|\s*$)"


def _score(header: Sequence[str]) -> int:
    return len(places(header, COLUMNS)) if grain_of(header) else 0


def sniff(sample: Sample) -> int:
    """Tell whether a file is an export of Osiris: its columns are those of no other file."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one export into `grants`: what is awarded, and what is paid.

    Parameters
    ----------
    path : pathlib.Path
        Workbook, separated text or JSON of one follow-up ("SuiviDossiers", "SuiviActions",
        "SuiviActionsEvaluation").
    options : ReadOptions
        `known_on`: day every fact counts as known. `extra`: "grain", "dossier" (default) or
        "action", says which of the two follow-ups of the same money is counted; "fiscal_year",
        the exercise of the export, for agreements of several years.

    Raises
    ------
    SourceError
        The file is not an export of Osiris, or an option has a wrong value.
    """
    grain, year = _options(options)
    table = open_tables(path, _score, expected=_EXPECTED)[0]
    at = places(table.header, COLUMNS)
    lines = named(table, at, COLUMNS).with_columns(
        name_column(table.header), pl.lit(grain_of(table.header)).alias("grain")
    )
    judged = judge(lines, grain, year)
    return Parsed(
        rows_in=judged.height,
        tables={"grants": _facts(judged.filter(pl.col("reason").is_null()), options)},
        rejects=rejects_of(judged, table.header, {**at, "rna_said": at.get("rna", at["number"])}),
    )


def _options(options: ReadOptions) -> tuple[Grain, int | None]:
    asked, year = options.extra.get("grain", "dossier"), options.extra.get("fiscal_year")
    grain = next((one for one in _GRAINS if one == asked), None)
    if grain is None:
        raise _wrong("grain", asked, "dossier ou action")
    if year is not None and not (year.isascii() and year.isdigit() and len(year) == 4):
        raise _wrong("fiscal_year", year, "une année sur quatre chiffres")
    return grain, None if year is None else int(year)


def _wrong(option: str, received: str, expected: str) -> SourceError:
    return SourceError(
        f"L'option « {option} » n'a pas une valeur possible.",
        code="source-option",
        where=option,
        received=received,
        expected=expected,
    )


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Return one row a line for what is awarded, and one more for what is paid."""
    year = pl.col("exercise")
    agency = pl.concat_str("type", "subtype", separator=" ", ignore_nulls=True).str.contains(
        _OF_AGENCY
    )
    funder = {
        "funder_id": "slug:agence-nationale-du-sport",
        "funder_name": _AGENCY,
        "funder_level": "operator",
    }
    usual = kept.with_columns(*STATE).with_columns(
        pl.when(agency).then(pl.lit(said)).otherwise(pl.col(name)).alias(name)
        for name, said in funder.items()
    )
    # A later year of an agreement was not decided in itself: it is known once it opens.
    later = pl.max_horizontal("decided", pl.date(year, 1, 1))
    year_end = pl.date(year, 12, 31)
    known = {
        "granted": pl.when(pl.col("decided").is_null())
        .then(year_end)
        .when("first")
        .then("decided")
        .otherwise(later),
        "realised": pl.max_horizontal("decided", year_end),
    }
    return pl.concat(
        usual.filter(pl.col(f"{money}_euros").fill_null(0) != 0).select(
            "siren",
            "rna",
            pl.col("name").alias("beneficiary_name"),
            *funder,
            pl.coalesce(pl.col("type").str.extract(_PROGRAMME), "type").alias("programme"),
            pl.coalesce("purpose", "subtype").alias("purpose"),
            pl.col(f"{money}_euros").alias("amount_eur"),
            pl.lit(stage).alias("stage"),
            year.alias("fiscal_year"),
            pl.when("first").then("decided").alias("decided_on"),
            pl.col("several_years").alias("multi_year"),
            pl.lit("grant").alias("instrument"),
            pl.lit(NAME).alias("dataset"),
            pl.lit(NAME).alias("source"),
            "source_row",
            (pl.lit(options.known_on) if options.known_on else known[money]).alias("known_on"),
        )
        for money, stage in {"granted": "awarded", "realised": "paid"}.items()
    )
