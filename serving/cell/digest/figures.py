"""What a digest says: counts of a territory, without the small ones, compared with the list before.

A count under `SMALL` is None. What would give it back is withheld too: the total as soon as one
level is small, and the change of the high level unless entries and exits are both said.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from pydantic import BaseModel, ConfigDict

from serving.access.principal import Territory
from serving.cell.tally import Rows, expected, high_sirens, levels
from serving.publication import Publication
from serving.ranking import Filters, Sort, whole_list

#: a count under it is not said
SMALL = 5


class Changes(BaseModel):
    """What changed since the list before; a count that is not said is None."""

    model_config = ConfigDict(frozen=True)
    publication: str
    as_of: date
    entered_high: int | None
    left_high: int | None
    levels: dict[str, int | None]


class Figures(BaseModel):
    """The counts of one territory in one publication, and nothing that names a structure."""

    model_config = ConfigDict(frozen=True)
    target: str
    publication: str
    as_of: date
    synthetic: bool
    regions: list[str]
    departements: list[str]
    followed: int | None
    levels: dict[str, int | None]
    horizon_months: int
    expected_events: int | None
    expected_low: int | None
    expected_high: int | None
    changes: Changes | None

    @property
    def territory(self) -> Territory:
        """The territory counted."""
        return Territory.of(self.regions, self.departements)


def figures(publication: Publication, before: Publication | None, territory: Territory) -> Figures:
    """Return the counts of a territory; `before` is the list to compare with, if there is one."""
    rows = _inside(publication, territory)
    now = levels(publication, rows)
    said = {level: _said(count) for level, count in now.items()}
    sums = expected(publication, rows, publication.main_horizon)
    whole = None not in said.values()
    told = round(sums.events) >= SMALL
    return Figures(
        target=publication.target,
        publication=publication.id,
        as_of=publication.manifest.as_of,
        synthetic=publication.manifest.synthetic,
        regions=sorted(territory.regions),
        departements=sorted(territory.departements),
        followed=len(rows) if whole else None,
        levels=said,
        horizon_months=publication.main_horizon,
        expected_events=round(sums.events) if told else None,
        expected_low=sums.low if told else None,
        expected_high=sums.high if told else None,
        changes=_changes(publication, rows, now, before, territory) if before else None,
    )


def _changes(
    publication: Publication,
    rows: Rows,
    now: dict[str, int],
    before: Publication,
    territory: Territory,
) -> Changes:
    rows_before = _inside(before, territory)
    was = levels(before, rows_before)
    high, high_before = high_sirens(publication, rows), high_sirens(before, rows_before)
    entered = _said(len(np.setdiff1d(high, high_before, assume_unique=True)))
    left = _said(len(np.setdiff1d(high_before, high, assume_unique=True)))
    moved = {
        level: count - was[level] if min(count, was[level]) >= SMALL else None
        for level, count in now.items()
    }
    if entered is None or left is None:
        moved["high"] = None
    return Changes(
        publication=before.id,
        as_of=before.manifest.as_of,
        entered_high=entered,
        left_high=left,
        levels=moved,
    )


def _inside(publication: Publication, territory: Territory) -> Rows:
    return whole_list(publication, Filters(), sort=Sort.RANK, territory=territory)


def _said(count: int) -> int | None:
    return count if count >= SMALL else None
