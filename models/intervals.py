"""Interval beside each probability: spread of the bag, plus the doubt about the calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit
from scipy.stats import t as student

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PRIOR_MEMBERS = 8  # the pooled spread counts as much as eight members


def pooled_variance(members: Floats) -> float:
    """Return the mean variance between members, for log-odds of shape (n, members)."""
    if members.shape[1] < 2 or not len(members):
        return 0.0
    return float(members.var(axis=1, ddof=1).mean())


def standard_error(members: Floats, pooled: float, slope: float, calibration: Floats) -> Floats:
    """Return the standard error of the calibrated log-odds, shape (n,).

    Parameters
    ----------
    members : ndarray (n, members)
        Members' log-odds before calibration.
    pooled : float
        Usual variance between members: with a few members a row's own variance is noise, so it
        is shrunk towards this one.
    slope : float
        Slope of the calibration.
    calibration : ndarray (n,)
        Variance due to the calibration.
    """
    count = members.shape[1]
    own = members.var(axis=1, ddof=1) if count > 1 else np.zeros(len(members))
    weight = (count - 1) / (count - 1 + PRIOR_MEMBERS)
    variance = weight * own + (1 - weight) * pooled
    out: Floats = np.sqrt(slope**2 * variance + calibration)
    return out


def bounds(score: Floats, error: Floats, members: int, level: float) -> tuple[Floats, Floats]:
    """Return the lower and upper probabilities around calibrated log-odds.

    Parameters
    ----------
    score, error : ndarray (n,)
        Calibrated log-odds and their standard error.
    members : int
        Members of the bag: few of them widen the interval.
    level : float
        For instance 0.90.
    """
    reach = float(student.ppf(0.5 + level / 2, members - 1 + PRIOR_MEMBERS))
    p = expit(score)
    low = np.minimum(expit(score - reach * error), p)
    return low, np.maximum(expit(score + reach * error), p)
