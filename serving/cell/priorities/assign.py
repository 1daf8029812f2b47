"""The best assignment of structures to schemes under capacity: exact, by linear programming.

At most one scheme a structure, at most `places` structures a rule. Where the rules nest (a scheme
in a département, then in its région…), the matrix is that of a network flow: the linear programme
has a whole solution. Where they cross, the whole one is asked for (HiGHS, no gap left).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_WHOLE = 1e-7


@dataclass(frozen=True)
class Pairs:
    """Who may have what: structure, scheme and zone of each pair, in a fixed order.

    `zone` numbers the structures that the same rules reach; `reach` is zones x schemes x rules:
    whether a pair of this zone and scheme takes a place of the rule; `places` by rule.
    """

    structure: Ints
    scheme: Ints
    zone: Ints
    reach: npt.NDArray[np.bool_]
    places: Ints
    structures: int


def best(pairs: Pairs, value: Floats) -> Ints:
    """Return the pair of each structure (-1: none) that makes the sum of `value` the greatest.

    A pair of value zero or less is never taken. Equal inputs give equal answers.
    """
    taken = np.full(pairs.structures, -1, dtype=np.int64)
    limited = pairs.reach[pairs.zone, pairs.scheme].any(axis=1)
    base = np.zeros(pairs.structures)
    for pair in np.flatnonzero(~limited & (value > 0)):  # no rule: whoever may, has it
        if value[pair] > base[pairs.structure[pair]]:
            base[pairs.structure[pair]] = value[pair]
            taken[pairs.structure[pair]] = pair
    gain = value - base[pairs.structure]
    kept = _useful(pairs, gain, np.flatnonzero(limited & (gain > 0)))
    for part in _apart(pairs, kept):
        chosen = part[_solved(pairs, part, gain[part])]
        taken[pairs.structure[chosen]] = chosen
    return taken


def _useful(pairs: Pairs, gain: Floats, among: Ints) -> Ints:
    """Leave out what no best assignment needs.

    In a zone, at most T structures have a place of any scheme. Of a scheme, the T best of the zone
    are enough: whoever comes after could give its place to one of them that has none.
    """
    if not len(among):
        return among
    most = np.iinfo(np.int64).max
    room = np.where(pairs.reach, pairs.places, most).min(axis=2, initial=most)
    room = np.where(pairs.reach.any(axis=2), room, 0)
    size = np.bincount(pairs.zone, minlength=len(room)) + 1
    total = np.minimum(np.minimum(room, size[:, None]).sum(axis=1), size)
    box = pairs.zone[among] * pairs.reach.shape[1] + pairs.scheme[among]
    order = np.lexsort((pairs.structure[among], -gain[among], box))
    first = np.r_[0, np.flatnonzero(np.diff(box[order])) + 1]
    place = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    inside = place < total[pairs.zone[among[order]]]
    return np.sort(among[order[inside]])


def _apart(pairs: Pairs, kept: Ints) -> list[Ints]:
    """Return the pairs in groups that share neither a structure nor a rule."""
    if not len(kept):
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    zones, _, rules = pairs.reach.shape
    linked = pairs.reach.any(axis=1)
    zone, rule = np.nonzero(linked)
    shape = (zones + rules, zones + rules)
    graph = coo_array((np.ones(len(zone)), (zone, zones + rule)), shape=shape)
    _, label = connected_components(graph, directed=False)
    group = label[pairs.zone[kept]]
    order = np.argsort(group, kind="stable")
    return np.split(kept[order], np.flatnonzero(np.diff(group[order])) + 1)


def _solved(pairs: Pairs, part: Ints, gain: Floats) -> Bools:
    from scipy.optimize import LinearConstraint, linprog, milp

    matrix, most = _constraints(pairs, part)
    scale = float(gain.max())
    cost = -gain / scale
    # The stubs know no sparse matrix here; HiGHS does.
    relaxed = linprog(cost, A_ub=matrix, b_ub=most, bounds=(0, 1), method="highs-ds")  # type: ignore[call-overload]
    x = relaxed.x
    if x is None or (np.abs(x - np.round(x)) > _WHOLE).any():
        x = milp(
            cost,
            constraints=LinearConstraint(matrix, ub=most),
            bounds=(0, 1),  # type: ignore[arg-type]
            integrality=np.ones(len(part), dtype=np.int64),
            options={"mip_rel_gap": 0},
        ).x
    chosen: Bools = np.round(x) > 0
    return chosen


def _constraints(pairs: Pairs, part: Ints) -> tuple[csr_array, Floats]:
    from scipy.sparse import coo_array, csr_array

    structures, row = np.unique(pairs.structure[part], return_inverse=True)
    pair, rule = np.nonzero(pairs.reach[pairs.zone[part], pairs.scheme[part]])
    rules, line = np.unique(rule, return_inverse=True)
    data = np.ones(len(part) + len(pair))
    rows = np.r_[row, len(structures) + line]
    columns = np.r_[np.arange(len(part)), pair]
    shape = (len(structures) + len(rules), len(part))
    most = np.r_[np.ones(len(structures)), pairs.places[rules].astype(np.float64)]
    return csr_array(coo_array((data, (rows, columns)), shape=shape)), most


def in_turn(pairs: Pairs, order: Ints, value: Floats) -> Ints:
    """Return what a simple policy gives: in this order, each has the best scheme still open."""
    taken = np.full(pairs.structures, -1, dtype=np.int64)
    left = pairs.places.copy()
    wide = np.lexsort((pairs.scheme, -value, pairs.structure))
    ends = np.searchsorted(pairs.structure[wide], np.arange(pairs.structures + 1))
    for structure in order.tolist():
        for pair in wide[ends[structure] : ends[structure + 1]].tolist():
            rules = np.flatnonzero(pairs.reach[pairs.zone[pair], pairs.scheme[pair]])
            if value[pair] > 0 and (left[rules] > 0).all():
                taken[structure] = pair
                left[rules] -= 1
                break
    return taken
