"""The day of a grant line, from its decision or its exercise."""

from __future__ import annotations

import narwhals as nw


def year_end_day(year: nw.Expr) -> nw.Expr:
    """Return 31 December of a year as a day number (valid from 1970 to 2099)."""
    leaps = ((year - 1968) / 4).floor().cast(nw.Int64)
    return (year - 1969) * 365 + leaps - 1


def event_day() -> nw.Expr:
    """Return the day of a grant line: its decision when it is known, else the end of its exercise.

    Never later than the day the line was known.
    """
    year_end = year_end_day(nw.col("fiscal_year").cast(nw.Int64))
    return (
        nw.when(~nw.col("decided_day").is_null())
        .then(nw.col("decided_day").cast(nw.Int64))
        .otherwise(nw.min_horizontal(year_end, nw.col("known_day").cast(nw.Int64)))
        .cast(nw.Int32)
        .alias("event_day")
    )
