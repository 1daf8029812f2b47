"""The groups of the barometer that partition the list, and what is hidden of them.

One tree: France; under it the régions, the sectors and the families, each adding up to France;
under each région its départements. A structure whose place, sector or family is unknown is in a
group of its own ("" as key), so that every sum is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from serving.cell.barometer.figures import Ints, Sums, Weights, sums, weights_of
from serving.cell.barometer.hiding import (
    SMALL,
    Bools,
    Bound,
    Equation,
    closed,
    enough_structures,
    unmoved,
)
from serving.publication import Publication
from serving.publication_files import LEVELS

#: dimension -> columns that name a group
DIMENSIONS: dict[str, tuple[str, ...]] = {
    "region": ("region",),
    "departement": ("region", "departement"),
    "sector": ("sector",),
    "ess_family": ("ess_family",),
}
_FRANCE = ("france", "")
_WIDTH = 1 + len(LEVELS)
#: what is given up first to hide another cell: the low level, that the others tell anyway
_COST = np.array([0, 2 << 40, 1 << 40, 0, 1 << 41])
#: where one structure makes more than this share of the jobs at stake, they are its own
_DOMINANT = 0.85

Key = tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """What may be shown, by group: its figures, each level (groups x 4), its jobs."""

    group: Bools
    levels: Bools
    jobs: Bools


class Tree:
    """The groups of one publication, their sums, and who is in them."""

    def __init__(self, publication: Publication) -> None:
        self.weights: Weights = weights_of(publication)
        self.horizon = publication.main_horizon
        self.thresholds = publication.manifest.thresholds
        self.keys: list[Key] = [_FRANCE]
        self.parent: list[int] = [-1]
        #: dimension -> group of each structure
        self.member: dict[str, Ints] = {"france": np.zeros(publication.rows, dtype=np.int64)}
        for dimension, columns in DIMENSIONS.items():
            self._add(publication, dimension, columns)
        self.number = {key: place for place, key in enumerate(self.keys)}
        self.sums: Sums = self._sums(np.arange(publication.rows))

    def _add(self, publication: Publication, dimension: str, columns: tuple[str, ...]) -> None:
        mixed = np.zeros(publication.rows, dtype=np.int64)
        names: list[list[str]] = []
        for column in columns:
            names.append(publication.codes[column])
            mixed = mixed * len(names[-1]) + publication.array(f"_c_{column}")
        present, code = np.unique(mixed, return_inverse=True)
        first = len(self.keys)
        sizes = tuple(len(known) for known in names)
        for places in np.transpose(np.unravel_index(present, sizes)).tolist():
            parts = [known[place] for known, place in zip(names, places, strict=True)]
            self.keys.append((dimension, *parts))
            above = ("region", parts[0]) if dimension == "departement" else _FRANCE
            self.parent.append(self.keys.index(above))
        self.member[dimension] = code.astype(np.int64) + first

    def _sums(self, rows: Ints) -> Sums:
        pairs = [(rows, groups[rows]) for groups in self.member.values()]
        every, group = (np.concatenate(side) for side in zip(*pairs, strict=True))
        return sums(self.weights, every, group, len(self.keys))

    def of(self, rows: Ints) -> Sums:
        """Return the sums of some of the structures only, by group."""
        return self._sums(rows)

    @cached_property
    def families(self) -> list[tuple[int, Ints]]:
        """Each (group, the groups of one dimension that add up to it)."""
        found: dict[tuple[int, str], list[int]] = {}
        for place, (key, above) in enumerate(zip(self.keys, self.parent, strict=True)):
            if above >= 0:
                found.setdefault((above, key[0]), []).append(place)
        return [(above, np.array(parts)) for (above, _), parts in found.items()]

    def shown(self, former: Tree | None = None) -> Shown:
        """Return what may be shown; a group too small in the publication before stays hidden.

        Raises nothing: in the worst case only France is shown, and nothing if it is too small.
        """
        size = np.column_stack([self.sums.structures, self.sums.levels]).reshape(-1)
        hidden = self._spread(self._small(former))
        equations = self._equations()
        cost = np.where(size > 0, size + np.tile(_COST, len(self.keys)), 0)
        enough = enough_structures(size)
        while True:
            before = None
            while before is None or (hidden != before).any():
                before = hidden
                hidden = self._spread(closed(equations, hidden, cost, enough, keep=0))
            bounds = self._bounds(hidden)
            stuck = unmoved(equations, bounds, hidden, size)
            more = [self._next(cell, hidden, cost) for cell in stuck]
            found = [cell for cell in more if cell is not None]
            if not found:
                # Nothing is left to hide them with: only a group that was small before can be so.
                if len(stuck) and former is not None:
                    return self.shown()
                break
            hidden[found] = True
        wide = ~hidden.reshape(-1, _WIDTH)
        return Shown(wide[:, 0], wide[:, 1:], self._jobs(~wide[:, 0]))

    def _small(self, former: Tree | None) -> Bools:
        group = self.sums.structures < SMALL
        for place, key in enumerate(self.keys):
            before = former.number.get(key) if former else None
            if before is not None and former is not None:
                group[place] |= former.sums.structures[before] < SMALL
        # France is the total of the list: hidden only when it is small itself.
        group[0] = self.sums.structures[0] < SMALL
        level = self.sums.levels < SMALL
        # A zero that the expected failures shown give away is not hidden: it would only look so.
        expected = self.sums.expected[self.horizon]
        for place, name in enumerate(LEVELS):
            least = self.thresholds.get(name)
            if name == "unknown":  # nobody without data: that says nothing of anyone's risk
                level[:, place] &= self.sums.levels[:, place] > 0
            elif least is not None and name in {"high", "moderate"}:
                given = (self.sums.levels[:, place] == 0) & (expected < float(least))
                level[:, place] &= ~given
        return np.column_stack([group, level]).reshape(-1)

    def _spread(self, hidden: Bools) -> Bools:
        """Hide every level of a hidden group, but the zeros that a zero shown above gives away."""
        wide = hidden.reshape(-1, _WIDTH).copy()
        for group in np.flatnonzero(wide[:, 0]):
            above = self.parent[group]  # a parent comes before its parts
            given = (self.sums.levels[above] == 0) & ~wide[above, 1:] if above >= 0 else False
            wide[group, 1:] = ~np.asarray(given)
        return wide.reshape(-1)

    def _equations(self) -> list[Equation]:
        groups = range(len(self.keys))
        found = [Equation(g * _WIDTH, g * _WIDTH + 1 + np.arange(len(LEVELS))) for g in groups]
        for above, parts in self.families:
            found += [Equation(above * _WIDTH + c, parts * _WIDTH + c) for c in range(_WIDTH)]
        return found

    def _bounds(self, hidden: Bools) -> list[Bound]:
        """Return what the expected failures of the groups shown say of their levels."""
        high, moderate = (self.thresholds.get(name) for name in ("high", "moderate"))
        if high is None or moderate is None:
            return []
        expected = self.sums.expected[self.horizon]
        least = np.array([float(high), float(moderate), 0.0, 0.0])
        most = np.array([1.0, float(high), float(moderate), 1.0])
        found = []
        for group in np.flatnonzero(~hidden[::_WIDTH]):
            cells = group * _WIDTH + 1 + np.arange(len(LEVELS))
            found.append(Bound(cells, least, float(expected[group])))
            found.append(Bound(cells, -most, -float(expected[group])))
        return found

    def _next(self, cell: int, hidden: Bools, cost: Ints) -> int | None:
        """Return the cell to hide so that this one is no longer given away, None if none is left.

        The cheapest of its own line, else of its column; for a level, its whole line at last.
        """
        group, column = divmod(int(cell), _WIDTH)
        choices = [group * _WIDTH + 1 + np.arange(len(LEVELS))] if column else []
        for above, parts in self.families:
            if group in parts:
                choices += [parts * _WIDTH + column, np.array([above * _WIDTH + column])]
        choices += [np.array([group * _WIDTH])]
        for cells in choices:
            left = cells[~hidden[cells] & (cost[cells] > 0) & (cells > 0)]
            if len(left):
                return int(left[np.argmin(cost[left])])
        return None

    def _jobs(self, hidden: Bools) -> Bools:
        """Return where jobs may be shown: `SMALL` known sizes, and no group given by difference."""
        start = hidden | (self.sums.sized < SMALL)
        for horizon, total in self.sums.jobs.items():
            start |= self.sums.largest_job[horizon] > _DOMINANT * total
        equations = [Equation(above, parts) for above, parts in self.families]
        enough = enough_structures(self.sums.sized)
        return ~closed(equations, start, self.sums.sized, enough, keep=0)

    def changes_shown(self, both: Bools, came: Ints, left: Ints) -> Bools:
        """Return where the figures of the structures that stayed may be shown.

        They give, by difference with all the figures, those of who came and of who left: no group,
        and no union of the groups hidden, may have from one to four of either.
        """
        start = ~both | _few(came) | _few(left)

        def enough(parts: Ints) -> bool:
            return not _few(np.array([came[parts].sum(), left[parts].sum()])).any()

        equations = [Equation(above, parts) for above, parts in self.families]
        size = np.maximum(self.sums.structures, 1)
        return ~closed(equations, start, size, enough)


def _few(count: Ints) -> npt.NDArray[np.bool_]:
    few: npt.NDArray[np.bool_] = (count > 0) & (count < SMALL)
    return few
