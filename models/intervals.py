"""Interval beside each probability: spread of the bag, plus the doubt about the calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, stdtrit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PRIOR_MEMBERS = 8  # the pooled spread counts as much as eight members
#: what no bootstrap shows, the form of the model being only so near the truth: against the oracle
#: of the synthetic France, 90 % intervals so widened cover 89 to 93 % of the probabilities that
#: could be known with 50,000 structures, 89 to 97 % with 20,000 (`docs/experiments.md`)
STRAY = 1.3


def variance(members: Floats, trees: Floats, stretch: float = 1.0) -> Floats:
    """Return each row's variance between members, shape (n,), that of the trees counted twice.

    The hold-out stopped the trees where one more would have added as much noise as it removed
    error: what they smooth away is then about as large as their noise, and no bootstrap shows it.

    Parameters
    ----------
    members, trees : ndarray (n, members)
        Members' log-odds before calibration, and the part of them that comes from the trees.
    stretch : float
        What the trees' spread is multiplied by (`models.fitting.Bag`).
    """
    count = members.shape[1]
    if count < 2:
        return np.zeros(len(members))
    # `reduce`: for one row, what `mean` and `sum` add around it costs more than the sums.
    apart, of_trees = (x - np.add.reduce(x, 1, keepdims=True) / count for x in (members, trees))
    apart = apart + (stretch - 1.0) * of_trees
    of_trees = stretch * of_trees
    squares = apart * apart + of_trees * of_trees
    out: Floats = np.add.reduce(squares, 1) / (count - 1)
    return out


def own_weight(members: int) -> float:
    """Return how much a row's own variance counts beside the pooled one, between 0 and 1."""
    return (members - 1) / (members - 1 + PRIOR_MEMBERS)


def standard_errors(members: int, level: float) -> float:
    """Return how many standard errors an interval of that level reaches on each side."""
    return float(stdtrit(members - 1 + PRIOR_MEMBERS, 0.5 + level / 2))


def standard_error(
    own: Floats, pooled: float | Floats, *, members: int, slope: float, calibration: Floats
) -> Floats:
    """Return the standard error of the calibrated log-odds, shape (n,).

    Parameters
    ----------
    own : ndarray (n,)
        Variance between members, see `variance`.
    pooled : float or ndarray (n,)
        Usual variance between members: with a few members a row's own variance is noise, so it
        is shrunk towards this one.
    members : int
        How many.
    slope : float
        Slope of the calibration.
    calibration : ndarray (n,)
        Variance due to the calibration.
    """
    weight = own_weight(members)
    shrunk = weight * own + (1 - weight) * pooled
    out: Floats = STRAY * np.sqrt(slope**2 * shrunk + calibration)
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
    reach = standard_errors(members, level)
    p = expit(score)
    low = np.minimum(expit(score - reach * error), p)
    return low, np.maximum(expit(score + reach * error), p)
