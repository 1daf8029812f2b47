"""Calibration out of time: one slope, one ordered shift a horizon, both in log-odds.

Linear in log-odds, so contributions stay additive: they are multiplied by the slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SLOPE_SD = 0.35  # prior of log(slope): two thirds of the models need a slope within x/÷ 1.4
SHIFT_SD = 0.5  # prior of the common shift: the event rate may move by x/÷ 1.6 between years
STEP_SD = 0.2  # prior of the steps between horizons, in log-odds
#: with several years: what lasts from one to the next, and how far each strays from it by itself
LASTING_SD = np.array([0.15, 0.1])
YEAR_SD = np.array([0.25, 0.3])


@dataclass(frozen=True)
class Calibration:
    """score -> slope * score + shift of its horizon.

    Attributes
    ----------
    slope : float
        Above zero.
    shifts : ndarray (horizons,)
        Never decreasing, so that the horizons stay ordered.
    covariance : ndarray (1 + horizons, 1 + horizons)
        Of the slope and the shifts; zero for the identity.
    rows, events : int
        Calibration labels used; zero rows means that the model is left as it is.
    """

    slope: float
    shifts: Floats
    covariance: Floats
    rows: int = 0
    events: int = 0

    @classmethod
    def identity(cls, horizons: int) -> Calibration:
        """Return the calibration that changes nothing."""
        return cls(1.0, np.zeros(horizons), np.zeros((1 + horizons, 1 + horizons)))

    def apply(self, score: Floats, horizon: int | NDArray[np.intp]) -> Floats:
        """Return calibrated log-odds for the horizon of that position, or of each score's own."""
        out: Floats = self.slope * score + self.shifts[horizon]
        return out

    def variance(self, score: Floats, horizon: int | NDArray[np.intp]) -> Floats:
        """Return the variance of the calibrated log-odds due to the calibration itself."""
        v, at = self.covariance, 1 + horizon
        out: Floats = v[0, 0] * score**2 + 2 * v[0, at] * score + v[at, at]
        return np.maximum(out, 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "slope": self.slope,
            "shifts": self.shifts.tolist(),
            "covariance": self.covariance.tolist(),
            "rows": self.rows,
            "events": self.events,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Calibration:
        """Return the calibration written by `to_dict`."""
        return cls(
            float(values["slope"]),
            np.asarray(values["shifts"], dtype=np.float64),
            np.asarray(values["covariance"], dtype=np.float64),
            int(values["rows"]),
            int(values["events"]),
        )


def fit_calibration(
    scores: Floats,
    targets: NDArray[np.int8],
    structures: NDArray[np.intp],
    blocks: NDArray[np.intp] | None = None,
    weights: Floats | None = None,
) -> Calibration:
    """Fit slope and shifts by maximum a posteriori around the identity.

    Parameters
    ----------
    scores : ndarray (n, horizons)
        Log-odds on rows that are neither in training nor in test.
    targets : ndarray (n, horizons) of int8
        1 event, 0 none, -1 not observed.
    structures : ndarray (n,) of int
        Number of the structure of each row: rows of one structure are not independent, and the
        covariance says so (sandwich, clustered).
    blocks : ndarray (n,) of int, optional
        Number of the block (a year) of each row, each scored by its own model. A year strays from
        the others by itself: its slope and shift are random effects, and what is kept is what the
        years have in common. A year of crisis alone says little of the next.
    weights : ndarray (n,), optional
        How many rows each row stands for.

    Returns
    -------
    Calibration
        The identity when no row is observed. With few events the prior keeps it near identity.
    """
    horizons = scores.shape[1]
    seen = targets >= 0
    if not seen.any():
        return Calibration.identity(horizons)
    hit = (targets == 1).astype(np.float64)
    stands = np.where(seen, 1.0 if weights is None else weights[:, None], 0.0)
    centre = float((stands * scores).sum() / stands.sum())  # decorrelates the slope from the shift
    x = scores - centre
    # The same event is counted once a horizon: likelihood / mean number of horizons of a row.
    temper = seen.any(1).sum() / seen.sum()
    years = 0 if blocks is None else int(blocks.max()) + 1
    own = np.zeros((len(x), 0)) if blocks is None else np.eye(years)[blocks]
    lasting = np.array([SLOPE_SD, SHIFT_SD]) if blocks is None else LASTING_SD
    deviations = np.array([*lasting, *[STEP_SD] * (horizons - 1), *np.repeat(YEAR_SD, years)])
    precision = 1 / deviations**2
    common = 1 + horizons

    def residuals(theta: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the slope of each row, its scores, and how far they are from what happened."""
        slope = np.exp(theta[0] + own @ theta[common : common + years])[:, None]
        shift = np.cumsum(theta[1:common]) + (own @ theta[common + years :])[:, None]
        score = slope * x + centre + shift
        return slope, score, stands * (expit(score) - hit)

    def objective(theta: Floats) -> tuple[float, Floats]:
        slope, score, r = residuals(theta)
        loss = (stands * (np.logaddexp(0.0, score) - hit * score)).sum()
        turned, columns, rows = (r * slope * x).sum(1), r.sum(0), r.sum(1)
        gradient = np.concatenate(
            [[turned.sum()], np.cumsum(columns[::-1])[::-1], turned @ own, rows @ own]
        )
        prior = 0.5 * float(precision @ theta**2)
        return temper * loss + prior, temper * gradient + precision * theta

    # The shift at the centre may fall with the horizon only as far as the raw shifts stay ordered:
    # bounding the increments at zero is enough, since the slope multiplies ordered scores.
    free: list[tuple[float | None, float | None]] = [(None, None)]
    bounds = [(-2.0, 2.0), *free, *[(0.0, None)] * (horizons - 1), *free * (2 * years)]
    from scipy.optimize import minimize  # a server never fits

    found = minimize(
        objective,
        np.zeros(common + 2 * years),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9},
    )
    theta = np.asarray(found.x, dtype=np.float64)
    slope = float(np.exp(theta[0]))
    # slope * (s - c) + c + b = slope * s + (b + c (1 - slope))
    shifts = np.cumsum(theta[1:common]) + centre * (1 - slope)
    of_row, score, residual = residuals(theta)
    fitted = _Fitted(x, of_row, score, residual, stands, own, structures)
    covariance = _covariance(fitted, precision, temper)
    to_slope = np.eye(common)
    to_slope[0, 0] = slope  # from its logarithm
    back = np.eye(common)
    back[1:, 0] = -centre
    back = back @ to_slope
    return Calibration(
        slope,
        np.maximum.accumulate(shifts),
        back @ covariance @ back.T,
        int(seen.sum()),
        int(hit[seen].sum()),
    )


@dataclass(frozen=True)
class _Fitted:
    """What the covariance reads, by row: `own` tells the block, `stands` is the weight."""

    x: Floats
    slope: Floats
    score: Floats
    residual: Floats
    stands: Floats
    own: Floats
    structures: NDArray[np.intp]


def _covariance(at: _Fitted, precision: Floats, temper: float) -> Floats:
    """Return the covariance of (log(slope), shift of each horizon) at the centre."""
    horizons, size = at.x.shape[1], len(precision)
    p = expit(at.score)
    w = at.stands * p * (1 - p)
    # d score_h / d log(slope) = slope x, d score_h / d increment_k = 1 if k <= h.
    jacobian = np.zeros((size, *at.x.shape))
    jacobian[0] = at.slope * at.x
    for k in range(horizons):
        jacobian[1 + k, :, k:] = 1.0
    for b, rows in enumerate(at.own.T):
        jacobian[1 + horizons + b] = rows[:, None] * at.slope * at.x
        jacobian[1 + horizons + at.own.shape[1] + b] = rows[:, None]
    information = np.einsum("inh,nh,jnh->ij", jacobian, w, jacobian, optimize=True) * temper
    prior = np.diag(precision)
    gradients = np.einsum("inh,nh->ni", jacobian, at.residual)
    by_structure = np.column_stack([np.bincount(at.structures, column) for column in gradients.T])
    bread = np.linalg.inv(information + prior)
    meat = temper**2 * by_structure.T @ by_structure + prior
    covariance = (bread @ meat @ bread)[: 1 + horizons, : 1 + horizons]
    to_shift = np.zeros((1 + horizons, 1 + horizons))
    to_shift[0, 0] = 1.0
    to_shift[1:, 1:] = np.tril(np.ones((horizons, horizons)))
    out: Floats = to_shift @ covariance @ to_shift.T
    return out
