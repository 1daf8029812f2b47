"""Labels: did the event happen in (as_of, as_of + horizon]; missing when that cannot be known yet.

Right-censoring: a window that is not fully observed gives no label at all, never 0. A label used
to train for a test day is computed from facts known by that test day.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from data.contracts import FAILURE_KINDS
from features.asof import add_months
from training.targets import Target
from training.yearly import current_exercise, exercises, is_over, yearly

SCHEMA = pl.Schema(
    {
        "structure_id": pl.String(),
        "as_of": pl.Date(),
        "horizon_months": pl.Int32(),
        "event": pl.Int8(),
    }
)
FAR = date(9999, 12, 31)


def observed_until(events: pl.DataFrame, known_by: date, lag_days: int) -> date | None:
    """Return the last day whose events are all known: the latest known day minus the lag."""
    latest = events.filter(pl.col("known_on") <= known_by)["known_on"].max()
    return latest - timedelta(days=lag_days) if isinstance(latest, date) else None


def failure_labels(
    rows: pl.DataFrame, events: pl.DataFrame, target: Target, *, known_by: date = FAR
) -> pl.DataFrame:
    """Return the labels of `rows` (`structure_id`, `as_of`) for each horizon that is observed.

    Parameters
    ----------
    rows : polars.DataFrame
        The cohort's rows.
    events : polars.DataFrame
        Canonical events; mergers (and the cessation of the same day) are exits, not failures.
    known_by : datetime.date
        Only events known by this day are used.

    A structure that had already failed at `as_of`, though nobody knew it that day, has no label:
    what comes next is no first entry.
    """
    seen = events.filter(
        (pl.col("known_on") <= known_by)
        & pl.col("siren").is_not_null()
        & (pl.col("retracted_on").is_null() | (pl.col("retracted_on") > known_by))
    )
    until = observed_until(events, known_by, target.reporting_lag_days)
    if until is None:
        return pl.DataFrame(schema=SCHEMA)
    first = _first_failures(seen)
    keys = rows.select("structure_id", "as_of")
    pieces = []
    for day in keys["as_of"].unique().sort().to_list():
        ended = first.filter(pl.col("occurred_on") <= day)
        at = keys.filter(pl.col("as_of") == day).join(ended, on="structure_id", how="anti")
        for months in target.horizons_months:
            end = add_months(day, months)
            if end > until:
                continue
            failed = first.filter((pl.col("occurred_on") > day) & (pl.col("occurred_on") <= end))
            pieces.append(
                at.with_columns(
                    pl.lit(months, pl.Int32).alias("horizon_months"),
                    pl.col("structure_id")
                    .is_in(failed["structure_id"].implode())
                    .cast(pl.Int8)
                    .alias("event"),
                )
            )
    return pl.concat(pieces) if pieces else pl.DataFrame(schema=SCHEMA)


def failure_days(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return `structure_id`, `as_of`, `event_on` of the rows that a first failure follows."""
    first = _first_failures(events.filter(pl.col("retracted_on").is_null()))
    return (
        rows.select("structure_id", "as_of")
        .join(first, on="structure_id", how="inner", maintain_order="left")
        .filter(pl.col("occurred_on") > pl.col("as_of"))
        .rename({"occurred_on": "event_on"})
    )


def _first_failures(seen: pl.DataFrame) -> pl.DataFrame:
    """Return `structure_id`, `occurred_on`: the first failure; a merger's cessation is none."""
    merged = seen.filter(pl.col("kind") == "merger").select("siren", "occurred_on").unique()
    return (
        seen.filter(pl.col("kind").is_in(list(FAILURE_KINDS)) & pl.col("siren").is_not_null())
        .join(merged, on=["siren", "occurred_on"], how="anti")
        .group_by(pl.col("siren").alias("structure_id"))
        .agg(pl.col("occurred_on").min())
    )


def funding_labels(
    rows: pl.DataFrame, grants: pl.LazyFrame, target: Target, *, known_by: date = FAR
) -> pl.DataFrame:
    """Return the labels of `rows`: next exercise under `loss_below` of the current one.

    Both exercises are summed over the funders whose data exist for both years; where there is
    none (an exercise never published), or while the next exercise is not over, it is missing.
    """
    later = yearly(grants, target, known_by)
    covered = exercises(later)
    pieces = []
    for day in rows["as_of"].unique().sort().to_list():
        now = yearly(grants, target, min(day, known_by))
        year = current_exercise(now, day)
        if year is None or not is_over(grants, target, year + 1, known_by):
            continue
        both = covered.filter(pl.col("fiscal_year") == year).join(
            covered.filter(pl.col("fiscal_year") == year + 1), on="funder_id", how="semi"
        )
        amounts = (
            later.join(both.select("funder_id"), on="funder_id", how="semi")
            .group_by("structure_id")
            .agg(
                pl.col("cents").filter(pl.col("fiscal_year") == year).sum().alias("now"),
                pl.col("cents").filter(pl.col("fiscal_year") == year + 1).sum().alias("next"),
            )
            .filter(pl.col("now") > 0)
        )
        pieces.append(
            rows.filter(pl.col("as_of") == day)
            .select("structure_id", "as_of")
            .join(amounts, on="structure_id", how="inner", maintain_order="left")
            .select(
                "structure_id",
                "as_of",
                pl.lit(12, pl.Int32).alias("horizon_months"),
                (pl.col("next") < target.loss_below * pl.col("now")).cast(pl.Int8).alias("event"),
            )
        )
    return pl.concat(pieces) if pieces else pl.DataFrame(schema=SCHEMA)
