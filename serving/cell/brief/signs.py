"""What the reasons of a publication tell of a group of structures: cuts announced, empty cash.

One pass over the reasons of the main horizon, for a few indicators; those of a source that the
reader has no right to are left out before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from features.catalogue import INDICATORS
from serving.access.sources import source_of
from serving.cell.tally import Rows
from serving.publication import Publication
from serving.publication_files import REASONS

VOTED, CANCELLED = "voted_change_ratio", "cancelled_share_ratio"
OVERDUE, DEBT = "overdue_eur", "debt_outstanding_eur"
LOST, CHANGE = "lost_funders_count", "grants_change_1y_ratio"
_WANTED = (VOTED, CANCELLED, OVERDUE, DEBT, LOST, CHANGE)


def signs(publication: Publication, rows: Rows, rights: Iterable[str]) -> pl.DataFrame:
    """Return one line for each of these rows: siren, level, p, and each indicator of this module.

    An indicator without a weight in the score, or reserved, is null. Amounts in euros.
    """
    held = {None, *rights}
    open_ones = [n for n in _WANTED if source_of(n, INDICATORS[n].theme) in held]
    main = publication.main_horizon
    there = publication.frame.select("siren", "level", pl.col(f"p_{main}m").alias("p"))[rows]
    told = (
        pl.scan_parquet(publication.folder / REASONS)
        .filter(pl.col("horizon_months") == main, pl.col("indicator").is_in(open_ones))
        .select("siren", "indicator", "value")
        .collect()
        .join(there.select("siren"), on="siren", how="semi")
    )
    wide = there
    for name in _WANTED:
        one = told.filter(pl.col("indicator") == name).select("siren", pl.col("value").alias(name))
        wide = wide.join(one, on="siren", how="left", maintain_order="left")
    return wide.with_columns(pl.col(_WANTED).fill_nan(None))
