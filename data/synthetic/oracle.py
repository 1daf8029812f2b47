"""The oracle: what the best possible model could know, and what nobody can.

For a structure alive at the end of a month, with no end on that day:

- `p_true` is the chance of `failure` in (as_of, as_of + horizon] given its hidden tension, frailty
  and stuck payments on that day;
- `p_observable` is the same chance given only the facts known on that day: the exact Bayes filter
  of the hidden states (30 of them) over the signs that the tables show, from birth to as_of.

Both average over `replicates` possible futures of budgets, awards and delays, drawn from the law
from what is known on that day; the hidden states ahead are summed out exactly, never sampled.
No feature, label or model may read this. A merger is a competing end, not a failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.synthetic.emit import sirens
from data.synthetic.funders import future
from data.synthetic.funding import Pressure, Window, next_awards, one_offs, pressure
from data.synthetic.law import FRAILTIES, STUCK, TENSIONS, Floats, LifeLaw
from data.synthetic.life import UNSEEN, Chances, chances, ends
from data.synthetic.world import Progress, World, opening, stream

Ints = NDArray[np.int64]
Number = TypeVar("Number", np.float32, np.int8)

SCHEMA = pl.Schema(
    {
        "siren": pl.String(),
        "as_of": pl.Date(),
        "horizon_months": pl.Int32(),
        "p_true": pl.Float64(),
        "p_observable": pl.Float64(),
    }
)
#: rows treated at once: keeps the 30 states of a block within the processor's cache
_BLOCK = 4096


def move(weights: Floats, step: Chances, law: LifeLaw) -> Floats:
    """Advance weights (..., STUCK, TENSIONS, FRAILTIES, n) of the hidden states by one month."""
    up, down = step.up[:, None], step.down[None, None]
    moved = weights.copy()
    rise, fall = weights[..., :-1, :, :] * up, weights[..., 1:, :, :] * down
    moved[..., :-1, :, :] -= rise
    moved[..., 1:, :, :] += rise
    moved[..., 1:, :, :] -= fall
    moved[..., :-1, :, :] += fall
    blocked = moved[..., 0, :, :, :] * step.stuck
    freed = moved[..., 1, :, :, :] * np.float32(law.unstuck)
    moved[..., 0, :, :, :] += freed - blocked
    moved[..., 1, :, :, :] += blocked - freed
    return moved


@dataclass(frozen=True)
class _Fate:
    """Chance of living a month on, and of failing in it: arrays (TENSIONS, FRAILTIES, n)."""

    lives: Floats
    fails: Floats


def _fate(world: World, rows: Ints, month: int) -> _Fate:
    hazards = ends(world.population, rows, month, world.law.life)
    failing = hazards.proceedings + hazards.voluntary[:, None]
    total = failing + hazards.merger[:, None]
    lives = np.exp(-total)
    return _Fate(lives, (1.0 - lives) * failing / total)


def _likelihood(world: World, rows: Ints, month: int) -> Floats:
    """Return the likelihood of the signs of `month` by tension, (TENSIONS, n)."""
    law, life = world.law.life, world.life
    alert, debt = life.alert[rows, month], life.debt[rows, month]
    raised = law.alert[:, None] * law.severity[:, np.maximum(alert, 1) - 1]
    by_alert = np.where(alert == 0, 1.0 - law.alert[:, None], raised)
    likelihood = np.where(alert == UNSEEN, 1.0, by_alert)
    likelihood *= np.where(debt == UNSEEN, 1.0, law.debt[:, np.maximum(debt, 0)])
    filing = life.filing[rows, month]
    filed = np.where(filing == 1, law.filing[:, None], 1.0 - law.filing[:, None])
    return (likelihood * np.where(filing == UNSEEN, 1.0, filed)).astype(np.float32)


def posterior(world: World, rows: Ints, months: Sequence[int]) -> dict[int, Floats]:
    """Return the law of the hidden states of `rows` given the facts known at the end of `months`.

    Each array is (STUCK, TENSIONS, FRAILTIES, n) and sums to one over its first three axes, for
    structures that have entered and not ended by then.
    """
    law = world.law.life
    weights = np.zeros((STUCK, TENSIONS, FRAILTIES, len(rows)), dtype=np.float32)
    weights[0] = law.first().T[:, :, None]
    entry = world.population.entry[rows]
    kept: dict[int, Floats] = {}
    state = np.arange(STUCK)[:, None]
    for month in range(1, max(months) + 1):
        before = world.pressures[month - 1]
        step = chances(Pressure(before.up[rows], before.down[rows], before.stuck[rows]), law)
        seen = world.life.seen_stuck[rows, month]
        possible = (seen == UNSEEN) | (seen == state)
        sign = _likelihood(world, rows, month) * possible[:, None, :]
        new = move(weights, step, law) * _fate(world, rows, month).lives * sign[:, :, None]
        total = new.sum(axis=(0, 1, 2))
        weights = np.where((entry < month) & (total > 0), new / np.maximum(total, 1e-30), weights)
        if month in months:
            kept[month] = weights
    return kept


def _window(world: World, rows: Ints, month: int, replicate: int, block: int, ahead: int) -> Window:
    """Draw one possible future of the funding of `rows` after the end of `month`."""
    law, awards = world.law, world.awards
    year, in_year = divmod(month, 12)
    more = (month + ahead) // 12 - year
    books = future(
        world.budgets, month, more, world.lines, law.budget,
        stream(world.seed, "future", month, replicate),
    )  # fmt: skip
    generator = stream(world.seed, "future", month, replicate, block)
    first = year - 2
    line = world.population.slot_line[rows]
    known = world.population.slot_month[rows] <= in_year + 1
    past = [_of_year(awards.amount, rows, y) for y in (year - 2, year - 1)]
    current, left = past[1], _of_year(awards.years_left, rows, year - 1)
    level = awards.level[rows]
    for ahead_year in range(year, year + more + 1):
        growth = books.growth[:, ahead_year][line].astype(np.float32)
        current, left = next_awards(current, left, level, growth, law.funding, generator)
        current = np.where(opening(world.population, ahead_year, rows), level, current)
        if ahead_year == year:
            current = np.where(known, awards.amount[rows, :, year], current)
            left = np.where(known, awards.years_left[rows, :, year], left)
        past.append(current)
    drawn, slot = one_offs(level * world.population.slot_first[rows], ahead, law.funding, generator)
    start = 12 * first
    old = [np.maximum(start, 0), month + 1]
    gap = np.zeros((len(rows), old[0] - start), dtype=np.float32)
    return Window(
        first,
        np.stack(past, axis=2),
        np.hstack([gap, awards.one_off[rows, old[0] : old[1]], drawn]),
        np.hstack([gap.astype(np.int8), awards.one_off_slot[rows, old[0] : old[1]], slot]),
        _years(books.cancelled, first),
        _years(books.delay_days, first),
    )


def _of_year(values: NDArray[Number], rows: Ints, year: int) -> NDArray[Number]:
    return values[rows, :, year] if year >= 0 else np.zeros_like(values[rows, :, 0])


def _years(values: NDArray[np.float64], first: int) -> NDArray[np.float64]:
    if first >= 0:
        return values[:, first:]
    return np.hstack([np.repeat(values[:, :1], -first, axis=1), values])


def _ahead(
    world: World, rows: Ints, month: int, weights: Floats, horizons: Sequence[int],
    replicates: int, block: int,
) -> dict[int, NDArray[np.float64]]:  # fmt: skip
    """Return, by horizon, the chance of failure (2, n): true, observable."""
    law, n = world.law, len(rows)
    fates = [_fate(world, rows, month + ahead) for ahead in range(1, max(horizons) + 1)]
    life = world.life
    both = np.zeros((2, STUCK, TENSIONS, FRAILTIES, n), dtype=np.float32)
    both[
        0, life.stuck[rows, month], life.tension[rows, month], life.frailty[rows], np.arange(n)
    ] = 1
    both[1] = weights
    now = world.pressures[month]
    known = chances(Pressure(now.up[rows], now.down[rows], now.stuck[rows]), law.life)
    out = {horizon: np.zeros((2, n)) for horizon in horizons}
    for replicate in range(replicates):
        window = _window(world, rows, month, replicate, block, max(horizons))
        alive, failed, step = both, np.zeros((2, n)), known
        for ahead in range(1, max(horizons) + 1):
            if ahead > 1:
                facts = pressure(
                    window, month + ahead - 1, world.population, rows,
                    law.budget, law.funding, law.life,
                )  # fmt: skip
                step = chances(facts, law.life)
            alive = move(alive, step, law.life)
            here = alive.sum(axis=1)
            failed += (here * fates[ahead - 1].fails).sum(axis=(1, 2))
            alive *= fates[ahead - 1].lives
            if ahead in out:
                out[ahead] += failed / replicates
    return out


def oracle(
    world: World,
    as_of: Sequence[date],
    horizons_months: Sequence[int] = (6, 12, 18),
    *,
    replicates: int = 8,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Return p_true and p_observable of each structure alive, as_of and horizon.

    Parameters
    ----------
    as_of : sequence of date
        Last days of months of the world.
    horizons_months : sequence of int
        Months ahead.
    replicates : int
        Possible futures averaged; their noise on a probability is a few percent of it at 8.

    Raises
    ------
    SyntheticError
        An as_of is not the end of a month of the world.
    """
    months = sorted({world.month_of(day): day for day in as_of}.items())
    codes = sirens(world)
    frames = [pl.DataFrame(schema=SCHEMA)]
    blocks = range(0, len(world.population), _BLOCK)
    for number, low in enumerate(blocks):
        rows = np.arange(low, min(low + _BLOCK, len(world.population)))
        laws = posterior(world, rows, [month for month, _ in months])
        for done, (month, day) in enumerate(months):
            there = (world.population.entry[rows] < month) & (world.life.end_month[rows] > month)
            chosen = rows[there]
            chance = _ahead(
                world, chosen, month, laws[month][..., there], horizons_months, replicates, number
            )
            frames.extend(
                pl.DataFrame(
                    {"siren": codes[chosen], "p_true": both[0], "p_observable": both[1]}
                ).select(
                    "siren",
                    pl.lit(day).alias("as_of"),
                    pl.lit(horizon, pl.Int32).alias("horizon_months"),
                    "p_true",
                    "p_observable",
                )
                for horizon, both in chance.items()
            )
            if progress is not None:
                progress("oracle", (number + (done + 1) / len(months)) / len(blocks))
    return pl.concat(frames).sort("as_of", "horizon_months", "siren")
