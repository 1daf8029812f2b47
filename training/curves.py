"""Curves of a test day, thinned to be drawn: ROC, precision and recall, net benefit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: points kept of a curve, its ends included
POINTS = 101


def curves(events: ArrayLike, probabilities: ArrayLike) -> dict[str, dict[str, list[float]]]:
    """Return the curves of a score; there must be events and non-events.

    Returns
    -------
    dict
        `roc` (`false_positive_rate`, `true_positive_rate`), `pr` (`recall`, `precision`) and `cost`
        (`threshold`, `model`, `all`): the net benefit per structure of contacting those above a
        threshold, of contacting everyone (Vickers and Elkin, Med. Decis. Making 26(6), 2006), a
        threshold t being worth t / (1 - t) needless contacts for one rightly made.
    """
    y, p = np.asarray(events, float), np.asarray(probabilities, float)
    order = np.argsort(-p, kind="stable")
    y, p = y[order], p[order]
    ends = np.flatnonzero(np.r_[p[1:] != p[:-1], True])  # ties enter together
    hits, taken = np.cumsum(y)[ends], ends + 1.0
    cases, rest = y.sum(), len(y) - y.sum()
    kept = np.unique(np.linspace(0, len(ends) - 1, POINTS).round().astype(int))
    hits, taken = hits[kept], taken[kept]
    threshold = np.unique(np.quantile(p, np.linspace(0, 0.999, POINTS)))
    threshold = threshold[threshold < 1]
    above = np.searchsorted(-p, -threshold, side="right")
    right = np.r_[0.0, np.cumsum(y)][above]
    odds = threshold / (1 - threshold)
    gained = (right - (above - right) * odds) / len(y)
    return {
        "roc": {
            "false_positive_rate": [0.0, *((taken - hits) / rest).tolist()],
            "true_positive_rate": [0.0, *(hits / cases).tolist()],
        },
        "pr": {"recall": (hits / cases).tolist(), "precision": (hits / taken).tolist()},
        "cost": {
            "threshold": threshold.tolist(),
            "model": gained.tolist(),
            "all": ((cases - rest * odds) / len(y)).tolist(),
        },
    }
