"""Calendar of the twin, with real dates."""

from __future__ import annotations

from datetime import date
from functools import cache

import pandas as pd


@cache
def months_before(day: date, months: int) -> date:
    """Return the day some calendar months before; the end of a month gives the end of a month."""
    start = pd.Timestamp(day)
    moved = start - pd.DateOffset(months=months)
    if start.is_month_end:
        moved = moved + pd.offsets.MonthEnd(0)
    return moved.date()


def within(day: date, start: date, end: date) -> bool:
    """Return whether `day` is in the window (start, end]."""
    return start < day <= end


def last_months(day: date, as_of: date, months: int) -> bool:
    """Return whether `day` is in the months that end on `as_of`."""
    return within(day, months_before(as_of, months), as_of)


def yearly_window(day: date, as_of: date, count: int) -> int | None:
    """Return which of the `count` windows of 12 months before `as_of` holds a day, 0 the latest."""
    for window in range(count):
        start, end = (months_before(as_of, 12 * (window + k)) for k in (1, 0))
        if within(day, start, end):
            return window
    return None
