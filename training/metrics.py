"""How good a score is: six metrics, each with an interval by bootstrap of the structures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]

HIGHER_IS_BETTER: Mapping[str, bool] = {
    "roc_auc": True,
    "average_precision": True,
    "brier": False,
    "log_loss": False,
    "ece": False,
    "precision_at_k": True,
}
ECE_BINS = 15
LEVEL = 0.95
_BLOCK = 4_000_000  # weights held at once: 32 MB
_FLOOR = 1e-15  # probabilities of exactly 0 or 1 would make the log-loss infinite


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval; NaN where the metric has no meaning (no event, say)."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float | None]:
        """Return plain JSON values, null for NaN."""
        pairs = {"value": self.value, "low": self.low, "high": self.high}
        return {k: None if np.isnan(v) else v for k, v in pairs.items()}


@dataclass(frozen=True)
class Ties:
    """Precision among the first k when rows with the k-th score are drawn worst, best, at random.

    Attributes
    ----------
    k : int
        Rows taken.
    tied : int
        Rows that share the k-th score.
    worst, mean, best : float
        The reported `precision_at_k` is the mean.
    """

    k: int
    tied: int
    worst: float
    mean: float
    best: float


def evaluate(
    events: ArrayLike,
    probabilities: ArrayLike,
    structures: ArrayLike,
    *,
    k: int = 100,
    resamples: int = 200,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Return every metric of `HIGHER_IS_BETTER` with its interval.

    Parameters
    ----------
    events : array (n,)
        0 or 1.
    probabilities : array (n,)
        In [0, 1].
    structures : array (n,)
        Structure of each row: the bootstrap draws structures, so that the rows of one structure,
        which are not independent, stay together.
    k : int
        Length of the list whose precision is measured; n if n is smaller.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        `roc_auc`, `average_precision`, `brier`, `log_loss`, `ece` (15 bins of equal mass),
        `precision_at_k` (expected over random ties; see `precision_ties` for the bounds).

    Raises
    ------
    ValueError
        If the arrays differ in length, are empty, or hold something else than events and
        probabilities.
    """
    found = _Resampled(structures, resamples, seed).measure(events, probabilities, k)
    return {name: _estimate(name, values) for name, values in found.items()}


def paired_difference(
    events: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    structures: ArrayLike,
    *,
    k: int = 100,
    resamples: int = 200,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Return metric(first) - metric(second) on the same rows and the same resamples.

    An interval that leaves out zero says that the two scores differ. Parameters as `evaluate`.
    """
    bootstrap = _Resampled(structures, resamples, seed)
    one, two = (bootstrap.measure(events, p, k) for p in (first, second))
    return {name: _estimate(name, one[name] - two[name]) for name in one}


def precision_ties(events: ArrayLike, probabilities: ArrayLike, *, k: int) -> Ties:
    """Return the bounds of the precision among the first k rows, given the ties at the k-th."""
    y, p = np.asarray(events, float), np.asarray(probabilities, float)
    k = min(k, len(p))
    edge = np.sort(p)[::-1][k - 1]
    above, tied = p > edge, p == edge
    room = k - int(above.sum())
    sure, hits, size = float(y[above].sum()), float(y[tied].sum()), int(tied.sum())
    return Ties(
        k=k,
        tied=size,
        worst=(sure + max(0.0, room - (size - hits))) / k,
        mean=(sure + hits * room / size) / k,
        best=(sure + min(hits, room)) / k,
    )


class _Resampled:
    """Bootstrap of the structures, as weights of the rows."""

    def __init__(self, structures: ArrayLike, resamples: int, seed: int) -> None:
        _, self.number = np.unique(np.asarray(structures), return_inverse=True)
        self.count = int(self.number.max()) + 1 if len(self.number) else 0
        self.resamples = resamples
        self.seed = seed

    def weights(self, order: Ints) -> Iterator[Floats]:
        """Yield blocks (resamples, n) of row weights in `order`; the first row is all ones."""
        yield np.ones((1, len(order)))
        rng = np.random.default_rng(self.seed)
        number = self.number[order]
        size = max(1, _BLOCK // len(order))
        for start in range(0, self.resamples, size):
            draws = [
                np.bincount(rng.integers(self.count, size=self.count), minlength=self.count)
                for _ in range(min(size, self.resamples - start))
            ]
            yield np.stack(draws)[:, number].astype(np.float64)

    def measure(self, events: ArrayLike, probabilities: ArrayLike, k: int) -> dict[str, Floats]:
        """Return each metric on all rows, then on every resample: shape (1 + resamples,)."""
        y, p = _checked(events, probabilities, len(self.number))
        order = np.argsort(-p, kind="stable")
        y, p = y[order], p[order]
        starts = np.flatnonzero(np.r_[True, p[1:] != p[:-1]])
        # Equal-mass bins never cut a tie: a tie falls whole in the bin of its first rank.
        bins = np.flatnonzero(np.r_[True, np.diff(starts * ECE_BINS // len(p)) > 0])
        safe = np.clip(p, _FLOOR, 1 - _FLOOR)
        losses = np.stack([(p - y) ** 2, -np.where(y == 1, np.log(safe), np.log1p(-safe))])
        parts: dict[str, list[Floats]] = {name: [] for name in HIGHER_IS_BETTER}
        for w in self.weights(order):
            total = w.sum(1)
            hits = np.add.reduceat(w * y, starts, axis=1)
            mass = np.add.reduceat(w, starts, axis=1)
            brier, log_loss = (w @ losses.T / total[:, None]).T
            gaps = np.add.reduceat(w * (y - p), starts[bins], axis=1)
            parts["brier"].append(brier)
            parts["log_loss"].append(log_loss)
            parts["ece"].append(np.abs(gaps).sum(1) / total)
            parts["roc_auc"].append(_roc_auc(hits, mass))
            parts["average_precision"].append(_average_precision(hits, mass))
            parts["precision_at_k"].append(_precision(hits, mass, min(k, len(p)) / len(p)))
        return {name: np.concatenate(values) for name, values in parts.items()}


def _roc_auc(hits: Floats, mass: Floats) -> Floats:
    others = mass - hits
    above = np.cumsum(others, axis=1) - others
    positives, negatives = hits.sum(1), others.sum(1)
    beaten = (hits * (negatives[:, None] - above - others / 2)).sum(1)
    return _ratio(beaten, positives * negatives)


def _average_precision(hits: Floats, mass: Floats) -> Floats:
    found, seen = np.cumsum(hits, axis=1), np.cumsum(mass, axis=1)
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return _ratio((hits * precision).sum(1), hits.sum(1))


def _precision(hits: Floats, mass: Floats, share: float) -> Floats:
    wanted = mass.sum(1, keepdims=True) * share
    before = np.cumsum(mass, axis=1) - mass
    room = np.clip(wanted - before, 0.0, mass)
    taken = np.divide(room, mass, out=np.zeros_like(mass), where=mass > 0)
    return _ratio((hits * taken).sum(1), wanted[:, 0])


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)


def _estimate(name: str, values: Floats) -> Estimate:
    drawn = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or not len(drawn):
        return Estimate(float(values[0]), np.nan, np.nan)
    if name == "ece":
        # Noise only ever adds to a sum of absolute gaps: every resample is too high, by about as
        # much as the value itself may be. The interval is brought back around the value.
        drawn = drawn + (values[0] - drawn.mean())
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values[0]), float(low), float(high))


def _checked(events: ArrayLike, probabilities: ArrayLike, count: int) -> tuple[Floats, Floats]:
    y = np.asarray(events, dtype=np.float64)
    p = np.asarray(probabilities, dtype=np.float64)
    if not len(y) or len(y) != len(p) or len(y) != count:
        raise ValueError(
            f"events ({len(y)}), probabilities ({len(p)}) and structures ({count}) must have the "
            "same length, at least 1"
        )
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("events must be 0 or 1")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must lie in [0, 1]")
    return y, p
