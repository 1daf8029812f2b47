"""The linear part: penalised logistic regression with signs, one ordered intercept a horizon."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.encoding import Design

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LinearPart:
    """Coefficients in log-odds.

    Attributes
    ----------
    dense : ndarray (d,)
        One coefficient a dense column.
    levels : tuple[ndarray, ...]
        One coefficient a level; the last slot (unknown level) is zero.
    intercepts : ndarray (horizons,)
        Never decreasing.
    """

    dense: Floats
    levels: tuple[Floats, ...]
    intercepts: Floats

    def shared(self, design: Design) -> Floats:
        """Return the score without its intercept, shape (n,)."""
        eta: Floats = design.dense @ self.dense
        for codes, weights in zip(design.codes, self.levels, strict=True):
            eta += weights[codes]
        return eta

    def scaled(self, weight: float, intercepts: Floats) -> LinearPart:
        """Return `weight` times this part plus (1 - weight) times constant `intercepts`."""
        return LinearPart(
            self.dense * weight,
            tuple(w * weight for w in self.levels),
            self.intercepts * weight + intercepts * (1 - weight),
        )


def prior_intercepts(targets: NDArray[np.int8], weights: Floats) -> Floats:
    """Return the log-odds of each horizon's event rate, made never decreasing.

    Parameters
    ----------
    targets : ndarray (n, horizons) of int8
        1 event, 0 none, -1 not observed.
    weights : ndarray (n,)
        Weight of each row.
    """
    seen = targets >= 0
    events = ((targets == 1) * weights[:, None]).sum(0) + 0.5
    rate = events / ((seen * weights[:, None]).sum(0) + 1.0)
    rate = np.clip(rate, 1e-6, 1 - 1e-6)
    out: Floats = np.maximum.accumulate(np.log(rate / (1 - rate)))
    return out


def fit_linear(
    design: Design,
    targets: NDArray[np.int8],
    weights: Floats,
    *,
    signs: Sequence[int],
    slots: Sequence[int],
    l2: float,
    start: LinearPart | None = None,
    towards: Floats | None = None,
) -> LinearPart:
    """Minimise the weighted log-loss plus `l2`/2 times the squared coefficients.

    Parameters
    ----------
    design : Design
        n rows.
    targets : ndarray (n, horizons) of int8
        1 event, 0 none, -1 not observed.
    weights : ndarray (n,)
        Weight of each row.
    signs : sequence of {-1, 0, 1}
        Sign that each dense coefficient must have.
    slots : sequence of int
        Slots of each categorical indicator; the last one stays at zero.
    l2 : float
        Penalty, on the scale of a sum over rows.
    towards : ndarray (dense columns + slots,), optional
        Coefficients that the penalty pulls towards, instead of zero.
    start : LinearPart, optional
        Where to begin; a fit with a neighbouring penalty or weights saves most iterations.

    Returns
    -------
    LinearPart
        The same to the last bit for the same inputs.
    """
    n, d = design.dense.shape
    horizons = targets.shape[1]
    ends = np.cumsum([d, *slots])
    total = int(ends[-1]) + horizons
    scale = 1.0 / max(weights.sum(), 1.0)
    masks = [weights * (targets[:, h] >= 0) for h in range(horizons)]
    hits = [weights * (targets[:, h] == 1) for h in range(horizons)]

    def unpack(theta: Floats) -> LinearPart:
        blocks = tuple(theta[a:b] for a, b in pairwise(ends))
        return LinearPart(theta[:d], blocks, np.cumsum(theta[ends[-1] :]))

    def objective(theta: Floats) -> tuple[float, Floats]:
        part = unpack(theta)
        eta = part.shared(design)
        slope = np.zeros(n)
        shift = np.empty(horizons)
        loss = 0.0
        for h in range(horizons):
            score = eta + part.intercepts[h]
            p = expit(score)
            # log(1 + e^s) = max(s, 0) + log1p(e^-|s|); the exponential is recovered from p
            softplus = np.maximum(score, 0.0) - np.log(np.maximum(p, 1 - p))
            loss += float(masks[h] @ softplus - hits[h] @ score)
            residual = masks[h] * p - hits[h]
            slope += residual
            shift[h] = residual.sum()
        coef = theta[: ends[-1]]
        away = coef if towards is None else coef - towards
        gradient = np.empty(total)
        gradient[:d] = design.dense.T @ slope
        for k, codes in enumerate(design.codes):
            gradient[ends[k] : ends[k + 1]] = np.bincount(codes, slope, minlength=slots[k])
        gradient[: ends[-1]] += l2 * away
        gradient[ends[-1] :] = np.cumsum(shift[::-1])[::-1]
        return scale * (loss + 0.5 * l2 * float(away @ away)), scale * gradient

    theta = np.zeros(total)
    theta[ends[-1] :] = np.diff(prior_intercepts(targets, weights), prepend=0.0)
    if start is not None:
        theta[: ends[-1]] = np.concatenate([start.dense, *start.levels])
        theta[ends[-1] :] = np.diff(start.intercepts, prepend=0.0)
    from scipy.optimize import minimize  # a server never fits

    result = minimize(
        objective,
        theta,
        jac=True,
        method="L-BFGS-B",
        bounds=_bounds(signs, slots, horizons),
        options={"maxiter": 300, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-7},
    )
    return unpack(np.asarray(result.x, dtype=np.float64))


def _bounds(
    signs: Sequence[int], slots: Sequence[int], horizons: int
) -> list[tuple[float | None, float | None]]:
    side: dict[int, tuple[float | None, float | None]] = {
        -1: (None, 0.0),
        0: (None, None),
        1: (0.0, None),
    }
    bounds = [side[s] for s in signs]
    for count in slots:
        bounds += [(None, None)] * (count - 1) + [(0.0, 0.0)]
    return [*bounds, (None, None), *[(0.0, None)] * (horizons - 1)]
