"""Cohorts: who is scored for a target on a day, from facts known by that day and no label."""

from __future__ import annotations

from datetime import date

import polars as pl

from training.targets import Target
from training.yearly import current_exercise, yearly


def is_year_end(as_of: date) -> bool:
    """Return whether `as_of` is a 31 December, the only day a yearly target is asked at."""
    return (as_of.month, as_of.day) == (12, 31)


def funding_cohort(grants: pl.LazyFrame, target: Target, as_of: date) -> pl.DataFrame:
    """Return `structure_id`, `now_cents`: funded in two of the last three years, enough now.

    At a day that is not a 31 December nobody is in the cohort: the exercise is not over.
    """
    empty = pl.DataFrame(schema={"structure_id": pl.String, "now_cents": pl.Int64})
    if not is_year_end(as_of):
        return empty
    lines = yearly(grants, target, as_of)
    year = current_exercise(lines, as_of)
    if year is None:
        return empty
    amount = lines.group_by("structure_id", "fiscal_year").agg(pl.col("cents").sum())
    return (
        amount.filter(pl.col("fiscal_year").is_between(year - 2, year) & (pl.col("cents") > 0))
        .group_by("structure_id")
        .agg(
            pl.len().alias("years"),
            pl.col("cents").filter(pl.col("fiscal_year") == year).sum().alias("now_cents"),
        )
        .filter(
            (pl.col("years") >= target.min_years_of_three)
            & (pl.col("now_cents") >= target.min_amount_eur * 100)
        )
        .select("structure_id", "now_cents")
        .sort("structure_id")
    )


def cohort(panel: pl.DataFrame, grants: pl.LazyFrame, target: Target) -> pl.DataFrame:
    """Return the rows of `panel` in the cohort of `target`.

    The panel leaves out structures known to have failed, merged or ceased by each day.
    """
    if target.name == "failure" or panel.is_empty():
        return panel
    days = panel["as_of"].unique().sort().to_list()
    members = [
        funding_cohort(grants, target, day).select(
            "structure_id", pl.lit(day, pl.Date).alias("as_of")
        )
        for day in days
    ]
    keys = ["structure_id", "as_of"]
    return panel.join(pl.concat(members), on=keys, how="semi", maintain_order="left")
