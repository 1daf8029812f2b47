"""Why a line is not kept: rules in order, each with its reason, the column at fault, a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from data.rejects import REASONS
from data.sources.judged import first_true


@dataclass(frozen=True)
class Rule:
    """A line that fulfils `condition` is rejected (null does not).

    `reason` is a code of `REASONS`; `fault` our name of the column that holds the value received
    ("" where the whole line is at fault); `message` what is more precise than the reason's.
    """

    condition: pl.Expr
    reason: str
    fault: str = ""
    message: str = ""


def verdicts(rules: Sequence[Rule]) -> list[pl.Expr]:
    """Return `reason`, `fault` and `message` of the first rule that holds, null where none does."""
    number = first_true(rule.condition for rule in rules)
    said = {
        "reason": [rule.reason for rule in rules],
        "fault": [rule.fault for rule in rules],
        "message": [rule.message or REASONS[rule.reason] for rule in rules],
    }
    return [
        pl.lit(pl.Series(name, texts, dtype=pl.String)).gather(number).alias(name)
        for name, texts in said.items()
    ]


def further(judged: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Judge by more rules the lines that no rule has refused: those that compare them together.

    `judged` has `source_row` and what `verdicts` returned.
    """
    kept = judged.filter(pl.col("reason").is_null()).with_columns(*verdicts(rules))
    return pl.concat([kept, judged.filter(pl.col("reason").is_not_null())]).sort("source_row")


def rejects_of(judged: pl.DataFrame, header: Sequence[str], at: Mapping[str, int]) -> pl.DataFrame:
    """Return one reject a line of `judged` that has a `reason`.

    Parameters
    ----------
    judged : polars.DataFrame
        `source_row`, `reason`, `fault`, `message`, and the values under our names.
    header : sequence of str
        Names of the columns as the file spells them.
    at : mapping
        Our name -> place in the header.
    """
    fault = pl.col("fault")
    refused = judged.filter(pl.col("reason").is_not_null())
    seen = [name for name in refused["fault"].unique() if name in refused.columns]
    spelled = {name: header[at[name]] for name in seen if name in at}
    return refused.select(
        pl.col("source_row").cast(pl.Int64),
        fault.replace_strict(spelled, default="", return_dtype=pl.String).alias("column"),
        pl.coalesce(
            *(pl.when(fault == name).then(pl.col(name).cast(pl.String)) for name in seen),
            pl.lit(None, dtype=pl.String),
        ).alias("value"),
        "reason",
        "message",
    )
