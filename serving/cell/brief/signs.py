"""What a publication tells of a group of structures: budgets that fall, signs of difficulty.

Budgets come from the reasons of the main horizon, signs from the profiles. What comes from a source
that the reader has no right to is left out before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from features.catalogue import INDICATORS
from serving.access.sources import source_of
from serving.cell.tally import Rows
from serving.publication import Publication
from serving.publication_files import PROFILE_COLUMNS, REASONS

VOTED, CANCELLED = "voted_change_ratio", "cancelled_share_ratio"
PROCEEDINGS = "proceedings"
OVERDUE, DEBT = "overdue_eur", "debt_outstanding_eur"
LOST, CHANGE = "lost_funders_count", "grants_change_1y_ratio"
_TOLD = (VOTED, CANCELLED)
_PROFILE = (PROCEEDINGS, OVERDUE, DEBT, LOST, CHANGE)


def signs(publication: Publication, rows: Rows, rights: Iterable[str]) -> pl.DataFrame:
    """Return one line for each of these rows: siren, level, p, and each name of this module.

    What is not known, has no weight in the score (budgets), or is reserved, is null. Amounts in
    euros.
    """
    held = {None, *rights}
    p = pl.col(f"p_{publication.main_horizon}m").alias("p")
    there = publication.frame.select("siren", "level", p)[rows]
    open_ones = [name for name in _PROFILE if source_of(name, None) in held]
    profiles = publication.profiles
    wide = there.with_columns(
        (
            profiles[name][rows]
            if profiles is not None and name in open_ones
            else pl.lit(None, PROFILE_COLUMNS[name][0])
        ).alias(name)
        for name in _PROFILE
    )
    told = (
        pl.scan_parquet(publication.folder / REASONS)
        .filter(
            pl.col("horizon_months") == publication.main_horizon,
            pl.col("indicator").is_in(
                [name for name in _TOLD if source_of(name, INDICATORS[name].theme) in held]
            ),
        )
        .select("siren", "indicator", "value")
        .collect()
        .join(there.select("siren"), on="siren", how="semi")
    )
    for name in _TOLD:
        one = told.filter(pl.col("indicator") == name).select("siren", pl.col("value").alias(name))
        wide = wide.join(one, on="siren", how="left", maintain_order="left")
    return wide.with_columns(pl.col(pl.Float64).fill_nan(None))
