"""Funders, their budgets and their payment delays.

A *line* is what a grant is charged on: a State programme, or the whole budget of a local funder.
Arrays are indexed line x year; `growth[l, y]` is the log change of the voted budget from y-1 to y.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.synthetic.geography import (
    DEPARTEMENTS,
    REGIONS,
    TOWNS_PER_DEPARTEMENT,
    siren,
)
from data.synthetic.law import BudgetLaw

Array = NDArray[np.float64]

#: real public numbers of State budget programmes
PROGRAMMES: tuple[str, ...] = (
    "102", "103", "113", "124", "131", "135", "137", "147", "157", "163", "177", "209", "219",
    "224", "304", "361",
)  # fmt: skip
_LEVELS = ("state", "region", "departement", "town")


@dataclass(frozen=True)
class Shock:
    """A cut decided outside the simulation: the voted budget of a year is multiplied by 1 - cut."""

    funder_id: str
    year: int
    cut: float
    programme: str | None = None


@dataclass(frozen=True)
class Lines:
    """Static description of the budget lines; `level` indexes ("state", ..., "town")."""

    funder_id: list[str]
    funder_name: list[str]
    funder_level: list[str]
    programme: list[str | None]
    level: NDArray[np.int64]
    first_year_eur: Array

    def of_region(self, region: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the line of each région (by its position in REGIONS)."""
        return len(PROGRAMMES) + region

    def of_departement(self, departement: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the line of each département (by its position in DEPARTEMENTS)."""
        return len(PROGRAMMES) + len(REGIONS) + departement

    def of_town(self, departement: NDArray[np.int64], rank: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the line of the commune or EPCI number `rank` of each département."""
        base = len(PROGRAMMES) + len(REGIONS) + len(DEPARTEMENTS)
        return base + departement * TOWNS_PER_DEPARTEMENT + rank


def make_lines() -> Lines:
    """Return the lines: State programmes, régions, départements, communes and EPCI."""
    state = len(PROGRAMMES)
    towns = len(DEPARTEMENTS) * TOWNS_PER_DEPARTEMENT
    towns_of = [code for code in DEPARTEMENTS for _ in range(TOWNS_PER_DEPARTEMENT)]
    is_epci = [rank == 0 for _ in DEPARTEMENTS for rank in range(TOWNS_PER_DEPARTEMENT)]
    # Prefixes 21 to 24 are those of public bodies; département 99 does not exist.
    regions = siren(23_990_000 + np.arange(len(REGIONS)))
    departements = siren(22_990_000 + np.arange(len(DEPARTEMENTS)))
    epci_or_commune = siren(
        np.where(is_epci, 24_990_000, 21_990_000) + np.arange(towns, dtype=np.int64)
    )
    return Lines(
        funder_id=["etat"] * state + regions + departements + epci_or_commune,
        funder_name=[
            *["État (synthétique)"] * state,
            *[f"Région {code} (synthétique)" for code in REGIONS],
            *[f"Département {code} (synthétique)" for code in DEPARTEMENTS],
            *[
                f"{'Agglomération' if epci else 'Commune'} fictive {code}-{position % 3 + 1}"
                for position, (code, epci) in enumerate(zip(towns_of, is_epci, strict=True))
            ],
        ],
        funder_level=[
            *["state"] * state,
            *["region"] * len(REGIONS),
            *["departement"] * len(DEPARTEMENTS),
            *["epci" if epci else "commune" for epci in is_epci],
        ],
        programme=[*PROGRAMMES, *[None] * (len(REGIONS) + len(DEPARTEMENTS) + towns)],
        level=np.repeat(np.arange(4), [state, len(REGIONS), len(DEPARTEMENTS), towns]),
        first_year_eur=np.repeat(
            [400e6, 150e6, 60e6, 5e6], [state, len(REGIONS), len(DEPARTEMENTS), towns]
        ),
    )


@dataclass(frozen=True)
class Budgets:
    """Budgets and delays by line and year: what the world did, or one possible future."""

    growth: Array
    cancelled: Array
    executed: Array
    delay_days: Array
    austerity: NDArray[np.bool_]


def next_year(
    budgets: Budgets | None,
    lines: Lines,
    law: BudgetLaw,
    rng: np.random.Generator,
    decided: Array | None = None,
) -> Budgets:
    """Append one year drawn from the law; without `budgets`, draw the first year.

    `decided` (lines,) is a log change added to the voted budgets: a shock from outside.
    """
    n = len(lines.level)
    shocked = rng.random(n) < _by_level(law.shock, lines)
    depth = np.minimum(rng.normal(law.shock_mean, law.shock_spread, n), -0.10)
    usual = rng.normal(law.trend, law.noise, n)
    before = bool(budgets.austerity[-1]) if budgets is not None else False
    harsh = bool(rng.random() < (law.austerity_lasts if before else law.austerity_starts))
    growth = usual + harsh * law.austerity + np.where(shocked, depth, 0.0)
    if decided is not None:
        growth = growth + decided
    cancelled = _cancelled(n, law, rng, harsh=harsh)
    executed = rng.uniform(0.96, 1.0, n)
    last = None if budgets is None else budgets.delay_days[:, -1]
    year = Budgets(
        growth[:, None],
        cancelled[:, None],
        executed[:, None],
        _delay(last, lines, law, growth, cancelled, rng)[:, None],
        np.array([harsh]),
    )
    if budgets is None:
        return year
    return Budgets(
        np.hstack([budgets.growth, year.growth]),
        np.hstack([budgets.cancelled, year.cancelled]),
        np.hstack([budgets.executed, year.executed]),
        np.hstack([budgets.delay_days, year.delay_days]),
        np.append(budgets.austerity, harsh),
    )


def future(
    budgets: Budgets, month: int, more: int, lines: Lines, law: BudgetLaw, rng: np.random.Generator
) -> Budgets:
    """Draw again all that is not yet known at the end of `month`, and `more` years after it.

    Budgets of the year are known from January, its cancellations from July, the delays of a year
    from June of the next one.
    """
    year, in_year = divmod(month, 12)
    known = Budgets(
        budgets.growth[:, : year + 1],
        budgets.cancelled[:, : year + 1].copy(),
        budgets.executed[:, : year + 1],
        budgets.delay_days[:, : year + 1].copy(),
        budgets.austerity[: year + 1],
    )
    cancelled = _cancelled(len(lines.level), law, rng, harsh=bool(known.austerity[year]))
    if in_year + 1 < law.cancel_month:
        known.cancelled[:, year] = cancelled
    for late in range(max(published(month) + 1, 0), year + 1):
        last = known.delay_days[:, late - 1] if late else None
        known.delay_days[:, late] = _delay(
            last, lines, law, known.growth[:, late], known.cancelled[:, late], rng
        )
    for _ in range(more):
        known = next_year(known, lines, law, rng)
    return known


def published(month: int) -> int:
    """Return the last year whose payment delays are published at the end of `month`."""
    return month // 12 - (1 if month % 12 >= 5 else 2)


def decided_by(shocks: Sequence[Shock], lines: Lines, year: int) -> Array:
    """Return the log change of each line's budget that the shocks of `year` decide."""
    change = np.zeros(len(lines.level))
    for shock in shocks:
        if shock.year == year:
            hit = [
                funder == shock.funder_id and shock.programme in (None, programme)
                for funder, programme in zip(lines.funder_id, lines.programme, strict=True)
            ]
            change[np.array(hit)] += np.log1p(-shock.cut)
    return change


def _by_level(pairs: Sequence[tuple[str, float]], lines: Lines) -> Array:
    table = dict(pairs)
    return np.asarray(np.array([table[name] for name in _LEVELS])[lines.level])


def _cancelled(n: int, law: BudgetLaw, rng: np.random.Generator, *, harsh: bool) -> Array:
    some = rng.random(n) < (law.cancel_austerity if harsh else law.cancel)
    return np.where(some, rng.uniform(law.cancel_low, law.cancel_high, n), 0.0)


def _delay(
    last: Array | None,
    lines: Lines,
    law: BudgetLaw,
    growth: Array,
    cancelled: Array,
    rng: np.random.Generator,
) -> Array:
    # The State pays through one office: its delay follows the mean of its programmes.
    state = lines.level == 0
    noise = rng.normal(0.0, law.delay_noise, len(growth))
    pressure = law.delay_cut * np.clip(-growth, -0.02, None) + cancelled
    pressure[state], noise[state] = pressure[state].mean(), noise[state].mean()
    usual = np.log(_by_level(law.delay_days, lines))
    before = usual if last is None else np.log(last)
    return np.exp(usual + law.delay_memory * (before - usual) + pressure + noise)
