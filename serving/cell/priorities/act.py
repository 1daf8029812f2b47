"""The priorities of a publication, as a reader may see them. No HTTP here."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from data.reference.schemes import Catalogue
from data.reference.territories import region_of
from serving.access.principal import Territory
from serving.cell.priorities.assign import Ints
from serving.cell.priorities.capacity import Capacity, Rule
from serving.cell.priorities.eligibility import eligibility
from serving.cell.priorities.plan import Objective, Plan, RuleUse, plan
from serving.cell.priorities.stakes import candidates
from serving.publication import Publication

_LOCK = threading.Lock()
_KEPT: weakref.WeakKeyDictionary[Publication, dict[tuple[str, Objective], Plan]] = (
    weakref.WeakKeyDictionary()
)


@dataclass(frozen=True)
class Asked:
    """Some places of a plan, in order.

    `places` are rows of the plan, `positions` of the list; `inside`, ascending, every place of the
    plan that the reader may see.
    """

    places: list[int]
    positions: list[int]
    inside: Ints


def planned(
    publication: Publication, capacity: Capacity, catalogue: Catalogue, objective: Objective
) -> Plan:
    """Return the plan of the whole country, made once for a publication, a capacity, a catalogue.

    The places are the country's: what a reader sees of it depends on the territory, not the plan.
    """
    key = (capacity.model_dump_json() + catalogue.digest, objective)
    with _LOCK:
        kept = _KEPT.setdefault(publication, {})
        if key not in kept:
            if len(kept) >= len(Objective):
                kept.clear()  # the capacity has changed
            rows = candidates(publication)
            names = [scheme.id for scheme in capacity.schemes]
            eligible = eligibility(publication, rows, catalogue, names)
            kept[key] = plan(rows, eligible, capacity, objective=objective)
        return kept[key]


def asked(found: Plan, territory: Territory, *, after: int, limit: int) -> Asked:
    """Return the `limit` first structures of a territory whose rank is over `after` (from 0)."""
    rows = found.rows
    if territory.national:
        inside = np.arange(rows.height)
    else:
        known = pl.col("region").is_in(sorted(territory.regions)).fill_null(value=False)
        known |= pl.col("departement").is_in(sorted(territory.departements)).fill_null(value=False)
        inside = np.flatnonzero(rows.select(known)["region"].to_numpy())
    first = int(np.searchsorted(inside, after))
    page = inside[first : first + limit].tolist()
    return Asked(page, rows["row"].gather(page).to_list(), inside)


def item(found: Plan, place: int) -> dict[str, Any]:
    """Return why a structure stands where it does, without its identity."""
    row = found.rows.row(place, named=True)
    kept = ("jobs_counted", "jobs_at_stake", "lead_months", "last_in", "stage")
    scheme, wanted, full = found.scheme[place], found.wanted[place], found.full[place]
    return {
        "priority": place + 1,
        **{name: row[name] for name in kept},
        "employees_known": row["employees"] is not None,
        "urgency": row["urgency"],
        "rarity": row["rarity"],
        "stake": row["stake"],
        "scheme": scheme or None,
        "value": found.value[place],
        "best_scheme": wanted or None,
        "full": full,
        "sentence": _sentence(scheme, wanted, full),
    }


def rule_line(use: RuleUse) -> dict[str, Any]:
    """Return one rule of capacity, with the priority of who comes next."""
    rule = use.rule
    return {
        "name": rule.name,
        "schemes": rule.schemes,
        "region": rule.region,
        "departement": rule.departement,
        "places": rule.places,
        "used": use.used,
        "full": use.used >= rule.places,
        "next_priority": use.next_row + 1 if use.next_row >= 0 else None,
    }


def rules_of(found: Plan, territory: Territory) -> Sequence[RuleUse]:
    """Return the rules that count for a territory: its own, its régions', the country's."""
    return [use for use in found.rules if counts_for(use.rule, territory)]


def counts_for(rule: Rule, territory: Territory) -> bool:
    """Tell whether a rule counts for a territory: its own, its régions', the country's."""
    if territory.national or (rule.region is None and rule.departement is None):
        return True
    if rule.departement is not None:
        return territory.contains(region_of(rule.departement), rule.departement)
    return rule.region in territory.regions | {region_of(code) for code in territory.departements}


def _sentence(scheme: str, wanted: str, full: list[str]) -> str:
    if not wanted:
        return "Aucun dispositif ne lui est ouvert, ou aucun n'y changerait rien."
    because = f" : capacité atteinte ({', '.join(full)})" if full else ""
    if not scheme:
        return f"Sans place{because}."
    if scheme == wanted:
        return f"{scheme} : le dispositif qui évite le plus, et il y a de la place."
    return f"{scheme}, faute de {wanted}{because or ' : sa place sert plus ailleurs'}."
