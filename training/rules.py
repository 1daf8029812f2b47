"""A rule of points that anyone can apply by hand: what a model has to beat to be worth its trouble.

The points were fixed before any test day was looked at, from what the guides of the cell say of a
structure in difficulty; nothing in them is learnt but the event rate of each total.
"""

from __future__ import annotations

import polars as pl

#: target -> (indicator, above or below, threshold, points)
POINTS: dict[str, tuple[tuple[str, str, float, int], ...]] = {
    "failure": (
        ("debt_ratio", "above", 0.1, 2),
        ("alerts_three_years_count", "above", 0, 2),
        ("payment_late_share_ratio", "above", 0.5, 1),
        ("lost_funders_share_ratio", "above", 0.5, 1),
        ("grants_change_1y_ratio", "below", -0.3, 1),
    ),
    "funding_loss": (
        ("grants_vs_mean_ratio", "above", 1.5, 2),
        ("grants_years_count", "below", 3, 1),
        ("programmes_count", "below", 2, 1),
        ("largest_line_share_ratio", "above", 0.9, 1),
        ("programme_loss_rate_ratio", "above", 0.25, 2),
    ),
}


def points(rows: pl.DataFrame, target: str) -> pl.Series | None:
    """Return the points of each row, None where the target has no rule; unknown gives no point."""
    known = [one for one in POINTS.get(target, ()) if one[0] in rows.columns]
    if not known:
        return None
    given = [
        pl.when(pl.col(name) > limit if side == "above" else pl.col(name) < limit)
        .then(worth)
        .otherwise(0)
        for name, side, limit, worth in known
    ]
    return rows.select(pl.sum_horizontal(given).cast(pl.Float64).alias("points")).to_series()
