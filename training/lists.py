"""What a list of the k first would have been worth: precision, recall, lift, ties bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.decomposition import wilson
from training.metrics import precision_ties

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LENGTHS = (50, 100, 200, 500)


def lists(
    events: ArrayLike, probabilities: ArrayLike, *, high_share: float
) -> list[dict[str, float | int | bool]]:
    """Return the worth of the lists of `LENGTHS` rows, then of the cell's capacity.

    Parameters
    ----------
    high_share : float
        Share of the rows that the cell can look at; that list is the one with `capacity` true.

    Returns
    -------
    list
        `k`, `capacity`, `tied` (rows that share the last score), `precision` (expected over the
        ties, with `worst`, `best`, and the Wilson interval `low`, `high`), `recall`, `lift`.
        Lengths beyond the number of rows are left out. There must be at least one event.
    """
    y, p = np.asarray(events, float), np.asarray(probabilities, float)
    sizes = [(k, False) for k in LENGTHS if k <= len(y)]
    sizes.append((max(1, round(high_share * len(y))), True))
    found: list[dict[str, float | int | bool]] = []
    for k, capacity in sizes:
        ties = precision_ties(y, p, k=k)
        low, high = wilson(ties.mean * k, k)
        found.append(
            {
                "k": k,
                "capacity": capacity,
                "tied": ties.tied,
                "precision": ties.mean,
                "low": low,
                "high": high,
                "worst": ties.worst,
                "best": ties.best,
                "recall": ties.mean * k / float(y.sum()),
                "lift": ties.mean / float(y.mean()),
            }
        )
    return found
