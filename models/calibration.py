"""Calibration out of time: one slope, one ordered shift a horizon, both in log-odds.

Linear in log-odds, so contributions stay additive: they are multiplied by the slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SLOPE_SD = 0.35  # prior of log(slope): two thirds of the models need a slope within x/÷ 1.4
SHIFT_SD = 0.5  # prior of the common shift: the event rate may move by x/÷ 1.6 between years
STEP_SD = 0.2  # prior of the steps between horizons, in log-odds


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

    def apply(self, score: Floats, horizon: int) -> Floats:
        """Return calibrated log-odds for the horizon of that position."""
        out: Floats = self.slope * score + self.shifts[horizon]
        return out

    def variance(self, score: Floats, horizon: int) -> Floats:
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
    scores: Floats, targets: NDArray[np.int8], structures: NDArray[np.intp]
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
    centre = float(scores[seen].mean())  # decorrelates the slope from the shift
    x = scores - centre
    # The same event is counted once a horizon: likelihood / mean number of horizons of a row.
    temper = seen.any(1).sum() / seen.sum()

    def residuals(theta: Floats) -> tuple[Floats, Floats]:
        score = np.exp(theta[0]) * x + centre + np.cumsum(theta[1:])
        return score, np.where(seen, expit(score) - hit, 0.0)

    precision = 1 / np.array([SLOPE_SD, SHIFT_SD, *[STEP_SD] * (horizons - 1)]) ** 2

    def objective(theta: Floats) -> tuple[float, Floats]:
        score, r = residuals(theta)
        loss = np.where(seen, np.logaddexp(0.0, score) - hit * score, 0.0).sum()
        columns = r.sum(0)
        gradient = np.empty(1 + horizons)
        gradient[0] = np.exp(theta[0]) * (r * x).sum()
        gradient[1:] = np.cumsum(columns[::-1])[::-1]
        prior = 0.5 * float(precision @ theta**2)
        return temper * loss + prior, temper * gradient + precision * theta

    # The shift at the centre may fall with the horizon only as far as the raw shifts stay ordered:
    # bounding the increments at zero is enough, since the slope multiplies ordered scores.
    bounds = [(-2.0, 2.0), (None, None), *[(0.0, None)] * (horizons - 1)]
    found = minimize(
        objective,
        np.zeros(1 + horizons),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9},
    )
    theta = np.asarray(found.x, dtype=np.float64)
    slope = float(np.exp(theta[0]))
    # slope * (s - c) + c + b = slope * s + (b + c (1 - slope))
    shifts = np.cumsum(theta[1:]) + centre * (1 - slope)
    covariance = _covariance(theta, x, residuals(theta), (seen, structures), precision, temper)
    back = np.eye(1 + horizons)
    back[1:, 0] = -centre
    return Calibration(
        slope,
        np.maximum.accumulate(shifts),
        back @ covariance @ back.T,
        int(seen.sum()),
        int(hit[seen].sum()),
    )


def _covariance(
    theta: Floats,
    x: Floats,
    fitted: tuple[Floats, Floats],
    groups: tuple[NDArray[np.bool_], NDArray[np.intp]],
    precision: Floats,
    temper: float,
) -> Floats:
    """Return the covariance of (slope, shift of each horizon) at the centre."""
    score, residual = fitted
    seen, structures = groups
    horizons = x.shape[1]
    p = expit(score)
    w = np.where(seen, p * (1 - p), 0.0)
    # In (slope, increments): d score_h / d slope = x, d score_h / d increment_k = 1 if k <= h.
    jacobian = np.zeros((1 + horizons, *x.shape))
    jacobian[0] = x
    for k in range(horizons):
        jacobian[1 + k, :, k:] = 1.0
    information = np.einsum("inh,nh,jnh->ij", jacobian, w, jacobian) * temper
    slope = np.exp(theta[0])
    prior = np.diag([precision[0] / slope**2, *precision[1:]])
    gradients = np.einsum("inh,nh->ni", jacobian, residual)
    by_structure = np.zeros((int(structures.max()) + 1, 1 + horizons))
    np.add.at(by_structure, structures, gradients)
    bread = np.linalg.inv(information + prior)
    meat = temper**2 * by_structure.T @ by_structure + prior
    covariance = bread @ meat @ bread
    to_shift = np.zeros((1 + horizons, 1 + horizons))
    to_shift[0, 0] = 1.0
    to_shift[1:, 1:] = np.tril(np.ones((horizons, horizons)))
    out: Floats = to_shift @ covariance @ to_shift.T
    return out
