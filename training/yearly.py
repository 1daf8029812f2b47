"""Yearly funding of each structure by funder: the base of the target `funding_loss`."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from features.coverage import one_account
from training.targets import Target


def yearly(grants: pl.LazyFrame, target: Target, known_by: date) -> pl.DataFrame:
    """Return `structure_id`, `funder_id`, `fiscal_year`, `cents` of the grants known by a day.

    One stage by funder and year: awards, or payments where no award is known.
    """
    key = ["funder_id", "fiscal_year"]
    return (
        one_account(_known(grants, target, known_by))
        .group_by(pl.col("siren").alias("structure_id"), *key)
        .agg(pl.col("amount_cents").sum().alias("cents"))
        .sort("structure_id", *key)
        .collect()
    )


def _known(grants: pl.LazyFrame, target: Target, known_by: date) -> pl.LazyFrame:
    lines = grants.filter(
        pl.col("siren").is_not_null()
        & (pl.col("instrument") == "grant")
        & (pl.col("known_on") <= known_by)
    )
    if target.scope == "state":
        lines = lines.filter(pl.col("funder_id") == "etat")
    return lines


def is_over(grants: pl.LazyFrame, target: Target, year: int, known_by: date) -> bool:
    """Return whether exercise `year` was whole by a day: it ended, and lines reach its end.

    A list may stop some days before 31 December, at most the target's reporting lag.
    """
    end = date(year, 12, 31)
    latest = _known(grants, target, known_by).select(pl.col("known_on").max()).collect().item()
    return (
        end <= known_by
        and latest is not None
        and end - timedelta(days=target.reporting_lag_days) <= latest
    )


def exercises(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the funders and years for which data exist: `funder_id`, `fiscal_year`."""
    return lines.select("funder_id", "fiscal_year").unique().sort("funder_id", "fiscal_year")


def current_exercise(lines: pl.DataFrame, as_of: date) -> int | None:
    """Return the latest complete exercise known at `as_of`, None if there is none that is recent.

    An exercise is complete on its 31 December. With lists counted as known on that day,
    as_of 2019-12-31 gives 2019; with the later publication date it gives an earlier year, and
    nothing older than two years is taken for current.
    """
    complete = as_of.year if (as_of.month, as_of.day) == (12, 31) else as_of.year - 1
    years = lines.filter(pl.col("fiscal_year") <= complete)["fiscal_year"]
    latest = years.max()
    return int(latest) if isinstance(latest, int) and latest >= complete - 2 else None
