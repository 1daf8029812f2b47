"""Intervals of what chance alone may give, the probabilities being what they are."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

#: share of the years in which the figure falls inside the interval
COVERED = 0.9
#: beyond this variance the exact law costs too much and the normal one, with skewness, is enough
_EXACT = 25.0
_TAIL = (1 - COVERED) / 2

Floats = npt.NDArray[np.float64]


def failures(p: Floats) -> tuple[int, int]:
    """Return the 90 % interval of how many of these structures fail: Poisson-binomial law.

    Exact (by its characteristic function) up to a variance of 25; beyond, the normal law with its
    skewness (Volkova's refinement).
    """
    mean, variance = float(p.sum()), float((p * (1 - p)).sum())
    if variance > _EXACT:
        return _refined(mean, variance, float((p * (1 - p) * (1 - 2 * p)).sum()), len(p))
    sigma = variance**0.5
    # Only the values that chance can reach: ten standard deviations around the mean.
    first = max(0, int(mean - 10 * sigma - 10))
    last = min(len(p), int(mean + 10 * sigma + 10))
    size = last - first + 1
    turns = np.exp(2j * np.pi * np.arange(size) / size)
    signs = np.array([np.prod(1 + p * (turn - 1)) for turn in turns])
    signs *= turns ** (-first)
    law = np.clip(np.fft.fft(signs).real / size, 0, None)
    reached = np.cumsum(law) / law.sum()
    low = int(np.searchsorted(reached, _TAIL))
    high = int(np.searchsorted(reached, 1 - _TAIL))
    return first + low, first + min(high, size - 1)


def jobs(mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return the 90 % interval of jobs: the gamma law of these means and variances.

    It is never negative, and as lopsided as a sum of a few large employers is.
    """
    # `scipy.stats` takes 50 MB and a quarter of a second to say the same.
    from scipy.special import gammaincinv

    spread = np.where(variance > 0, variance, 1.0)
    shape, scale = np.maximum(mean, 1e-12) ** 2 / spread, spread / np.maximum(mean, 1e-12)
    sure = variance <= 0
    low = np.where(sure, mean, scale * gammaincinv(shape, _TAIL))
    high = np.where(sure, mean, scale * gammaincinv(shape, 1 - _TAIL))
    return low, high


def _refined(mean: float, variance: float, third: float, most: int) -> tuple[int, int]:
    sigma = variance**0.5
    skew = third / sigma**3
    bounds = []
    for tail in (_TAIL, 1 - _TAIL):
        z = NormalDist().inv_cdf(tail)
        bounds.append(mean + sigma * (z + skew * (z * z - 1) / 6))
    low, high = bounds
    return max(0, int(np.floor(low))), min(most, int(np.ceil(high)))
