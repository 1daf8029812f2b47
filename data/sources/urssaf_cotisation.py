"""Social contributions due, one line an account and a period, as the URSSAF gives them.

Contributions are declared and payable by the 15th of the month after the period, and the extract of
around the 20th tells those of the month before: a line is known on the last day of the month after
the end of its period. Only what is due is read: what was called and cashed changes afterwards
without a date, so that a later extract would say of the past what nobody knew then.
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
from data.sources.unit_lines import date_rules, first_rules, open_lines, runs, units
from data.sources.urssaf_codes import CREDITOR, month_after, periods

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "urssaf_cotisation"
TITLE = "URSSAF : cotisations dues"

COLUMNS: dict[str, tuple[str, ...]] = {
    # read for a line cut after it not to pass for an empty one
    "office": ("urssaf_gestion",),
    "siret": ("siret",),
    "account": ("compte", "num_cpte", "numero de compte"),
    "period": ("periode",),
    "number": ("ecn", "num_ecn"),
    "due": ("cotis_due", "cotisation due"),
}
_NEEDED = frozenset({"siret", "period", "due"})
_SIGNATURE = ("siret", "periode", "enc_direct", "cotis_due")
_EXPECTED = (
    "un fichier de cotisations a les colonnes Siret, Compte, periode, mer, enc_direct et cotis_due."
)
_PART_UNKNOWN = (
    "une autre ligne du même compte et de la même période est illisible : "
    "le total dû n'est pas connu"
)


_score = scorer(COLUMNS, _NEEDED)


def sniff(sample: Sample) -> int:
    """Tell whether a file is an extract of contributions: its columns are those of no other."""
    return CERTAIN if sample.has(*_SIGNATURE) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one extract of contributions into `debts`, in memory; see `parts`."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read one extract of contributions into `debts`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line an account and a period, amounts in euros.
    options : ReadOptions
        `known_on`: day every line counts as known.

    Yields
    ------
    Parsed
        `due_eur` is filled, `outstanding_eur` and `plan` are empty. Several lines of one account
        and period each say the sum of all of them, under one `debt_id`.

    Raises
    ------
    SourceError
        The file is not an extract of contributions.
    """
    header, at, lines = open_lines(path, COLUMNS, _score, expected=_EXPECTED)
    for frame in runs(lines, ("account", "siret")):
        judged = _judged(frame)
        yield Parsed(
            rows_in=judged.height,
            tables={"debts": _facts(judged.filter(pl.col("reason").is_null()), options)},
            rejects=rejects_of(judged, header, at),
        )


def _judged(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `unit`, `debt_id`, `told` and `whole`, and the verdict."""
    period, due = periods(lines["period"]), parse.amounts(lines["due"])
    judged = lines.with_columns(
        *units(lines["siret"]),
        period["period"].alias("said"),
        month_after(period["end"]).alias("told"),
        period["problem"].alias("period_problem"),
        due["amount"].alias("euros"),
        due["problem"].alias("due_problem"),
    ).with_columns(pl.format("due-{}-{}", pl.coalesce("account", "siret"), "said").alias("debt_id"))
    judged = judged.with_columns(
        *verdicts(
            [
                *first_rules(),
                *date_rules("period_problem", "period", "période absente"),
                Rule(pl.col("due_problem") == "no_amount", "no_amount", "due"),
                Rule(pl.col("euros").is_null(), "bad_amount", "due"),
            ]
        )
    )
    judged = further(
        judged, [Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line")]
    )
    same = ("unit", "debt_id")
    known = pl.col("unit").is_not_null() & pl.col("debt_id").is_not_null()
    unknown = known & pl.col("reason").is_in(["no_amount", "bad_amount", "wrong_field_count"])
    judged = judged.with_columns(
        pl.when(pl.col("reason").is_null()).then("euros").sum().over(same).alias("whole"),
        unknown.any().over(same).alias("unknown"),
    )
    return further(judged, [Rule(pl.col("unknown"), "bad_amount", "due", _PART_UNKNOWN)])


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    return kept.select(
        pl.col("unit").alias("siren"),
        pl.lit(CREDITOR).alias("creditor"),
        pl.col("said").alias("period"),
        "debt_id",
        pl.col("whole").cast(EUR).alias("due_eur"),
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col("told")).alias("known_on"),
    )
