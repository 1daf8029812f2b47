"""What each structure got from each funder, programme and purpose, slot by slot."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from tests.features.twin.lines import WINDOWS

#: slots in which programmes and purposes are followed
_FOLLOWED = 3


@dataclass
class FromFunder:
    """What one funder gave: cents by slot, contracts of the latest, slots that are known."""

    level: str
    slots: list[int]
    contracts: int
    n_slots: int


@dataclass
class Money:
    """The public money of one structure.

    `cells` has (funder, programme, purpose), `programmes` (funder, programme): cents by slot. A
    slot in which more was recovered than given counts for nothing, not for less.
    """

    lines: pd.DataFrame
    funders: dict[str, FromFunder] = field(default_factory=dict)
    cells: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    programmes: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def slot(self, number: int) -> pd.DataFrame:
        """Return the lines of one slot."""
        return self.lines[self.lines["slot"] == number]

    def total(self, number: int, at_least: int = 1, level: str = "") -> int:
        """Return the cents of a slot, from funders with so many slots, of or not of a level.

        `level` is "" for all, "state", or "other" for all but the State.
        """
        return sum(
            f.slots[number]
            for f in self.funders.values()
            if f.n_slots >= at_least and level in {"", "state" if f.level == "state" else "other"}
        )

    def main_cell(self, number: int) -> str | None:
        """Return the largest programme and purpose of a slot (ties: the first in order)."""
        best = max((cents[number] for cents in self.cells.values()), default=0)
        names = [
            f"{programme}|{purpose}"
            for (_, programme, purpose), cents in self.cells.items()
            if cents[number] == best > 0
        ]
        return min(names, default=None)

    def main_programme(self) -> str | None:
        """Return the largest programme of the latest slot, or its funder if it has no name."""
        best = max((cents[0] for cents in self.programmes.values()), default=0)
        names = [
            funder if programme == "?" else programme
            for (funder, programme), cents in self.programmes.items()
            if cents[0] == best > 0
        ]
        return min(names, default=None)


def money_of_all(lines: pd.DataFrame) -> dict[str, Money]:
    """Return the money of every structure that has a line."""
    return {str(siren): _money(rows) for siren, rows in lines.groupby("siren")}


def nothing(lines: pd.DataFrame) -> Money:
    """Return the money of a structure that has no line."""
    return Money(lines.iloc[:0])


def _money(rows: pd.DataFrame) -> Money:
    money = Money(rows)
    placed = rows[rows["slot"].notna()]
    for funder, given in placed.groupby("funder_id"):
        latest = given[given["slot"] == 0]
        money.funders[str(funder)] = FromFunder(
            # lists may disagree on the level of a funder: it stays one funder
            level=min(given["level"]),
            slots=_by_slot(given, WINDOWS),
            contracts=max(0, sum(latest["contract"])),
            n_slots=max(given["n_slots"]),
        )
    recent = placed[placed["slot"] < _FOLLOWED]
    for _, given in recent.groupby(["funder_id", "programme", "purpose"]):
        funder, programme, purpose = given.iloc[0][["funder_id", "programme", "purpose"]]
        cents = _by_slot(given, _FOLLOWED)
        money.cells[funder, programme, purpose] = cents
        before = money.programmes.get((funder, programme), [0] * _FOLLOWED)
        money.programmes[funder, programme] = [a + b for a, b in zip(before, cents, strict=True)]
    return money


def _by_slot(given: pd.DataFrame, count: int) -> list[int]:
    cents = [0] * count
    for slot, grant in zip(given["slot"], given["grant"], strict=True):
        if slot < count:
            cents[slot] += grant
    return [max(0, c) for c in cents]
