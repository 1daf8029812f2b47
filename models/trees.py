"""Trees at one horizon: the bag's trees cut at their horizon splits, only real indicators left.

A tree that splits on the horizon gives that split a share of the explanation, different from one
structure to the next. At a given horizon the split is decided beforehand: replacing it by the
branch taken leaves the predictions as they are, makes the base value one number a horizon, and
shortens the trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from models.treeshap import MAX_DEPTH, MAX_SPLITS, BatchShap, Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass
class Forest:
    """The bag's trees at one horizon.

    Attributes
    ----------
    booster : lightgbm.Booster
        Every member's trees one after another.
    ends : tuple[int, ...]
        Trees counted up to the end of each member.
    scale : float
        Factor of the leaves (share of the boosted part in the score).
    texts : tuple[str, ...]
        The same trees, one text each.
    header : str
        What LightGBM writes before the trees.
    """

    booster: Any
    ends: tuple[int, ...]
    scale: float
    texts: tuple[str, ...]
    header: str = ""

    @cached_property
    def batch(self) -> BatchShap | None:
        """Return the tables that explain many rows at once, or None if a tree is too deep."""
        trees = [Tree.parse(_fields(text)) for text in self.texts]
        if any(t.depth > MAX_DEPTH or len(t.splits) > MAX_SPLITS for t in trees):
            return None
        width = self.booster.num_feature() - 1
        return BatchShap(trees, width)

    def members(self, codes: Floats, *, num_threads: int = 0) -> Floats:
        """Return each member's sum of trees in log-odds, shape (n, members)."""
        out = np.zeros((len(codes), len(self.ends)))
        matrix = with_horizon(codes)
        begin = 0
        for k, end in enumerate(self.ends):
            if end > begin:
                out[:, k] = self.booster.predict(
                    matrix,
                    raw_score=True,
                    start_iteration=begin,
                    num_iteration=end - begin,
                    num_threads=num_threads,
                )
            begin = end
        return out * self.scale

    def contributions(self, codes: Floats, *, num_threads: int = 0) -> tuple[Floats, float]:
        """Return the bag's mean TreeSHAP (n, features) and its base, in log-odds."""
        found = self.booster.predict(
            with_horizon(codes), pred_contrib=True, num_threads=num_threads
        )
        found = np.asarray(found) * (self.scale / len(self.ends))
        return found[:, : codes.shape[1]], float(found[0, -1]) if len(found) else 0.0


def forest_at(texts: Sequence[str], months: int, n_features: int, scale: float) -> Forest:
    """Return the members' trees at a horizon of `months`.

    Parameters
    ----------
    texts : sequence of str
        LightGBM model texts, one a member.
    months : int
        Horizon.
    n_features : int
        Number of indicators; the horizon is the column after the last.
    scale : float
        Share of the boosted part in the score.
    """
    header, blocks, ends = "", [], []
    for text in texts:
        head, trees = _split(text)
        header = header or head
        blocks += [_cut(tree, n_features, float(months)) for tree in trees]
        ends.append(len(blocks))
    return Forest(booster_of(header, blocks), tuple(ends), scale, tuple(blocks), header)


def booster_of(header: str, blocks: Sequence[str]) -> Any:  # noqa: ANN401
    """Return a LightGBM booster with these trees."""
    import lightgbm as lgb

    body = "".join(f"Tree={i}\n{block}\n\n" for i, block in enumerate(blocks))
    return lgb.Booster(model_str=f"{header}\n{body}end of trees\n")


def with_horizon(codes: Floats) -> Floats:
    """Return the codes with a column that the trees were trained with and no longer look at."""
    return np.column_stack([codes, np.zeros(len(codes))])


def _split(text: str) -> tuple[str, list[str]]:
    head, *trees = text.split("end of trees", 1)[0].split("Tree=")
    # LightGBM reads the trees in order when it is not told the size of each.
    kept = [line for line in head.splitlines() if not line.startswith("tree_sizes=")]
    return "\n".join(kept), [tree.split("\n", 1)[1].strip() for tree in trees]


def _fields(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


_NODE = ("split_feature", "split_gain", "threshold", "decision_type")
_LEAF = ("leaf_value", "leaf_weight", "leaf_count")


def _cut(text: str, horizon_column: int, months: float) -> str:
    fields = _fields(text)
    if int(fields["num_leaves"]) == 1:
        return text
    split = [int(v) for v in fields["split_feature"].split()]
    if horizon_column not in split:
        return text
    values = {k: fields[k].split() for k in (*_NODE, *_LEAF, "internal_value", "internal_weight")}
    left = [int(v) for v in fields["left_child"].split()]
    right = [int(v) for v in fields["right_child"].split()]

    def resolve(node: int) -> int:
        while node >= 0 and split[node] == horizon_column:
            below = months <= float(values["threshold"][node])
            node = left[node] if below else right[node]
        return node

    nodes: list[int] = []
    leaves: list[int] = []
    children: list[tuple[int, int]] = []
    counts: list[int] = []
    leaf_counts = [int(v) for v in values["leaf_count"]]

    def visit(node: int) -> tuple[int, int]:
        """Return (new reference, rows under it), numbering nodes from the root down."""
        if node < 0:
            leaves.append(~node)
            return ~(len(leaves) - 1), leaf_counts[~node]
        at = len(nodes)
        nodes.append(node)
        children.append((0, 0))
        counts.append(0)
        low, n_low = visit(resolve(left[node]))
        high, n_high = visit(resolve(right[node]))
        children[at], counts[at] = (low, high), n_low + n_high
        return at, counts[at]

    visit(resolve(0))
    fields["num_leaves"] = str(len(leaves))
    for key in _LEAF:
        fields[key] = " ".join(values[key][i] for i in leaves)
    for key in (*_NODE, "internal_value", "internal_weight"):
        fields[key] = " ".join(values[key][i] for i in nodes)
    fields["left_child"] = " ".join(str(low) for low, _ in children)
    fields["right_child"] = " ".join(str(high) for _, high in children)
    fields["internal_count"] = " ".join(map(str, counts))
    return "\n".join(f"{k}={v}" for k, v in fields.items())
