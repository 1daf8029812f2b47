"""The barometer of a publication. No HTTP here."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.cell.barometer import overlapping
from serving.cell.barometer.change import Change
from serving.cell.barometer.dimensions import By
from serving.cell.barometer.hiding import SMALL
from serving.cell.barometer.lines import overlapping_line, tree_line
from serving.cell.barometer.practices import practices
from serving.cell.barometer.tree import Shown, Tree
from serving.publication import Publication

Answer = dict[str, Any]


_OVERLAPPING = (By.FUNDER, By.PROGRAMME)
_LOCK = threading.Lock()
_KEPT: weakref.WeakKeyDictionary[Publication, dict[str, Any]] = weakref.WeakKeyDictionary()


def barometer(publication: Publication, by: By, earlier: Sequence[Publication] = ()) -> Answer:
    """Return the barometer of a publication, computed once for each and kept as long as it is.

    Parameters
    ----------
    publication : Publication
        What is counted.
    by : By
        What the lines are.
    earlier : sequence of Publication
        The publications before, oldest first (`Publications.earlier`): the last is compared.

    Returns
    -------
    dict
        `publication`, `target`, `as_of`, `synthetic`, `by`, `main_horizon`, `hidden_under`,
        `rounded_to` (None where figures are exact), `hidden` (number of lines hidden), `total`
        (the whole list) and `items`, one line a group.
    """
    with _LOCK:
        kept = _KEPT.setdefault(publication, {})
        if by not in kept:
            kept[by] = _made(publication, by, earlier, kept)
        answer: Answer = kept[by]
    return answer


def _made(
    publication: Publication, by: By, earlier: Sequence[Publication], kept: dict[str, Any]
) -> Answer:
    if "tree" not in kept:
        kept["tree"] = _compared(publication, earlier)
    tree, shown, change = kept["tree"]
    france = _line(tree, shown, change, 0)
    if by in _OVERLAPPING:
        items = _overlapping(publication, by, tree)
    else:
        groups = [place for place, key in enumerate(tree.keys) if key[0] == by.value]
        items = [_line(tree, shown, change, group) for group in groups]
    manifest = publication.manifest
    return {
        "publication": publication.id,
        "target": publication.target,
        "as_of": manifest.as_of,
        "synthetic": manifest.synthetic,
        "by": by.value,
        "main_horizon": publication.main_horizon,
        "hidden_under": SMALL if by not in _OVERLAPPING else overlapping.LEAST,
        "rounded_to": overlapping.COUNT_STEP if by in _OVERLAPPING else None,
        "hidden": sum(line["hidden"] for line in items),
        "total": france,
        "items": items,
    }


def _compared(
    publication: Publication, earlier: Sequence[Publication]
) -> tuple[Tree, Shown, Change | None]:
    tree = Tree(publication)
    if not earlier:
        return tree, tree.shown(), None
    former = earlier[-1]
    past = Tree(former)
    shown = tree.shown(past)
    # What was hidden then is what was hidden when it was published.
    past_shown = past.shown(Tree(earlier[-2]) if len(earlier) > 1 else None)
    return tree, shown, Change((publication, tree, shown), (former, past, past_shown))


def _line(tree: Tree, shown: Shown, change: Change | None, group: int) -> dict[str, Any]:
    rows = None
    if shown.group[group]:
        rows = np.flatnonzero(tree.member[tree.keys[group][0]] == group)
    line = tree_line(tree, shown, group, rows)
    return line | {"change": change.of(group) if change else None}


def _overlapping(publication: Publication, by: By, tree: Tree) -> list[dict[str, Any]]:
    read = overlapping.funders if by is By.FUNDER else overlapping.programmes
    groups = read(publication, tree.weights)
    ends = np.searchsorted(groups.group, np.arange(len(groups.keys) + 1))
    items = []
    for place in range(len(groups.keys)):
        rows = groups.rows[ends[place] : ends[place + 1]]
        items.append(
            overlapping_line(groups, place, {h: p[rows] for h, p in tree.weights.p.items()})
        )
    if by is By.FUNDER:
        said = practices(publication)
        for line in items:
            line["practices"] = said.get(line["key"], [])
    return items
