"""Budgets published in several lines: each line says the whole amount, never its own part.

A table of budgets replaces an amount by a later one of the same budget, and the same accounts are
published again and again (corrected, in another format): parts would be taken for the whole, or
added up twice. So every line of a budget carries the sum of all of them, and says it again.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

#: reasons that leave the sum of the other lines unknown
_PART_UNKNOWN = ("bad_amount", "wrong_field_count")


def with_whole(judged: pl.DataFrame, key: Sequence[str], fault: str) -> pl.DataFrame:
    """Put on every sound line the sum of the sound lines of its budget.

    Parameters
    ----------
    judged : polars.DataFrame
        Lines with `reason`, `fault` and `message` (null where the line is sound), `euros` (Decimal)
        and the columns of `key`.
    key : sequence of str
        Columns that tell one budget from another.
    fault : str
        Our name of the column of amounts.

    Returns
    -------
    polars.DataFrame
        The same lines with `whole` (Decimal). A line without amount adds nothing. A budget one line
        of which cannot be read, or whose sum is negative, is unknown: its lines get the reason
        "bad_amount".
    """
    sound = pl.col("reason").is_null()
    unknown = pl.col("reason").is_in(_PART_UNKNOWN).fill_null(value=False).any().over(key)
    whole = pl.when(sound).then("euros").sum().over(key)
    judged = judged.with_columns(whole.alias("whole"), unknown.alias("unknown"))
    refused = sound & (pl.col("unknown") | (pl.col("whole") < 0))
    why = (
        pl.when("unknown")
        .then(pl.lit("une autre ligne du même budget est illisible : son total n'est pas connu"))
        .otherwise(pl.format("le total du budget est négatif ({})", "whole"))
    )
    return judged.with_columns(
        pl.when(refused).then(pl.lit("bad_amount")).otherwise("reason").alias("reason"),
        pl.when(refused).then(pl.lit(fault)).otherwise("fault").alias("fault"),
        pl.when(refused).then(why).otherwise("message").alias("message"),
    ).drop("unknown")
