"""What each structure weighs: jobs at stake, lead time, rarity, what can still be done."""

from __future__ import annotations

import polars as pl

from serving.cell.priorities.capacity import Weights
from serving.publication import Publication

#: levels that are helped; the others are only watched
LEVELS = ("high", "moderate")


def candidates(publication: Publication) -> pl.DataFrame:
    """Return the structures to help, in the order of the list.

    Returns
    -------
    pl.DataFrame
        `row` (of the publication), `siren`, `region`, `departement`, `p` (main horizon),
        `employees`, `lead_months` (earliest horizon where the risk is high, null: none),
        `last_in` (`departement`, `commune` or null): the last structure of its sector followed
        there.
    """
    high = float(publication.manifest.thresholds.get("high", 1.0))
    frame = publication.frame.with_row_index("row")
    lead = pl.coalesce(
        pl.when(pl.col(f"p_{h}m") >= high).then(pl.lit(h, pl.Int32)) for h in publication.horizons
    )
    known = pl.col("sector").is_not_null()
    alone = {
        place: known
        & pl.col(place).is_not_null()
        & (pl.len().over("sector", "departement", place) == 1)
        for place in ("departement", "commune")
    }
    last = (
        pl.when(alone["departement"])
        .then(pl.lit("departement"))
        .when(alone["commune"])
        .then(pl.lit("commune"))
    )
    return (
        frame.with_columns(
            p=pl.col(f"p_{publication.main_horizon}m"), lead_months=lead, last_in=last
        )
        .filter(pl.col("level").is_in(LEVELS) & pl.col("p").is_not_null())
        .select(
            pl.col("row").cast(pl.Int64),
            *("siren", "region", "departement", "p", "employees", "lead_months", "last_in"),
        )
    )


def weighed(rows: pl.DataFrame, weights: Weights) -> pl.DataFrame:
    """Add `jobs_counted`, `jobs_at_stake`, `stage`, `urgency`, `rarity` and `stake`, their product.

    The stage is said by the lead time: six months or less is urgency, later is difficulty, no
    horizon at high risk is anticipation.
    """
    lead = {6: weights.lead["6"], 12: weights.lead["12"], 18: weights.lead["18"]}
    staff = (
        pl.col("employees")
        .cast(pl.Float64)
        .fill_null(weights.unknown_employees)
        .clip(lower_bound=weights.least_employees)
    )
    return rows.with_columns(
        jobs_counted=staff,
        jobs_at_stake=pl.col("p") * staff,
        stage=pl.when(pl.col("lead_months") <= 6)
        .then(pl.lit("urgency"))
        .when(pl.col("lead_months").is_not_null())
        .then(pl.lit("difficulty"))
        .otherwise(pl.lit("anticipation")),
        urgency=pl.col("lead_months").replace_strict(
            lead, default=weights.lead["later"], return_dtype=pl.Float64
        ),
        rarity=pl.when(pl.col("last_in") == "departement")
        .then(weights.last_in_departement)
        .when(pl.col("last_in") == "commune")
        .then(weights.last_in_commune)
        .otherwise(1.0),
    ).with_columns(stake=pl.col("jobs_at_stake") * pl.col("urgency") * pl.col("rarity"))
