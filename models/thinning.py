"""Very large panels: rows with an event stay, others are drawn and weigh what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from models.spec import FitParams

KEYS = ("structure_id", "as_of")
WEIGHT = "weight"


def thinned(labels: pl.DataFrame, params: FitParams) -> pl.DataFrame:
    """Return the labels of at most `params.max_rows` rows (structure, day), weighted.

    Rows without any event are drawn at random and weigh as many as they stand for, so that every
    sum of a fit (log-loss, event rate, mean) keeps its expectation: nothing has to be corrected
    afterwards, as an unweighted draw would ask. Where events alone would fill more than half of
    the places they are drawn in the same way. A row keeps the labels of all its horizons.

    Parameters
    ----------
    labels : DataFrame
        structure_id, as_of, horizon_months, event (0/1).
    params : FitParams
        `max_rows` and `seed`.

    Returns
    -------
    DataFrame
        The same columns and `weight` (Float64, at least 1); `labels` itself, without weights, when
        it has no more rows than that.
    """
    if labels.height <= params.max_rows:
        return labels
    rows = labels.group_by(KEYS, maintain_order=True).agg(pl.col("event").max())
    if rows.height <= params.max_rows:
        return labels
    hit = rows["event"].to_numpy() == 1
    events, others = int(hit.sum()), int((~hit).sum())
    kept_events = min(events, max(params.max_rows // 2, params.max_rows - others))
    kept_others = min(others, params.max_rows - kept_events)
    rng = np.random.default_rng([params.seed, 3])
    weight = np.zeros(rows.height)
    for at, kept in ((hit, kept_events), (~hit, kept_others)):
        places = np.flatnonzero(at)
        if kept:
            weight[rng.choice(places, kept, replace=False)] = len(places) / kept
    drawn = rows.select(KEYS).with_columns(pl.Series(WEIGHT, weight)).filter(pl.col(WEIGHT) > 0)
    return labels.join(drawn, on=list(KEYS), how="inner", maintain_order="left")
