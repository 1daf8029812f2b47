"""Awards that follow the budgets, and what they do to cash month after month.

Everything here is known from published facts: it does not depend on the hidden tension, so the
same functions draw the past of the world and the possible futures of the oracle.

Worked example: a slot with `slot_month` 4 gets its 2020 award in April 2020. At the end of March
2020 the last award is that of 2019; at the end of April it is that of 2020, or nothing if the
funder stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.synthetic.funders import published
from data.synthetic.law import SLOTS, BudgetLaw, Floats, FundingLaw, LifeLaw
from data.synthetic.structures import Population

Array = NDArray[np.float64]

#: months between a decision and the day its instalments fall due
FIRST_INSTALMENT, SECOND_INSTALMENT = 2, 6


@dataclass
class Awards:
    """Recurring awards by year and one-off grants by month.

    `amount` (n, SLOTS, years) euros, 0 when not awarded; `years_left` (n, SLOTS, years) years
    still covered by a multi-year agreement after that year; `level` the usual amount of a slot;
    `one_off` (n, months) euros and `one_off_slot` (n, months) the slot whose line pays it.
    """

    amount: Floats
    years_left: NDArray[np.int8]
    level: Floats
    one_off: Floats
    one_off_slot: NDArray[np.int8]


def next_awards(
    amount: Floats,
    years_left: NDArray[np.int8],
    level: Floats,
    growth: Floats,
    law: FundingLaw,
    rng: np.random.Generator,
) -> tuple[Floats, NDArray[np.int8]]:
    """Draw the awards of the next year from those of this one, all arrays (n, SLOTS).

    `growth` is the log change of the budget of each slot's line.
    """
    shape = amount.shape
    chance = rng.random(shape, dtype=np.float32)
    noise = rng.standard_normal(shape, dtype=np.float32) * np.float32(law.noise)
    longer = rng.random(shape, dtype=np.float32) < law.multi_year
    held, bound = amount > 0, years_left > 0
    cut = np.maximum(1.0 - np.exp(growth) - law.cut_tolerated, 0.0)
    loss = np.minimum(law.loss + law.loss_after_cut * cut, 0.7)
    kept = held & ~bound & (chance >= loss)
    renewed = amount * np.exp(np.clip(law.elasticity * growth + noise, -2.0, 1.0))
    gained = ~held & (chance < law.gain)
    new = np.where(held & bound, amount, 0.0)
    new = np.where(kept, np.maximum(renewed, 200.0), new)
    new = np.where(gained, level * np.exp(noise), new).astype(np.float32)
    left = np.where(bound & held, years_left - 1, np.where(kept & longer, law.multi_years, 0))
    return np.round(new).astype(np.float32), left.astype(np.int8)


def one_offs(
    level: Floats, months: int, law: FundingLaw, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.int8]]:
    """Draw one-off grants of `months` months: euros (n, months) and paying slot (n, months)."""
    n = len(level)
    slot = rng.integers(0, SLOTS, (n, months), dtype=np.int8)
    given = rng.random((n, months), dtype=np.float32) < law.one_off_monthly
    size = np.exp(0.4 * rng.standard_normal((n, months), dtype=np.float32))
    usual = level.sum(axis=1, keepdims=True) * np.float32(law.one_off_share)
    euros = np.where(given, np.maximum(usual * size, 300.0), 0.0)
    return np.round(euros).astype(np.float32), slot


@dataclass(frozen=True)
class Pressure:
    """What the facts known at the end of a month do to the next one; arrays of (n,).

    `up` is the log change of the chance that tension rises, `down` that it recedes, `stuck` the
    chance that the instalments due this month stay unpaid (0 when none is due).
    """

    up: Floats
    down: Floats
    stuck: Floats


@dataclass(frozen=True)
class Window:
    """Years of budgets and awards around the months asked for; years count from `first_year`."""

    first_year: int
    amount: Floats
    one_off: Floats
    one_off_slot: NDArray[np.int8]
    cancelled: Array
    delay_days: Array


def twelve_months(window: Window, month: int, slot_month: NDArray[np.int64]) -> Floats:
    """Return the euros awarded per slot over the 12 months that end with `month`, (n, SLOTS)."""
    year, in_year = divmod(month, 12)
    position = year - window.first_year
    decided = slot_month <= in_year + 1
    recurring = np.where(
        decided, _year(window.amount, position), _year(window.amount, position - 1)
    )
    start = window.first_year * 12
    low, high = max(month - 11 - start, 0), month + 1 - start
    for column in range(low, high):
        given = np.flatnonzero(window.one_off[:, column])
        recurring[given, window.one_off_slot[given, column]] += window.one_off[given, column]
    return recurring


def _year(amount: Floats, position: int) -> Floats:
    if position < 0:
        return np.zeros(amount.shape[:2], dtype=np.float32)
    return amount[:, :, position]


def due(window: Window, month: int, slot_month: NDArray[np.int64], law: FundingLaw) -> Floats:
    """Return the euros of instalments that fall due in `month`, per structure, shape (n,).

    An award is due two months after its decision; a large one, 60 % then and 40 % at six months.
    """
    total = np.zeros(len(slot_month), dtype=np.float32)
    for lag in (FIRST_INSTALMENT, SECOND_INSTALMENT):
        decided = month - lag
        if decided < window.first_year * 12:
            continue
        year, in_year = divmod(decided, 12)
        amount = np.where(
            slot_month == in_year + 1, window.amount[:, :, year - window.first_year], 0.0
        )
        total += instalment(amount, lag, law).sum(axis=1)
        if lag == FIRST_INSTALMENT:
            total += window.one_off[:, decided - window.first_year * 12]
    return total


def instalment(amount: Floats, lag: int, law: FundingLaw) -> Floats:
    """Return the part of awards that falls due `lag` months after the decision."""
    large = amount > law.split_above_eur
    second = np.where(large, np.round(0.4 * amount), 0.0)
    part = amount - second if lag == FIRST_INSTALMENT else second
    return part.astype(np.float32)


def pressure(
    window: Window,
    month: int,
    population: Population,
    rows: NDArray[np.int64],
    budget_law: BudgetLaw,
    funding_law: FundingLaw,
    life_law: LifeLaw,
) -> Pressure:
    """Return what the facts known at the end of `month` do to month + 1, for structures `rows`.

    The window's arrays are already restricted to `rows`.
    """
    slot_month, line = population.slot_month[rows], population.slot_line[rows]
    now = twelve_months(window, month, slot_month)
    before = twelve_months(window, month - 12, slot_month).sum(axis=1)
    total = now.sum(axis=1)
    comparable = (before > 0) & (month - 23 >= population.entry[rows])
    change = np.where(comparable, 1.0 - total / np.maximum(before, 1.0), 0.0)
    share = now / np.maximum(total, 1.0)[:, None]
    # Both State programmes are one funder.
    concentration = (share * share).sum(axis=1) + 2.0 * share[:, 0] * share[:, 4]
    dependence = before / population.budget_eur[rows]
    weight = np.where(
        population.budget_known[rows], np.clip(0.7 + 0.75 * dependence, 0.7, 1.3), 1.0
    )
    lost = np.clip(change, 0.0, 1.0)
    up = life_law.up_cut * lost * (0.7 + 0.5 * concentration) * weight
    down = life_law.down_gain * np.clip(-change, 0.0, 0.5)
    stuck = _stuck(window, month, line, share, budget_law, life_law)
    is_due = due(window, month, slot_month, funding_law) > 0
    return Pressure(
        up.astype(np.float32),
        down.astype(np.float32),
        np.where(is_due, stuck, 0.0).astype(np.float32),
    )


def _stuck(
    window: Window,
    month: int,
    line: NDArray[np.int64],
    share: Floats,
    law: BudgetLaw,
    life: LifeLaw,
) -> Floats:
    year, in_year = divmod(month, 12)
    position = year - window.first_year
    delay = window.delay_days[:, max(published(month) - window.first_year, 0)][line]
    cancelled = np.where(in_year + 1 >= law.cancel_month, window.cancelled[:, position], 0.0)[line]
    funded = share.sum(axis=1) > 0
    mean_delay = np.where(funded, (share * delay).sum(axis=1), 38.0)
    mean_cancelled = (share * cancelled).sum(axis=1)
    chance = life.stuck * np.exp(life.stuck_delay * (mean_delay - 38.0))
    chance = np.minimum(chance * (1.0 + life.stuck_cancel * mean_cancelled), 0.6)
    return np.asarray(chance, dtype=np.float32)
