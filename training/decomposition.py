"""What a Brier score is made of, and how often what is announced happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import isotonic_regression

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

BINS = 10
_Z = 1.959963984540054  # 95 %


def brier_parts(events: ArrayLike, probabilities: ArrayLike) -> dict[str, float]:
    """Return `reliability`, `resolution`, `uncertainty`: brier = the first - second + third.

    The exact CORP decomposition (Dimitriadis, Gneiting and Jordan, PNAS 118(8), 2021): each
    probability is compared with its isotonic recalibration on the same rows, without bins to
    choose. `reliability` is 0 for a calibrated forecast, `resolution` 0 for a constant one.
    """
    y, p = np.asarray(events, float), np.asarray(probabilities, float)
    _, group, count = np.unique(p, return_inverse=True, return_counts=True)
    rates = np.bincount(group, weights=y) / count
    recalibrated = isotonic_regression(rates, weights=count).x[group]
    best = float(np.mean((recalibrated - y) ** 2))
    uncertainty = float(np.mean(y) * (1 - np.mean(y)))
    return {
        "reliability": float(np.mean((p - y) ** 2)) - best,
        "resolution": uncertainty - best,
        "uncertainty": uncertainty,
    }


def wilson(hits: float, count: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share of `count` independent rows."""
    share, square = hits / count, _Z**2 / count
    middle = (share + square / 2) / (1 + square)
    half = _Z * np.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def reliability_curve(
    events: ArrayLike, probabilities: ArrayLike, bins: int = BINS
) -> list[dict[str, float]]:
    """Return bins of equal mass, lowest first; a tie is never cut.

    Each has `n`, `announced` (mean probability), `observed` (share of events), `low`, `high`
    (Wilson: a test day has one row a structure, so that rows are independent).
    """
    y, p = np.asarray(events, float), np.asarray(probabilities, float)
    order = np.argsort(p, kind="stable")
    y, p = y[order], p[order]
    starts = np.flatnonzero(np.r_[True, p[1:] != p[:-1]])
    edges = starts[np.r_[True, np.diff(starts * bins // len(p)) > 0]]
    found = []
    for first, last in zip(edges, np.r_[edges[1:], len(p)], strict=True):
        count, hits = int(last - first), float(y[first:last].sum())
        low, high = wilson(hits, count)
        found.append(
            {
                "n": count,
                "announced": float(p[first:last].mean()),
                "observed": hits / count,
                "low": low,
                "high": high,
            }
        )
    return found
