"""How well one column alone ranks the events: numbers, levels and missing values alike."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
_SHRINK, _PARTS = 20, 5


def auc(event: Floats, value: Floats) -> float:
    """Return the area under the ROC curve of one column, whichever its direction."""
    positives = event.sum()
    negatives = len(event) - positives
    if not positives or not negatives:
        return float("nan")
    found = (rankdata(value)[event == 1].sum() - positives * (positives + 1) / 2) / (
        positives * negatives
    )
    return float(max(found, 1 - found))


def column(rows: pl.DataFrame, name: str, event: Floats) -> Floats:
    """Return a column as numbers: a level is its event rate, a missing value a level of its own."""
    series = rows[name]
    if series.dtype == pl.String:
        return _rates(rows["structure_id"], series, event)
    values = series.cast(pl.Float64).fill_nan(None)
    hole = values.is_null().to_numpy()
    known = values.drop_nulls().to_numpy()
    if not hole.any() or not len(known):
        return values.fill_null(0.0).to_numpy()
    # Missing goes to the end that its own event rate tells: it may be the leak.
    rate = event[~hole].mean()
    rising = event[~hole][rankdata(known) > len(known) / 2].mean() > rate
    top = (event[hole].mean() > rate) == rising
    return values.fill_null(known.max() + 1 if top else known.min() - 1).to_numpy()


def _rates(structures: pl.Series, levels: pl.Series, event: Floats) -> Floats:
    """Return the event rate of each row's level among other structures, in five parts.

    On the same rows, the rare levels of a long category would tell the events by heart.
    """
    table = pl.DataFrame(
        {
            "level": levels.fill_null("\0"),
            "part": structures.cast(pl.String).rank("dense") % _PARTS,
            "event": event,
        }
    )
    here = [pl.col("event").sum().over("level", "part"), pl.len().over("level", "part")]
    every = [pl.col("event").sum().over("level"), pl.len().over("level")]
    hits, size = (whole - own for whole, own in zip(every, here, strict=True))
    rate = (hits + _SHRINK * float(event.mean())) / (size + _SHRINK)
    return table.select(rate).to_series().to_numpy()
