"""What changed since the publication before: all the structures, and those that are in both."""

from __future__ import annotations

from typing import Any

import numpy as np

from serving.cell.barometer.figures import Ints
from serving.cell.barometer.tree import Shown, Tree
from serving.publication import Publication


class Change:
    """Two publications side by side.

    Nothing is said of a group that is hidden in either. The figures of the structures that stayed
    are withheld where they would give those of fewer than five that came or left
    (`Tree.changes_shown`). Only one former publication is compared: two would give, by
    difference, those who came between them.
    """

    def __init__(
        self,
        now: tuple[Publication, Tree, Shown],
        before: tuple[Publication, Tree, Shown],
    ) -> None:
        self.publication, self.tree, self.shown = now
        self.former, self.former_tree, self.former_shown = before
        self.horizons = [h for h in self.publication.horizons if h in self.former.horizons]
        #: group of the former tree, -1 where there is none
        numbers = self.former_tree.number
        self.match: Ints = np.array([numbers.get(key, -1) for key in self.tree.keys])
        self._compare()

    def _compare(self) -> None:
        sirens, old = self.publication.array("_siren"), self.former.array("_siren")
        _, here, there = np.intersect1d(sirens, old, assume_unique=True, return_indices=True)
        size = len(self.tree.keys)
        self.kept: Ints = np.zeros(size, dtype=np.int64)
        self.kept_now = {h: np.zeros(size) for h in self.horizons}
        self.kept_before = {h: np.zeros(size) for h in self.horizons}
        for dimension, groups in self.tree.member.items():
            theirs = self.former_tree.member[dimension][there]
            mine = groups[here]
            # In the same group on both days: who moved left one and came into the other.
            stayed = self.match[mine] == theirs
            mine, rows, old_rows = mine[stayed], here[stayed], there[stayed]
            self.kept += np.bincount(mine, minlength=size)
            for h in self.horizons:
                new, past = self.tree.weights.p[h][rows], self.former_tree.weights.p[h][old_rows]
                self.kept_now[h] += np.bincount(mine, weights=new, minlength=size)
                self.kept_before[h] += np.bincount(mine, weights=past, minlength=size)
        known = self.match >= 0
        before = np.where(known, self.former_tree.sums.structures[self.match], 0)
        both = self.shown.group & known & self.former_shown.group[self.match]
        came, left = self.tree.sums.structures - self.kept, before - self.kept
        self.both, self.same = both, self.tree.changes_shown(both, came, left)

    def of(self, group: int) -> dict[str, Any] | None:
        """Return the change of one group, None where nothing may be said."""
        if not self.both[group]:
            return None
        past = int(self.match[group])
        now, before = self.tree.sums, self.former_tree.sums
        same = None
        if self.same[group]:
            same = {
                "structures": int(self.kept[group]),
                "expected": [
                    {
                        "horizon_months": h,
                        "now": float(self.kept_now[h][group]),
                        "before": float(self.kept_before[h][group]),
                    }
                    for h in self.horizons
                ],
            }
        return {
            "publication": self.former.id,
            "as_of": self.former.manifest.as_of,
            "structures": int(now.structures[group] - before.structures[past]),
            "expected": [
                {
                    "horizon_months": h,
                    "now": float(now.expected[h][group]),
                    "before": float(before.expected[h][past]),
                }
                for h in self.horizons
            ],
            "same": same,
        }
