"""Grants of the fund for the prevention of delinquency (FIPD), as Subventia exports them.

A grant voted is known on the day of the decision; without it, on 31 December of the year of the
request. A request has a line an item of expense, each with the amount voted for the whole request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.state_exports import (
    STATE,
    amounts,
    beneficiaries,
    dates,
    unidentified,
    unpriced,
    without_marks,
)
from data.sources.tabular import open_tables

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "subventia"
TITLE = "Subventions du FIPD (Subventia)"

COLUMNS: dict[str, tuple[str, ...]] = {
    "reference": ("Référence administrative - Demande", "Référence administrative"),
    "siret": ("SIRET - Demandeur",),
    "year": ("annee_demande",),
    "day": ("Date - Décision",),
    "amount": ("Montant voté TTC - Décision", "Montant voté TTC"),
    "scheme": ("Dispositif - Dossier de financement", "Dispositif"),
    "theme": ("Thematique Title",),
    "status": ("Statut - Dossier de financement", "Statut"),
}
_NEEDED = frozenset({"reference", "siret", "amount", "status"})
_EXPECTED = (
    "un export Subventia a les colonnes « Référence administrative - Demande », "
    "« SIRET - Demandeur », « Montant voté TTC - Décision » et « Statut »."
)
#: VOTE: voted, to be paid; SOLDE: paid in full
_AWARDED = r"(?i)^\s*(?:vot[ée]e?|sold[ée]e?)\s*$"

_NOT_AWARDED = "la demande n'est ni votée ni soldée"
_NOTHING = "aucun euro n'a été voté"
_EARLY = "décision antérieure à l'année de la demande"
_NO_REFERENCE = "référence absente : rien ne dit si le montant voté est déjà compté"
_COUNTED = "poste de dépense d'une demande dont le montant voté est compté une seule fois"
_DISAGREE = {
    "siren": ("invalid_identifier", "siret", "les lignes de la demande ont plusieurs demandeurs"),
    "euros": ("bad_amount", "amount", "les lignes de la demande ont plusieurs montants votés"),
    "exercise": ("bad_date", "year", "les lignes de la demande ont plusieurs exercices"),
}


_score = scorer(COLUMNS, _NEEDED)


def sniff(sample: Sample) -> int:
    """Tell whether a file is an export of Subventia: its columns are those of no other file."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one export into `grants`: one fact a request, on the first of its lines.

    Parameters
    ----------
    path : pathlib.Path
        Workbook, separated text or JSON.
    options : ReadOptions
        `known_on`: day every grant counts as known.

    Raises
    ------
    SourceError
        The file is not an export of Subventia.
    """
    table = open_tables(path, _score, expected=_EXPECTED)[0]
    at = places(table.header, COLUMNS)
    judged = _judge(named(table, at, COLUMNS))
    return Parsed(
        rows_in=judged.height,
        tables={"grants": _facts(judged.filter(pl.col("reason").is_null()), options)},
        rejects=rejects_of(judged, table.header, at),
    )


def _judge(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `siren`, `euros`, `exercise`, the days of the request, and `reason` where not kept."""
    cells = cells_of(lines)
    lines = without_marks(lines, list(COLUMNS))
    day, year, euros = dates(lines["day"]), dates(lines["year"]), amounts(lines["amount"])
    read = lines.with_columns(
        *beneficiaries(lines["siret"]),
        euros["amount"].alias("euros"),
        euros["problem"].alias("amount_problem"),
        day["day"].alias("decided"),
        day["problem"].alias("day_problem"),
        year["problem"].alias("year_problem"),
        pl.Series("exercise", year["year"]).fill_null(day["year"]),
        pl.any_horizontal(pl.col(cells).str.contains(r"(?i)^total\b")).alias("total"),
    )
    judged = read.with_columns(
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(pl.col("siret").is_null() & pl.col("total"), "total_line", "amount"),
                Rule(
                    ~pl.col("status").str.contains(_AWARDED).fill_null(value=False),
                    "out_of_scope",
                    "status",
                    _NOT_AWARDED,
                ),
                Rule(pl.col("reference").is_null(), "unreadable", "reference", _NO_REFERENCE),
                *unidentified("siret", pl.col("siren").is_not_null()),
                *unpriced("amount", "amount_problem"),
                Rule(pl.col("euros") == 0, "out_of_scope", "amount", _NOTHING),
                Rule(pl.col("day_problem") == "bad_date", "bad_date", "day"),
                Rule(pl.col("year_problem") == "bad_date", "bad_date", "year"),
                Rule(pl.col("exercise").is_null(), "no_date", "year"),
                Rule(pl.col("decided").dt.year() < pl.col("exercise"), "bad_date", "day", _EARLY),
            ]
        )
    )
    disagreeing = [
        Rule(pl.col(name).n_unique().over("reference") > 1, reason, fault, message)
        for name, (reason, fault, message) in _DISAGREE.items()
    ]
    agreed = further(judged, disagreeing).with_columns(_days_of_request())
    repeated = ~pl.col("reference").is_first_distinct()
    return further(agreed, [Rule(repeated, "duplicate_line", "reference", _COUNTED)])


def _days_of_request() -> list[pl.Expr]:
    """Return `decided_on`, where the lines of a request agree on it, and `latest` of their days."""
    sound = pl.when(pl.col("reason").is_null()).then("decided")
    latest = sound.max().over("reference")
    return [
        pl.when(sound.drop_nulls().n_unique().over("reference") == 1)
        .then(latest)
        .alias("decided_on"),
        latest.alias("latest"),
    ]


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    known_on = pl.coalesce("latest", pl.date(pl.col("exercise"), 12, 31))
    return kept.select(
        "siren",
        *STATE,
        pl.col("scheme").fill_null("FIPD").alias("programme"),
        pl.col("theme").alias("purpose"),
        pl.col("euros").alias("amount_eur"),
        pl.lit("awarded").alias("stage"),
        pl.col("exercise").alias("fiscal_year"),
        "decided_on",
        pl.lit("grant").alias("instrument"),
        pl.lit(NAME).alias("dataset"),
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else known_on).alias("known_on"),
    )
