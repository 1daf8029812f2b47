"""Level of a coming year: between what the model says of its rows and what usually happens.

A model is judged on telling structures of one day apart, and few years teach it what makes a whole
year better or worse than another. What it says of a year as a whole is one sign of the level, the
mean of the years known by then is another, and their errors are not the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import expit

from models.calibration import YEAR_SD, Calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: known years under which their mean says too little, and nothing is done
FEWEST_YEARS = 3
#: prior of the share of the way from the model's level to the usual one: nothing is known of it
#: between 0 and 1, so mean and standard deviation are those of the uniform law
SHARE, SHARE_SD = 0.5, 12**-0.5


@dataclass(frozen=True)
class Year:
    """Rows that a model never saw, and what was known by their first day.

    Attributes
    ----------
    scores : ndarray (n,)
        Log-odds before calibration, at the main horizon.
    weights : ndarray (n,)
        How many rows each stands for.
    known : ndarray (years,)
        Event rate of each year whose windows had all ended by then.
    events : float
        How many of the rows had an event, weighted; unknown and unread for the coming year.
    """

    scores: Floats
    weights: Floats
    known: Floats
    events: float = np.nan


def yearly_rates(labels: pl.DataFrame, horizon_months: int) -> Floats:
    """Return the event rate of each calendar year of `as_of`, shape (years,)."""
    at = labels.filter(pl.col("horizon_months") == horizon_months)
    by_year = at.group_by(pl.col("as_of").dt.year()).agg(pl.col("event").mean())
    return by_year.sort("as_of").get_column("event").cast(pl.Float64).to_numpy()


def anchored(
    calibration: Calibration, horizon: int, coming: Year, past: Sequence[Year]
) -> Calibration:
    """Return the calibration with every shift moved towards the usual level of the known years.

    With `d` the shift that would give the coming rows the usual mean probability, the calibration
    is moved by `share * d`. Each past year, seen from before it, tells its own `d` and the shift
    `e` that it needed: `e = share * d + noise`, the noise of a year being that of `YEAR_SD` and of
    its events. The share is the posterior mean of this regression, the noise known and the prior
    normal (Gelman et al., Bayesian Data Analysis, 3rd ed., section 14.8), kept in [0, 1]. Its
    variance times `d²` is added to the variance of the shifts.

    Parameters
    ----------
    calibration : Calibration
        Fitted on the past years.
    horizon : int
        Place of the main horizon. Every shift moves as much, so that horizons stay ordered.
    coming : Year
        Rows of the day to be scored; no label of theirs is read.
    past : sequence of Year
        Years with fewer than `FEWEST_YEARS` known before them teach nothing here.

    Returns
    -------
    Calibration
        `calibration` itself when fewer than `FEWEST_YEARS` were known, or without any coming row.
    """
    usual = _usual(coming)
    if usual is None:
        return calibration
    precision, pulled = 1 / SHARE_SD**2, SHARE / SHARE_SD**2
    for year in past:
        before = _usual(year)
        if before is None:
            continue
        score = calibration.apply(year.scores, horizon)
        # Half a case more on each side: a year without any case needs no infinite shift.
        rate = (year.events + 0.5) / (float(year.weights.sum()) + 1.0)
        needed = _shift_to(rate, score, year.weights)
        away = _shift_to(before, score, year.weights)
        noise = YEAR_SD[1] ** 2 + 1 / (year.events + 0.5)
        precision += away**2 / noise
        pulled += away * needed / noise
    share = min(max(pulled / precision, 0.0), 1.0)
    away = _shift_to(usual, calibration.apply(coming.scores, horizon), coming.weights)
    covariance = calibration.covariance.copy()
    covariance[1:, 1:] += away**2 / precision
    return replace(calibration, shifts=calibration.shifts + share * away, covariance=covariance)


def _usual(year: Year) -> float | None:
    """Return the mean rate of the years known before, each counting once; None if it says little.

    Rates of nothing but events, or of none at all, are those of no level; no row has none.
    """
    if len(year.known) < FEWEST_YEARS or not len(year.scores):
        return None
    rate = float(year.known.mean())
    return rate if 0 < rate < 1 else None


def _shift_to(rate: float, scores: Floats, weights: Floats) -> float:
    """Return the shift, in log-odds, that gives `scores` the mean probability `rate`."""
    from scipy.optimize import brentq  # a server never fits

    def beyond(shift: float) -> float:
        return float(np.average(expit(scores + shift), weights=weights)) - rate

    # No shift of a mean is beyond the one that takes its furthest score to the rate.
    target = float(np.log(rate / (1 - rate)))
    return float(brentq(beyond, target - scores.max() - 1e-6, target - scores.min() + 1e-6))
