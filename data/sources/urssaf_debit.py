"""Debts of social contributions, one line an operation, as the URSSAF gives them to those entitled.

A line says what remains to be paid of one debt (écart négatif) after an operation: the employees'
share and the employer's, penalties left out. It is known on the day the operation was accounted.
A debt stands until another line says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from data.schema import EUR
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, merged
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import cells_of, scorer
from data.sources.unit_lines import date_rules, first_rules, open_lines, passed, runs, units
from data.sources.urssaf_codes import CREDITOR, cents, coded_days, periods

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "urssaf_debit"
TITLE = "URSSAF : débits (cotisations impayées)"

COLUMNS: dict[str, tuple[str, ...]] = {
    # read for a line cut after it not to pass for an empty one
    "office": ("urssaf_gestion",),
    "siret": ("siret",),
    "siren": ("siren",),
    "account": ("num_cpte", "compte", "numero de compte"),
    "period": ("periode",),
    "number": ("num_ecn", "numero ecart negatif"),
    "step": ("num_hist_ecn", "numero historique ecart negatif"),
    "day": ("dt_trt_ecn", "date de traitement"),
    "employees": ("mt_po", "part ouvriere"),
    "employer": ("mt_pp", "part patronale"),
}
_NEEDED = frozenset({"period", "number", "day", "employees", "employer"})
_SIGNATURE = ("num_ecn", "dt_trt_ecn", "mt_po", "mt_pp")
_EXPECTED = (
    "un fichier de débits a les colonnes Siret, num_cpte, Periode, Num_Ecn, Num_Hist_Ecn, "
    "Dt_trt_ecn, Mt_PO et Mt_PP."
)
_UNNUMBERED = "numéro d'écart négatif absent : rien ne relie les états de cette dette"
_NOT_CENTS = "montant qui n'est pas un nombre entier de centimes"
_PASSED = (
    "état dépassé le jour même par une opération suivante du même écart négatif : "
    "seul le dernier état du jour compte"
)


_score = scorer(COLUMNS, _NEEDED, either=("siret", "siren"))


def sniff(sample: Sample) -> int:
    """Tell whether a file is an extract of debts: its columns are those of no other file."""
    return CERTAIN if sample.has(*_SIGNATURE) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one extract of debts into `debts`, in memory; see `parts`."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read one extract of debts into `debts`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line an operation, amounts in cents.
    options : ReadOptions
        `known_on`: day every line counts as known; the last state of each debt alone is then kept.

    Yields
    ------
    Parsed
        `outstanding_eur` is the sum of both shares, `due_eur` and `plan` are empty; `debt_id` is
        made of the account, the period and the number of the debt. Of the operations of one debt
        known the same day, the last one alone is a state. In a file larger than memory, this is
        told among the lines of an account that follow each other, as in the extracts.

    Raises
    ------
    SourceError
        The file is not an extract of debts.
    """
    header, at, lines = open_lines(path, COLUMNS, _score, expected=_EXPECTED)
    for frame in runs(lines, ("account", "siret", "siren")):
        judged = _judged(frame, options)
        yield Parsed(
            rows_in=judged.height,
            tables={"debts": _facts(judged.filter(pl.col("reason").is_null()))},
            rejects=rejects_of(judged, header, at),
        )


def _judged(lines: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Add `unit`, `debt_id`, `known` and `euros`, and the verdict."""
    period, day = periods(lines["period"]), coded_days(lines["day"])
    both = pl.col("employees_eur") + pl.col("employer_eur")
    judged = lines.with_columns(
        *units(lines["siret"], lines["siren"]),
        period["period"].alias("said"),
        period["problem"].alias("period_problem"),
        day["day"].alias("accounted"),
        day["problem"].alias("day_problem"),
        cents("employees").alias("employees_eur"),
        cents("employer").alias("employer_eur"),
        pl.col("step").cast(pl.Int64, strict=False).fill_null(-1).alias("order"),
        (pl.lit(options.known_on) if options.known_on else day["day"]).alias("known"),
    ).with_columns(
        pl.format("ecn-{}-{}-{}", pl.coalesce("account", "siret", "siren"), "said", "number").alias(
            "debt_id"
        ),
        both.cast(EUR).alias("euros"),
    )
    judged = judged.with_columns(
        *verdicts(
            [
                *first_rules("siren"),
                *date_rules("period_problem", "period", "période absente"),
                Rule(pl.col("number").is_null(), "unreadable", "number", _UNNUMBERED),
                *date_rules("day_problem", "day", "date de traitement absente"),
                *(
                    rule
                    for share in ("employees", "employer")
                    for rule in (
                        Rule(parse.is_missing(share), "no_amount", share),
                        Rule(pl.col(f"{share}_eur").is_null(), "bad_amount", share, _NOT_CENTS),
                    )
                ),
            ]
        )
    )
    judged = further(
        judged, [Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line")]
    )
    before = passed(judged, ("unit", "debt_id", "known"), ("accounted", "order", "source_row"))
    return further(judged, [Rule(before, "duplicate_line", "step", _PASSED)])


def _facts(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.select(
        pl.col("unit").alias("siren"),
        pl.lit(CREDITOR).alias("creditor"),
        pl.col("said").alias("period"),
        "debt_id",
        pl.col("euros").alias("outstanding_eur"),
        pl.lit(NAME).alias("source"),
        "source_row",
        pl.col("known").alias("known_on"),
    )
