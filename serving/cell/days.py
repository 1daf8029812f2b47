"""The day it is for the cell: that of Paris, not of the server."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """Return the day of a moment; 2026-06-30T22:30Z is of the 1st of July."""
    # Polars carries its own table of time zones; Python's may be missing on a bare system.
    utc = pl.lit(moment.astimezone(UTC).replace(tzinfo=None)).dt.replace_time_zone("UTC")
    day: date = pl.select(utc.dt.convert_time_zone("Europe/Paris").dt.date()).item()
    return day
