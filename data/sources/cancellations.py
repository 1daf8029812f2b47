"""Decrees that cancel credits of the State: a table kept by hand from the Journal officiel.

Payment credits cancelled by programme. A line is known on the day of its decree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.openings import open_whole
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.state_list import FUNDER_ID

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "cancellations"
TITLE = "Annulations de crédits de l'État (décrets, saisie manuelle)"

COLUMNS: dict[str, tuple[str, ...]] = {
    "date": ("date", "date du décret"),
    "nor": ("nor",),
    "programme": ("programme", "numéro de programme"),
    "commitments": ("ae_annule", "ae annulées", "ae"),
    "payments": ("cp_annule", "cp annulés"),
}
_EXPECTED = "une table d'annulations a les colonnes date, nor, programme, ae_annule et cp_annule."
_NOR = r"^[A-Z]{4}\d{7}[A-Z]$"
_PROGRAMME = r"^(?i:P)?0?(\d{3})(?:[.,]0+)?(?:\s*[-–—:].*)?$"

_NO_PROGRAMME = "numéro de programme absent ou illisible"
_BAD_NOR = "numéro NOR mal formé : attendu quatre lettres, sept chiffres, une lettre"
_NEGATIVE = "une annulation s'écrit avec un montant positif"
_TWICE = "le même décret annule déjà des crédits de ce programme plus haut"


_score = scorer(COLUMNS, {"date", "programme", "payments"})


def sniff(sample: Sample) -> int:
    """Tell whether a file is a table of cancellations: it has a date and credits cancelled."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read a table of cancellations into `budgets`.

    Parameters
    ----------
    path : pathlib.Path
        CSV or workbook, one line a decree and a programme; amounts are written positive.
    options : ReadOptions
        `known_on`: day every line counts as known.

    Returns
    -------
    Parsed
        Table `budgets`: funder "etat", programme "163", stage "cancelled", payment credits, the
        year of the decree.

    Raises
    ------
    SourceError
        The file is not such a table.
    """
    table = open_whole(path, _score, expected=_EXPECTED)
    at = places(table.header, COLUMNS)
    judged = _judged(named(table, at, COLUMNS))
    return Parsed(
        rows_in=judged.height,
        tables={"budgets": _facts(judged.filter(pl.col("reason").is_null()), options)},
        rejects=rejects_of(judged, table.header, at),
    )


def _judged(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `number` (programme), `day`, `euros` and the verdict."""
    days = parse.dates(lines["date"])
    paid, committed = parse.amounts(lines["payments"]), parse.amounts(lines["commitments"])
    nor = pl.col("nor").str.to_uppercase().str.replace_all(r"\s", "")
    judged = lines.with_columns(
        pl.when(~parse.is_missing("nor")).then(nor).alias("decree"),
        pl.col("programme").str.strip_chars("'’ ").str.extract(_PROGRAMME).alias("number"),
        days["day"],
        days["problem"].alias("day_problem"),
        paid["amount"].alias("euros"),
        paid["problem"].alias("problem"),
        committed["amount"].alias("committed"),
        committed["problem"].alias("committed_problem"),
        pl.struct(cells_of(lines)).is_first_distinct().alias("first"),
    )
    judged = judged.with_columns(
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(pl.col("day_problem") == "no_date", "no_date", "date"),
                Rule(pl.col("day").is_null(), "bad_date", "date"),
                Rule(pl.col("number").is_null(), "unreadable", "programme", _NO_PROGRAMME),
                Rule(~pl.col("decree").str.contains(_NOR), "unreadable", "nor", _BAD_NOR),
                Rule(pl.col("problem") == "no_amount", "no_amount", "payments"),
                Rule(pl.col("problem") == "bad_amount", "bad_amount", "payments"),
                Rule(pl.col("committed_problem") == "bad_amount", "bad_amount", "commitments"),
                Rule(pl.col("euros") < 0, "bad_amount", "payments", _NEGATIVE),
                Rule(pl.col("committed") < 0, "bad_amount", "commitments", _NEGATIVE),
            ]
        )
    )
    again = pl.col("decree").is_not_null() & ~pl.struct("decree", "number").is_first_distinct()
    return further(
        judged,
        [
            Rule(again, "duplicate_line", "nor", _TWICE),
            Rule(~pl.col("first"), "duplicate_line"),
        ],
    )


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    return kept.select(
        pl.lit(FUNDER_ID).alias("funder_id"),
        pl.col("number").alias("programme"),
        pl.col("day").dt.year().alias("year"),
        pl.lit("cancelled").alias("stage"),
        pl.col("euros").alias("amount_eur"),
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col("day")).alias("known_on"),
    )
