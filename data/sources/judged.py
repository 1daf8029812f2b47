"""From judged rows to rejects: each row has a `reason` (null where it is kept)."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from data.rejects import REASONS


def first_true(conditions: Iterable[pl.Expr]) -> pl.Expr:
    """Return the place (from 0) of the first condition that holds, null where none does.

    Null does not hold. Texts are then gathered by place: to choose among texts for each line and
    condition costs ten times as much.
    """
    return pl.coalesce(
        *(
            pl.when(condition.fill_null(value=False)).then(pl.lit(at, dtype=pl.UInt32))
            for at, condition in enumerate(conditions)
        ),
        pl.lit(None, dtype=pl.UInt32),
    )


def first_reason(conditions: dict[str, pl.Expr]) -> pl.Expr:
    """Return the code of the first condition that holds, null where none does (null is not)."""
    reasons = pl.Series("reason", list(conditions), dtype=pl.String)
    return pl.lit(reasons).gather(first_true(conditions.values()))


def rejects_of(
    judged: pl.DataFrame, at_fault: dict[str, tuple[str, str]], message: pl.Expr | None = None
) -> pl.DataFrame:
    """Return one reject a row of `judged` whose `reason` is not null.

    Parameters
    ----------
    judged : polars.DataFrame
        Rows with `source_row` (Int64) and `reason` (String).
    at_fault : dict
        Reason -> (name of the column as the file spells it, column of `judged` that holds the
        value received). A reason left out concerns the whole row.
    message : polars.Expr, optional
        A message more precise than the reason's, where not null.
    """
    reason = pl.col("reason")
    named = {key: spelled for key, (spelled, _) in at_fault.items()}
    value = pl.coalesce(
        *(
            pl.when(reason == key).then(pl.col(column).cast(pl.String))
            for key, (_, column) in at_fault.items()
            if column
        ),
        pl.lit(None, dtype=pl.String),
    )
    usual = reason.replace_strict(REASONS, return_dtype=pl.String)
    return judged.filter(reason.is_not_null()).select(
        pl.col("source_row").cast(pl.Int64),
        reason.replace_strict(named, default="", return_dtype=pl.String).alias("column"),
        value.alias("value"),
        "reason",
        (usual if message is None else pl.coalesce(message, usual)).alias("message"),
    )
