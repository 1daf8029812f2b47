"""Life of the structures: hidden cash tension, what it lets be seen, and how it ends.

Order of a month t, for a structure alive at its start:

1. payments: the instalments due in t-1 get stuck, or stuck ones are released;
2. cash: tension rises, stays or recedes (more often rises after cuts and stuck payments at t-1);
3. end: collective proceedings, voluntary end or merger, whose chances grow with tension;
4. signs, if it lives on: an alert, a social debt, a deposit of accounts, that tension drives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.synthetic.funding import Pressure
from data.synthetic.law import FRAILTIES, STUCK, TENSIONS, Floats, LifeLaw
from data.synthetic.structures import Population, log_age

Codes = NDArray[np.int8]
Ints = NDArray[np.int64]

UNSEEN = -1
PROCEEDINGS, VOLUNTARY, MERGER = 1, 2, 3
#: months (from 0) at whose end the debts of the last quarter are known, and deposits run
DEBT_MONTHS = (1, 4, 7, 10)
FIRST_DEPOSIT_MONTH = 4


@dataclass(frozen=True)
class Chances:
    """Chances of one month: `up` (STUCK, FRAILTIES, n), `down` (FRAILTIES, n), `stuck` (n,)."""

    up: Floats
    down: Floats
    stuck: Floats


@dataclass(frozen=True)
class Ends:
    """Monthly hazards of each end: arrays (TENSIONS, FRAILTIES, n), (TENSIONS, n) twice."""

    proceedings: Floats
    voluntary: Floats
    merger: Floats


def chances(pressure: Pressure, law: LifeLaw) -> Chances:
    """Return the chances of the moves of a month under the pressure of the month before."""
    push = law.up * np.exp(pressure.up)
    stuck = np.exp(law.up_stuck * np.arange(STUCK))
    up = stuck[:, None, None] * law.frailty_up[None, :, None] * push[None, None, :]
    down = law.down * law.frailty_down[:, None] * np.exp(pressure.down)[None, :]
    return Chances(
        np.minimum(up, law.most).astype(np.float32),
        np.minimum(down, law.most).astype(np.float32),
        pressure.stuck,
    )


def ends(population: Population, rows: Ints, month: int, law: LifeLaw) -> Ends:
    """Return the hazards of `month` for structures `rows`."""
    age = log_age(population.birth[rows] + month)
    risk = np.exp(population.proceedings[rows] + age[0]).astype(np.float32)
    leave = np.exp(population.voluntary[rows] + age[1]).astype(np.float32)
    n = len(rows)
    return Ends(
        law.proceedings[:, None, None] * law.frailty_hazard[None, :, None] * risk[None, None, :],
        law.voluntary[:, None] * leave[None, :],
        np.broadcast_to(law.merger[:, None], (TENSIONS, n)),
    )


@dataclass
class Life:
    """What happened, month by month; arrays (n, months) unless said.

    `alert` 0 none, 1-3 severity; `debt` class of what is owed; `filing` 0 still expected, 1 filed;
    `seen_stuck` 0 or 1; UNSEEN where facts do not say. `end_month` (n,) is the number of months
    when the structure does not end; `end` (n,) PROCEEDINGS, VOLUNTARY, MERGER or 0.
    """

    frailty: Codes
    tension: Codes
    stuck: Codes
    alert: Codes
    debt: Codes
    filing: Codes
    seen_stuck: Codes
    shares_from: Ints
    end_month: Ints
    end: Codes


def live(
    population: Population,
    pressures: list[Pressure],
    is_due: NDArray[np.bool_],
    must_deposit: NDArray[np.bool_],
    law: LifeLaw,
    rng: np.random.Generator,
) -> Life:
    """Run every month and return what happened.

    Parameters
    ----------
    pressures : list of Pressure
        One a month: entry t holds the facts known at the end of month t.
    is_due : array (n, months)
        Whether an instalment falls due in the month.
    must_deposit : array (n, years)
        Whether the grants of the year oblige to deposit its accounts.
    """
    n, months = is_due.shape
    rows = np.arange(n)
    first = law.first()
    births = rng.random((2, n))
    shares = np.broadcast_to(first.sum(axis=1)[:, None], (FRAILTIES, n))
    frailty = _choose(shares, births[0])
    start = first / first.sum(axis=1, keepdims=True)
    tension = _choose(start.T[:, frailty], births[1])
    stuck = np.zeros(n, dtype=np.int8)
    staffed = population.band > 0
    debts = _starts(law.shares_debts, law.debts_from, n, months, rng)
    debts[~staffed] = months
    shares_from = _starts(law.shares_payments, law.payments_from, n, months, rng)
    life = Life(
        frailty=frailty, tension=_codes(n, months), stuck=_codes(n, months),
        alert=_codes(n, months), debt=_codes(n, months), filing=_codes(n, months),
        seen_stuck=_codes(n, months), shares_from=shares_from,
        end_month=np.full(n, months, dtype=np.int64), end=np.zeros(n, dtype=np.int8),
    )  # fmt: skip
    pending = np.zeros(n, dtype=bool)
    for t in range(months):
        draw = rng.random((8, n), dtype=np.float32)
        entered = population.entry < t
        if t > 0:
            move = chances(pressures[t - 1], law)
            before = stuck
            blocked = (draw[0] < move.stuck) & entered
            stuck = np.where(before == 1, draw[0] >= law.unstuck, blocked).astype(np.int8)
            rise = move.up[before, frailty, rows]
            fall = move.down[frailty, rows]
            step = np.where(draw[1] < rise, 1, np.where(draw[1] >= 1.0 - fall, -1, 0))
            moved = np.clip(tension + step, 0, TENSIONS - 1)
            tension = np.where(entered, moved, tension).astype(np.int8)
        alive = entered & (life.end_month == months)
        kind = _end(ends(population, rows, t, law), tension, frailty, draw[2], draw[3])
        over = alive & (kind > 0)
        life.end_month[over], life.end[over] = t, kind[over]
        alive &= ~over
        life.tension[:, t], life.stuck[:, t] = tension, stuck
        if t >= 12 * law.alerts_from:
            severity = 1 + _choose(law.severity.T[:, tension], draw[5])
            life.alert[:, t] = np.where(draw[4] < law.alert[tension], severity, 0)
        if t % 12 in DEBT_MONTHS:
            owed = _choose(law.debt.T[:, tension], draw[6])
            life.debt[:, t] = np.where(t >= debts, owed, UNSEEN)
        if t % 12 == FIRST_DEPOSIT_MONTH and t >= 12:
            pending = must_deposit[:, t // 12 - 1] & alive
        if t % 12 >= FIRST_DEPOSIT_MONTH:
            filed = pending & (draw[7] < law.filing[tension])
            life.filing[:, t] = np.where(pending, filed, UNSEEN)
            pending &= ~filed
        for signs in (life.alert, life.debt, life.filing):
            signs[~alive, t] = UNSEEN
    life.seen_stuck[:] = _seen(life, is_due, population)
    return life


def _codes(n: int, months: int) -> Codes:
    return np.full((n, months), UNSEEN, dtype=np.int8)


def _starts(
    share: float, years: tuple[int, int], n: int, months: int, rng: np.random.Generator
) -> Ints:
    some, first = rng.random(n) < share, rng.integers(12 * years[0], 12 * (years[1] + 1), n)
    return np.where(some, first, months)


def _choose(weights: NDArray[np.floating], draw: NDArray[np.floating]) -> Codes:
    """Return the class of each column of `weights` (classes, n), which sum to one."""
    edges = np.cumsum(weights, axis=0)[:-1]
    return np.asarray((draw[None, :] >= edges).sum(axis=0), dtype=np.int8)


def _end(
    hazards: Ends, tension: Codes, frailty: Codes, draw: Floats, which: Floats
) -> NDArray[np.int8]:
    rows = np.arange(len(tension))
    proceedings = hazards.proceedings[tension, frailty, rows]
    voluntary = hazards.voluntary[tension, rows]
    merger = hazards.merger[tension, rows]
    total = proceedings + voluntary + merger
    share = which * total
    kind = np.where(
        share < proceedings,
        PROCEEDINGS,
        np.where(share < proceedings + voluntary, VOLUNTARY, MERGER),
    )
    return np.where(draw < -np.expm1(-total), kind, 0).astype(np.int8)


def _seen(life: Life, is_due: NDArray[np.bool_], population: Population) -> Codes:
    """Return when stuck payments are told by the facts: after the first instalment shared."""
    months = is_due.shape[1]
    month = np.arange(months)
    start = np.maximum(life.shares_from, population.entry + 1)
    shared = is_due & (month[None, :] >= start[:, None])
    first = np.where(shared.any(axis=1), shared.argmax(axis=1), months)
    told = month[None, :] > first[:, None]
    told &= month[None, :] < life.end_month[:, None]
    return np.where(told, life.stuck, UNSEEN).astype(np.int8)
