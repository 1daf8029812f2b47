"""One structure at a time: the same probabilities as `RiskModel.predict`, in microseconds.

The tables of the linear part are laid out so that one row is a dozen operations on small arrays,
and the trees are those of `single_trees`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models import intervals
from models.encoding import MISSING_CODE
from models.single_trees import Trees
from models.spec import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.risk_model import RiskModel

    Floats = NDArray[np.float64]

Value = float | str | None
#: probability, lower and upper bound
Estimate = tuple[float, float, float]
_NUMBERS = frozenset({int, float, type(None)})


class SingleRow:
    """A model ready for rows that come one by one; any thread may use it.

    Parameters
    ----------
    model : RiskModel
        Its forests are kept: the predictor lives as long as they do.
    """

    def __init__(self, model: RiskModel) -> None:
        self.model = model
        self.names = tuple(f.name for f in model.features)
        columns = model.encoding.columns
        self._numeric = [j for j, c in enumerate(columns) if c.spec.kind == "numeric"]
        self._levels = [
            (j, {level: k + 1.0 for k, level in enumerate(c.levels)})
            for j, c in enumerate(columns)
            if c.spec.kind != "numeric"
        ]
        self._places = np.array(self._numeric, dtype=np.intp)
        #: what stands for a missing value, and for a level that training never showed
        self._absent = np.array(
            [
                (math.nan if c.missing_seen else c.median)
                if c.spec.kind == "numeric"
                else (MISSING_CODE if c.missing_seen else math.nan)
                for c in columns
            ]
        )
        self._linear = _Linear(model)
        self._trees = Trees(
            model.forests or (), (len(model.horizons_months), len(model.bag.linear)), len(columns)
        )
        self._horizons = [_Horizon(model, at) for at in range(len(model.horizons_months))]

    def codes(self, values: Sequence[Value]) -> Floats:
        """Return the codes of one row, in the order of `names`.

        Raises
        ------
        ModelError
            `bad-indicator-value`: a number where a category is expected, or the reverse.
        """
        out = self._absent.copy()
        numbers = [values[j] for j in self._numeric]
        if not _NUMBERS.issuperset(map(type, numbers)):
            self._numeric_only(values)
        found = np.array(numbers, dtype=np.float64)  # None is NaN
        known = np.isfinite(found)
        out[self._places[known]] = found[known]
        for j, levels in self._levels:
            value = values[j]
            if isinstance(value, str):
                out[j] = levels.get(value, math.nan)
            elif value is not None:
                raise _bad(self.names[j], value, "un texte, ou null")
        return out

    def _numeric_only(self, values: Sequence[Value]) -> None:
        """Refuse a text or a boolean where a number is expected."""
        for j in self._numeric:
            if isinstance(values[j], (str, bool)):
                raise _bad(self.names[j], values[j], "un nombre, ou null")

    def predict(self, values: Sequence[Value]) -> list[Estimate]:
        """Return the probability of each horizon, with its interval.

        Parameters
        ----------
        values : sequence
            One value for each of `names`; None is missing.

        Raises
        ------
        ModelError
            `bad-indicator-value`.
        """
        return self.predict_codes(self.codes(values))

    def predict_codes(self, codes: Floats) -> list[Estimate]:
        """Return the same for a row that is numbers already."""
        trees = self._trees.members(codes)
        raw = self._linear.members(codes) + trees
        return [
            of_horizon.estimate(members, of_trees)
            for of_horizon, members, of_trees in zip(
                self._horizons, raw.tolist(), trees.tolist(), strict=True
            )
        ]


class _Horizon:
    """The calibration and the interval at one horizon, as `RiskModel.predict` makes them.

    In plain numbers: of so few, a sum costs less than a call of numpy.
    """

    def __init__(self, model: RiskModel, at: int) -> None:
        calibration, members = model.calibration, len(model.bag.linear)
        self._slope, self._shift = calibration.slope, float(calibration.shifts[at])
        v = calibration.covariance
        self._square, self._double = float(v[0, 0]), 2 * float(v[0, 1 + at])
        self._alone = float(v[1 + at, 1 + at])
        weight = intervals.own_weight(members)
        self._stretch = model.bag.stretch
        self._own = self._slope**2 * weight / max(members - 1, 1)
        self._pooled = self._slope**2 * (1 - weight) * float(model.pooled[at])
        self._reach = intervals.STRAY * intervals.standard_errors(members, model.params.interval)

    def estimate(self, members: list[float], trees: list[float]) -> Estimate:
        """Return the estimate of each member's log-odds, and of the part that trees have in it."""
        centre, of_trees = sum(members) / len(members), sum(trees) / len(trees)
        by, more = self._stretch, self._stretch - 1.0
        trees_apart = [t - of_trees for t in trees]
        own = sum(
            [
                (m - centre + more * t) ** 2 + (by * t) ** 2
                for m, t in zip(members, trees_apart, strict=True)
            ]
        )
        score = self._slope * centre + self._shift
        doubt = (self._square * centre + self._double) * centre + self._alone
        reach = self._reach * math.sqrt(self._own * own + self._pooled + max(doubt, 0.0))
        return sigmoid(score), sigmoid(score - reach), sigmoid(score + reach)


def sigmoid(score: float) -> float:
    """Return the probability of a score in log-odds."""
    if score >= 0.0:
        return 1.0 / (1.0 + math.exp(-score))
    odds = math.exp(score)
    return odds / (1.0 + odds)


class _Linear:
    """The members' linear parts, column by column."""

    def __init__(self, model: RiskModel) -> None:
        encoding, parts = model.encoding, model.bag.linear
        columns = encoding.dense_columns
        valued = [(at, j) for at, (j, flag) in enumerate(columns) if not flag]
        flags = [(at, j) for at, (j, flag) in enumerate(columns) if flag]
        dense = np.array([p.dense for p in parts]).T.reshape(len(columns), len(parts))
        self._of_values, self._of_flags = (dense[[at for at, _ in x]] for x in (valued, flags))
        self._values, self._flags = (
            np.array([j for _, j in x], dtype=np.intp) for x in (valued, flags)
        )
        # A knot is known by its column, then its value: numpy orders complex numbers so, and one
        # search finds the piece of every column. Those of column k start k places further.
        self._column = np.arange(len(valued), dtype=np.complex128)
        self._place = np.arange(len(valued))
        lines = [_line(encoding.columns[j].knots, encoding.columns[j].normal) for _, j in valued]
        self._knots = np.array([complex(k, x) for k, (knots, _) in enumerate(lines) for x in knots])
        self._left, self._height, self._slope = np.array(
            [piece for _, pieces in lines for piece in pieces]
        ).T.reshape(3, -1)
        self._categories = [
            (j, len(encoding.columns[j].levels) + 1, np.array([p.levels[k] for p in parts]).T)
            for k, j in enumerate(encoding.level_columns)
        ]
        self._starts = np.array([p.intercepts for p in parts]).T

    def members(self, codes: Floats) -> Floats:
        """Return each member's score at each horizon, (horizons, members)."""
        score: Floats = self._starts
        values, wanted = codes[self._values], self._column.copy()
        wanted.imag = values
        at = self._knots.searchsorted(wanted, side="right") + self._place
        z = self._height[at] + self._slope[at] * (values - self._left[at])
        z[np.isnan(z)] = 0.0  # of a missing value only the flag counts
        score = score + z @ self._of_values
        score = score + np.isnan(codes[self._flags]) @ self._of_flags
        for j, none, weights in self._categories:
            code = codes[j]
            score = score + weights[none if math.isnan(code) else int(code)]
        return score


def _line(knots: Floats, normal: Floats) -> tuple[list[float], list[tuple[float, float, float]]]:
    """Return the knots of a column, and the pieces between them as left end, height there, slope.

    `numpy.interp` gives height + slope x (value - left); outside the knots it is flat.
    """
    x, y = knots.tolist(), normal.tolist()
    if not x:
        return x, [(0.0, 0.0, 0.0)]
    slopes = [*(np.diff(normal) / np.diff(knots)).tolist(), 0.0]
    return x, [(x[0], y[0], 0.0), *zip(x, y, slopes, strict=True)]


def _bad(name: str, received: object, expected: str) -> ModelError:
    return ModelError(
        "La valeur d'un indicateur n'est pas du bon type.",
        code="bad-indicator-value",
        where=name,
        received=received,
        expected=expected,
    )
