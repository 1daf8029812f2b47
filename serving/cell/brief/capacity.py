"""The capacity that counts for a brief: places, and what the plan of priorities gives of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from serving.access.principal import Territory
from serving.cell.barometer.overlapping import COUNT_STEP, rounded
from serving.cell.digest.figures import SMALL
from serving.cell.priorities.act import counts_for
from serving.cell.priorities.capacity import Capacity, Rule
from serving.cell.priorities.plan import Plan, RuleUse
from serving.cell.tally import Rows
from serving.web import words


@dataclass(frozen=True)
class Room:
    """One rule of `capacity.toml`: where it counts, its `places` there.

    `planned`: how many structures of the brief the plan gives one of them, to the nearest five,
    None under five. Rules share schemes: a difference of two exact counts would give a small one.
    `full`: no place is left in them for anyone; never said of fewer than five places.
    """

    label: str
    where: str
    places: int
    planned: int | None
    full: bool


@dataclass(frozen=True)
class Rooms:
    """The rules that count; `to_confirm`: the figures are not yet the cell's own."""

    period: str
    to_confirm: bool
    rooms: tuple[Room, ...]


def rooms(found: Plan, capacity: Capacity, place: Territory, rows: Rows) -> Rooms:
    """Return the rules of a territory, of what is above it, and what they give to some rows.

    Parameters
    ----------
    found : Plan
        Of the whole country, made with `capacity`.
    place : Territory
        That of the brief.
    rows : array
        Positions, in the publication, of the structures of the brief.
    """
    here = np.isin(found.rows["row"].to_numpy(), rows)
    scheme = np.array(found.scheme, dtype=str)
    places = {
        name: found.rows[name].fill_null("").to_numpy().astype(str)
        for name in ("region", "departement")
    }
    made = []
    for rule, uses in _by_rule(found, capacity, place):
        reached = here & np.isin(scheme, rule.schemes)
        for name, values in places.items():
            codes = [getattr(use.rule, name) for use in uses]
            if None not in codes:
                reached &= np.isin(values, codes)
        total = sum(use.rule.places for use in uses)
        count = int(np.count_nonzero(reached))
        made.append(
            Room(
                label=rule.name,
                where=_where(uses),
                places=total,
                planned=None if count < SMALL else int(rounded(count, COUNT_STEP)),
                full=total >= SMALL and sum(use.used for use in uses) >= total,
            )
        )
    return Rooms(capacity.period, capacity.to_confirm, tuple(made))


def _by_rule(
    found: Plan, capacity: Capacity, place: Territory
) -> Iterator[tuple[Rule, list[RuleUse]]]:
    """Yield each rule as it is written, with its uses that count for the territory."""
    at = 0
    for rule in capacity.capacities:
        count = len(rule.spread())
        mine = [use for use in found.rules[at : at + count] if counts_for(use.rule, place)]
        at += count
        if mine:
            yield rule, mine


def _where(uses: list[RuleUse]) -> str:
    rule = uses[0].rule
    if rule.departement is not None:
        return (
            words.departement_name(rule.departement)
            if len(uses) == 1
            else f"{len(uses)} départements"
        )
    if rule.region is not None:
        return words.region_name(rule.region) if len(uses) == 1 else f"{len(uses)} régions"
    return "France entière"
