"""The plan: who has which scheme, why, what was full, who comes next, and what simpler gives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl

from serving.cell.priorities.assign import Floats, Ints, Pairs, best, in_turn
from serving.cell.priorities.capacity import STAGES, Capacity, Rule, Weights
from serving.cell.priorities.stakes import weighed

Eligible = Mapping[str, Collection[str]]


class Objective(StrEnum):
    """What the plan makes the greatest, over the structures that have a scheme."""

    BENEFIT = "benefit"  # stake x effect of the scheme
    RISK = "risk"  # probabilities
    RISK_JOBS = "risk_jobs"  # probabilities x jobs


@dataclass(frozen=True)
class Plan:
    """A plan, one value a row of `rows`, which are by priority.

    `scheme` and `value`: what it has, "" and 0 for none. `wanted`: the scheme that would do it the
    most good, "" where none would; `full`: the rules that kept it from it. `rules`: places, used,
    who comes next. `policies`: policy -> objective -> value.
    """

    objective: Objective
    rows: pl.DataFrame
    scheme: list[str]
    value: list[float]
    wanted: list[str]
    full: list[list[str]]
    rules: list[RuleUse]
    policies: dict[str, dict[str, float]]


@dataclass(frozen=True)
class RuleUse:
    """One rule of capacity; `next_row` is the row that the next place would go to, -1: none."""

    rule: Rule
    used: int
    next_row: int


def plan(
    rows: pl.DataFrame,
    eligible: Eligible | None,
    capacity: Capacity,
    weights: Weights | None = None,
    objective: Objective = Objective.BENEFIT,
) -> Plan:
    """Return the best assignment under capacity, explained, beside two simple policies.

    Parameters
    ----------
    rows : pl.DataFrame
        The columns of `stakes.candidates`, any order.
    eligible : mapping, optional
        SIREN -> ids of the schemes it may have; those that `capacity` does not describe are left
        out. By default every scheme described: who may have what is then for people to check.
    capacity : Capacity
        Effects and places.
    weights : Weights, optional
        Those of `capacity` by default.
    objective : Objective
        What is made the greatest; the others are told.
    """
    rows = weighed(rows, weights or capacity.weights).sort("siren")
    names = [scheme.id for scheme in capacity.schemes]
    rules = capacity.rules()
    pairs, benefit = _pairs(rows, eligible, capacity, names, rules)
    p, jobs = rows["p"].to_numpy(), rows["jobs_at_stake"].to_numpy()
    values = {
        Objective.BENEFIT: benefit,
        Objective.RISK: p[pairs.structure],
        Objective.RISK_JOBS: jobs[pairs.structure],
    }
    taken = best(pairs, values[objective])
    simple = {"risk": np.lexsort((-p,)), "risk_jobs": np.lexsort((-jobs,))}
    found = {"plan": taken} | {name: in_turn(pairs, o, benefit) for name, o in simple.items()}
    policies = {
        name: {o.value: float(v[t[t >= 0]].sum()) for o, v in values.items()}
        for name, t in found.items()
    }
    return _explained(objective, rows, pairs, values[objective], taken, names, rules, policies)


def _pairs(
    rows: pl.DataFrame,
    eligible: Eligible | None,
    capacity: Capacity,
    names: list[str],
    rules: list[Rule],
) -> tuple[Pairs, Floats]:
    count = rows.height
    number = {name: place for place, name in enumerate(names)}
    if eligible is None:
        structure = np.repeat(np.arange(count), len(names))
        scheme = np.tile(np.arange(len(names)), count)
    else:
        told = [
            (place, number[name])
            for place, siren in enumerate(rows["siren"].to_list())
            for name in sorted(set(eligible.get(siren, ())) & number.keys())
        ]
        structure = np.array([place for place, _ in told], dtype=np.int64)
        scheme = np.array([name for _, name in told], dtype=np.int64)
    place = pl.concat_str(pl.col("region", "departement").fill_null(""), separator="/")
    _, firsts, zone_of = np.unique(
        rows.select(place)["region"].to_numpy().astype(str), return_index=True, return_inverse=True
    )
    wide = np.zeros((len(firsts), len(names), len(rules)), dtype=np.bool_)
    regions, departements = rows["region"].to_list(), rows["departement"].to_list()
    for zone, first in enumerate(firsts.tolist()):
        for at, rule in enumerate(rules):
            if rule.region in {None, regions[first]} and rule.departement in {
                None,
                departements[first],
            }:
                wide[zone, [number[name] for name in rule.schemes], at] = True
    effect = np.array([[s.effect[stage] for stage in STAGES] for s in capacity.schemes])
    order = {stage: place for place, stage in enumerate(STAGES)}
    stage = rows["stage"].replace_strict(order, return_dtype=pl.Int64)
    pairs = Pairs(
        structure=structure,
        scheme=scheme,
        zone=zone_of[structure],
        reach=wide,
        places=np.array([rule.places for rule in rules], dtype=np.int64),
        structures=count,
    )
    benefit = rows["stake"].to_numpy()[structure] * effect[scheme, stage.to_numpy()[structure]]
    return pairs, benefit


def _explained(
    objective: Objective,
    rows: pl.DataFrame,
    pairs: Pairs,
    value: Floats,
    taken: Ints,
    names: list[str],
    rules: list[Rule],
    policies: dict[str, dict[str, float]],
) -> Plan:
    has = np.where(taken >= 0, value[taken], 0.0) if len(value) else np.zeros(len(taken))
    # The best scheme of each, were there room: the first by value, then in the order of the file.
    wish = np.lexsort((pairs.scheme, -value, pairs.structure))
    first = np.unique(pairs.structure[wish], return_index=True)
    wanted = np.full(pairs.structures, -1, dtype=np.int64)
    wanted[first[0]] = wish[first[1]]
    top = np.where(wanted >= 0, value[wanted], 0.0) if len(value) else np.zeros(len(wanted))
    wanted[top <= 0] = -1
    served = taken[taken >= 0]
    used = pairs.reach[pairs.zone[served], pairs.scheme[served]].sum(axis=0)
    is_full = used >= pairs.places
    order = np.lexsort((-rows["p"].to_numpy(), -top))
    place_of = np.empty(len(order), dtype=np.int64)
    place_of[order] = np.arange(len(order))
    following = _next(pairs, value - has[pairs.structure], taken, len(rules))
    full = []
    for structure in order.tolist():
        pair = wanted[structure]
        kept_out = pair >= 0 and top[structure] > has[structure]
        reached = pairs.reach[pairs.zone[pair], pairs.scheme[pair]] & is_full if kept_out else []
        full.append([rules[r].name for r in np.flatnonzero(reached)])
    return Plan(
        objective=objective,
        rows=rows[order],
        scheme=[names[pairs.scheme[t]] if t >= 0 else "" for t in taken[order]],
        value=has[order].tolist(),
        wanted=[names[pairs.scheme[t]] if t >= 0 else "" for t in wanted[order]],
        full=full,
        rules=[
            RuleUse(rule, int(used[r]), int(place_of[following[r]]) if following[r] >= 0 else -1)
            for r, rule in enumerate(rules)
        ],
        policies=policies,
    )


def _next(pairs: Pairs, more: Floats, taken: Ints, rules: int) -> Ints:
    """Return, by rule, the structure outside it that would gain the most from a place, -1: none."""
    found = np.full(rules, -1, dtype=np.int64)
    gainers = np.flatnonzero(more > 0)
    gainers = gainers[np.lexsort((pairs.structure[gainers], -more[gainers]))]
    reach = pairs.reach[pairs.zone[gainers], pairs.scheme[gainers]]
    holds = np.zeros((len(taken), rules), dtype=np.bool_)
    mine = np.flatnonzero(taken >= 0)
    holds[mine] = pairs.reach[pairs.zone[taken[mine]], pairs.scheme[taken[mine]]]
    wide = reach & ~holds[pairs.structure[gainers]]
    for rule in np.flatnonzero(wide.any(axis=0)).tolist():
        found[rule] = pairs.structure[gainers[int(np.argmax(wide[:, rule]))]]
    return found
