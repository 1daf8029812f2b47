"""TreeSHAP of many rows: the same values as LightGBM's, many times cheaper, exact.

A leaf pays its value times, for each indicator of its path, either "the row goes this way" (0/1)
or "the share of training rows that went this way". Its Shapley values depend on the row only by
those few bits, so they are tabulated once; rows then look them up. The idea is that of WOODELF;
the package woodelf-explainer itself refuses categorical splits and adds in
single precision, see docs/decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Bits = NDArray[np.int64]

MAX_DEPTH = 10  # tables hold 2^depth rows: deeper trees are left to LightGBM
MAX_SPLITS = 62  # decisions of a tree are the bits of one integer
_DENSE_BITS = 16


@dataclass(frozen=True)
class Split:
    """One decision: numeric (threshold) or categorical (codes that go left)."""

    feature: int
    threshold: float
    nan_left: bool
    codes: tuple[int, ...] | None

    def left(self, values: Floats) -> Bools:
        """Tell which values go left."""
        missing = np.isnan(values)
        if self.codes is None:
            return np.where(missing, self.nan_left, values <= self.threshold)
        return np.isin(values, np.array(self.codes, dtype=np.float64))


@dataclass(frozen=True)
class Path:
    """From the root to a leaf: steps (node, goes left, share of the rows), value of the leaf."""

    steps: tuple[tuple[int, bool, float], ...]
    value: float


@dataclass(frozen=True)
class Tree:
    """A tree as its splits and its leaves' paths."""

    splits: tuple[Split, ...]
    paths: tuple[Path, ...]

    @property
    def depth(self) -> int:
        """Return the length of the longest path."""
        return max(len(p.steps) for p in self.paths)

    @classmethod
    def parse(cls, fields: dict[str, str]) -> Tree:
        """Read a tree of LightGBM's text format, given as its key=value lines."""
        leaf_values = [float(v) for v in fields["leaf_value"].split()]
        if int(fields["num_leaves"]) == 1:
            return cls((), (Path((), leaf_values[0]),))
        kinds = _ints(fields["decision_type"])
        thresholds = [float(v) for v in fields["threshold"].split()]
        bounds = _ints(fields.get("cat_boundaries", ""))
        words = _ints(fields.get("cat_threshold", ""))
        splits = []
        for feature, kind, threshold in zip(
            _ints(fields["split_feature"]), kinds, thresholds, strict=True
        ):
            codes = None
            if kind & 1:  # bit 0: categorical, the threshold is then the number of a bit set
                at = int(threshold)
                codes = tuple(_set_bits(words[bounds[at] : bounds[at + 1]]))
            splits.append(Split(feature, threshold, bool(kind & 2), codes))
        left, right = _ints(fields["left_child"]), _ints(fields["right_child"])
        inner, leaf = _ints(fields["internal_count"]), _ints(fields["leaf_count"])

        def count(node: int) -> int:
            return inner[node] if node >= 0 else leaf[~node]

        def walk(node: int, steps: tuple[tuple[int, bool, float], ...]) -> Iterator[Path]:
            if node < 0:
                yield Path(steps, leaf_values[~node])
                return
            for child, goes_left in ((left[node], True), (right[node], False)):
                share = count(child) / count(node)
                yield from walk(child, (*steps, (node, goes_left, share)))

        return cls(tuple(splits), tuple(walk(0, ())))


class BatchShap:
    """Tables of a forest's leaves, made once, looked up for any number of rows.

    Parameters
    ----------
    trees : iterable of Tree
        Trees at most `MAX_DEPTH` deep.
    n_features : int
        Columns of the rows.
    """

    def __init__(self, trees: Iterable[Tree], n_features: int) -> None:
        self.n_features = n_features
        self.trees = [_compile(t) for t in trees]
        self.base = sum(t.base for t in self.trees)
        self._tabulate()

    def values(self, codes: Floats) -> Floats:
        """Return the sum over the trees of the SHAP values, shape (n, features), in log-odds."""
        out = np.zeros((self.n_features, len(codes)))
        columns = _Decisions(codes)
        for tree in self.trees:
            if not tree.splits:
                continue
            pattern = np.zeros(len(codes), dtype=np.int64)
            for k, split in enumerate(tree.splits):
                pattern |= columns.left(split).astype(np.int64) << k
            distinct, where = _distinct(pattern, len(tree.splits))
            for j, table in tree.lookup(distinct).items():
                out[j] += table[where]
        return out.T

    def _tabulate(self) -> None:
        """Fill every leaf's table, all leaves of one length at a time."""
        by_size: dict[int, list[_Leaf]] = {}
        for tree in self.trees:
            for leaf in tree.leaves:
                by_size.setdefault(len(leaf.features), []).append(leaf)
        for size, leaves in by_size.items():
            shares = np.array([leaf.shares for leaf in leaves]).reshape(len(leaves), size)
            tables = _shapley(shares) * np.array([leaf.value for leaf in leaves])[:, None, None]
            for leaf, table in zip(leaves, tables, strict=True):
                leaf.table = table


@dataclass
class _Leaf:
    """A leaf with its path folded by indicator; `table` is (2^indicators, indicators)."""

    features: list[int]
    masks: list[int]  # bits of the tree's pattern that this indicator's steps look at
    wanted: list[int]  # what those bits must be
    shares: list[float]
    value: float
    table: Floats


@dataclass
class _Compiled:
    splits: tuple[Split, ...]
    leaves: list[_Leaf]
    base: float

    def lookup(self, patterns: Bits) -> dict[int, Floats]:
        """Return the SHAP values of each indicator for distinct patterns of decisions."""
        out: dict[int, Floats] = {}
        for leaf in self.leaves:
            at = np.zeros(len(patterns), dtype=np.int64)
            for i, (mask, wanted) in enumerate(zip(leaf.masks, leaf.wanted, strict=True)):
                at |= ((patterns & mask) == wanted).astype(np.int64) << i
            found = leaf.table[at]
            for i, feature in enumerate(leaf.features):
                if feature in out:
                    out[feature] += found[:, i]
                else:
                    out[feature] = found[:, i].copy()
        return out


class _Decisions:
    """Columns of a batch, with the rare NaN and set look-ups done once."""

    def __init__(self, codes: Floats) -> None:
        self.columns = [np.ascontiguousarray(codes[:, j]) for j in range(codes.shape[1])]
        self.known: dict[Split, Bools] = {}

    def left(self, split: Split) -> Bools:
        found = self.known.get(split)
        if found is None:
            found = self.known[split] = split.left(self.columns[split.feature])
        return found


def _compile(tree: Tree) -> _Compiled:
    leaves = []
    base = 0.0
    for path in tree.paths:
        masks: dict[int, int] = {}
        wanted: dict[int, int] = {}
        shares: dict[int, float] = {}
        for node, goes_left, share in path.steps:
            j = tree.splits[node].feature
            masks[j] = masks.get(j, 0) | (1 << node)
            wanted[j] = wanted.get(j, 0) | (int(goes_left) << node)
            shares[j] = shares.get(j, 1.0) * share
        base += path.value * float(np.prod(list(shares.values())))
        leaves.append(
            _Leaf(
                list(masks),
                list(masks.values()),
                list(wanted.values()),
                list(shares.values()),
                path.value,
                np.empty((0, 0)),
            )
        )
    return _Compiled(tree.splits, leaves, base)


def _shapley(shares: Floats) -> Floats:
    """Return the Shapley values of product games, shape (leaves, 2^d, d).

    The game of a leaf is v(S) = prod of bits over S times prod of shares outside S.
    """
    count, d = shares.shape
    bits = ((np.arange(2**d)[:, None] >> np.arange(d)) & 1).astype(np.float64)
    out = np.empty((count, 2**d, d))
    for i in range(d):
        # coefficients[k] = sum over sets S of k others of prod(bits in S) * prod(shares outside)
        coefficients = np.zeros((d, count, 2**d))
        coefficients[0] = 1.0
        for size, j in enumerate(j for j in range(d) if j != i):
            for k in range(size + 1, 0, -1):
                coefficients[k] = (
                    coefficients[k] * shares[:, j, None] + coefficients[k - 1] * bits[None, :, j]
                )
            coefficients[0] = coefficients[0] * shares[:, j, None]
        weights = [factorial(k) * factorial(d - k - 1) / factorial(d) for k in range(d)]
        total = np.tensordot(weights, coefficients, axes=1)
        out[:, :, i] = total * (bits[None, :, i] - shares[:, i, None])
    return out


def _distinct(pattern: Bits, bits: int) -> tuple[Bits, NDArray[np.intp]]:
    """Return the distinct patterns and, for each row, the place of its own."""
    if bits > _DENSE_BITS:
        found, where = np.unique(pattern, return_inverse=True)
        return found, where
    seen = np.zeros(2**bits, dtype=np.intp)
    seen[pattern] = 1
    found = np.flatnonzero(seen)
    seen[found] = np.arange(len(found))
    return found, seen[pattern]


def _ints(text: str) -> list[int]:
    return [int(v) for v in text.split()]


def _set_bits(words: list[int]) -> Iterator[int]:
    for at, word in enumerate(words):
        for bit in range(32):
            if word >> bit & 1:
                yield 32 * at + bit
