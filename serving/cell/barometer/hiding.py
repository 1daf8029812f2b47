"""Which cells of additive tables are hidden, so that none can be found again by difference.

A cell under `SMALL` structures is hidden; then as many others as it takes, in each equation "a
total is the sum of its parts", for what is hidden there to be several cells of `SMALL` structures
in all. What is left to deduce is attacked by linear programming (`audit`) before it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: a cell of fewer structures is never shown
SMALL = 5
_DRAWS = 24
_EPSILON = 1e-6

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Equation:
    """The cell `total` is the sum of the cells `parts` (numbers of cells)."""

    total: int
    parts: Ints


@dataclass(frozen=True)
class Bound:
    """weights · cells <= `most`: what a sum shown beside the cells tells of them."""

    cells: Ints
    weights: Floats
    most: float


def closed(
    equations: Sequence[Equation],
    hidden: Bools,
    cost: Ints,
    enough: Callable[[Ints], bool],
    keep: int | None = None,
) -> Bools:
    """Return the hidden cells with those to add so that no equation gives one of them.

    Parameters
    ----------
    equations : sequence of Equation
    hidden : bool array
        What is hidden to begin with.
    cost : int array
        What it costs to hide each cell: the cheapest go first; 0 for a cell that hides nothing.
    enough : callable
        Whether these hidden parts of one equation hide each other.
    keep : int, optional
        A cell that is never hidden to protect others: the national total.
    """
    hidden = hidden.copy()
    waiting = True
    while waiting:
        waiting = False
        for equation in equations:
            lost = equation.parts[hidden[equation.parts]]
            above = bool(hidden[equation.total])
            if not (above or len(lost)) or (len(lost) > (not above) and enough(lost)):
                continue
            left = equation.parts[~hidden[equation.parts]]
            useful = left[cost[left] > 0]
            if len(useful):
                hidden[useful[np.argmin(cost[useful])]] = True
            elif not above and equation.total != keep:
                hidden[equation.total] = True
            else:
                continue
            waiting = True
    return hidden


def enough_structures(size: Ints) -> Callable[[Ints], bool]:
    """Return the rule of counts: the hidden parts hold `SMALL` structures together."""
    return lambda parts: int(size[parts].sum()) >= SMALL


def unmoved(
    equations: Sequence[Equation], bounds: Sequence[Bound], hidden: Bools, size: Ints
) -> Ints:
    """Return the hidden cells that everything shown leaves with one value only.

    The attacker knows every cell shown, that a total is the sum of its parts, that counts are not
    negative, and the bounds. A cell is safe when a value at least one away from its own remains
    possible.
    """
    from scipy.optimize import linprog

    cells = np.flatnonzero(hidden)
    if not len(cells):
        return cells
    place = np.full(len(hidden), -1)
    place[cells] = np.arange(len(cells))
    truth = size[cells].astype(np.float64)
    equal = _matrix([(_signed(e), np.r_[1.0, -np.ones(len(e.parts))]) for e in equations], place)
    sums = equal @ truth
    limits = [b for b in bounds if (place[b.cells] >= 0).any()]
    upper = _matrix([(b.cells, b.weights) for b in limits], place)
    known = [(b.weights * np.where(place[b.cells] < 0, size[b.cells], 0)).sum() for b in limits]
    room = np.array([b.most for b in limits]) - np.array(known) + _EPSILON
    safe = np.zeros(len(cells), dtype=np.bool_)

    def attack(objective: Floats) -> None:
        # The stubs know no sparse matrix here; HiGHS does.
        found = linprog(  # type: ignore[call-overload]
            objective,
            A_ub=upper if limits else None,
            b_ub=room if limits else None,
            A_eq=equal,
            b_eq=sums,
            method="highs",
        )
        if found.status == 3:  # nothing holds these cells at all
            safe[objective != 0] = True
        elif found.x is not None:
            safe[np.abs(found.x - truth) >= 1 - _EPSILON] = True

    rng = np.random.default_rng(0)
    for turn in range(_DRAWS):  # each moves many cells at once; the rest is tried one by one
        some = np.where(safe, 0.0, rng.random(len(cells)) * (rng.random(len(cells)) < 0.5))
        attack(some if turn % 2 else -some)
    for cell in np.flatnonzero(~safe):
        for sign in (1.0, -1.0):
            if not safe[cell]:
                one = np.zeros(len(cells))
                one[cell] = sign
                attack(one)
    return cells[~safe]


def _signed(equation: Equation) -> Ints:
    return np.concatenate([[equation.total], equation.parts])


def _matrix(rows: Sequence[tuple[Ints, Floats]], place: Ints) -> csr_array:
    from scipy.sparse import csr_array

    data, columns, ends = [], [], [0]
    for cells, weights in rows:
        inside = place[cells] >= 0
        data.append(weights[inside])
        columns.append(place[cells][inside])
        ends.append(ends[-1] + int(inside.sum()))
    shape = (len(rows), int(place.max()) + 1)
    flat = (
        (np.concatenate(data), np.concatenate(columns)) if rows else (np.zeros(0), np.zeros(0, int))
    )
    return csr_array((*flat, np.array(ends)), shape=shape)
