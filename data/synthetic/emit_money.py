"""Write the facts of money: grants, payments, budgets, delays, debts, deposits of accounts."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.synthetic.emit import DATASET, days, euros, month_day, quarter_before
from data.synthetic.funding import FIRST_INSTALMENT, SECOND_INSTALMENT, instalment
from data.synthetic.structures import BANDS, SECTORS
from data.synthetic.world import World, stream

Ints = NDArray[np.int64]


def _decisions(world: World, ended: Ints) -> dict[str, NDArray[np.generic]]:
    """Return every award and one-off grant decided before the end of its structure.

    Keys: row, slot, month (of decision), day, amount, left (years still covered), one_off.
    """
    people, awards = world.population, world.awards
    row, slot, year = np.nonzero(awards.amount > 0)
    month = 12 * year + people.slot_month[row, slot] - 1
    once_row, once_month = np.nonzero(awards.one_off > 0)
    all_rows = np.concatenate([row, once_row])
    all_months = np.concatenate([month, once_month])
    generator = stream(world.seed, "rows", 4)
    day = month_day(world, all_months, generator.integers(1, 21, len(all_rows)))
    entry = people.entry[all_rows]
    kept = (day < ended[all_rows]) & ((all_months > entry) | (entry == 0))
    none = np.zeros(len(once_row), dtype=np.int8)
    columns: dict[str, NDArray[np.generic]] = {
        "row": all_rows,
        "slot": np.concatenate([slot, awards.one_off_slot[once_row, once_month]]),
        "month": all_months,
        "day": day,
        "amount": np.concatenate(
            [awards.amount[row, slot, year], awards.one_off[once_row, once_month]]
        ),
        "left": np.concatenate([awards.years_left[row, slot, year], none]),
        "one_off": np.concatenate([np.zeros(len(row), bool), np.ones(len(once_row), bool)]),
    }
    return {name: values[kept] for name, values in columns.items()}


def grants(world: World, codes: NDArray[np.str_], ended: Ints) -> pl.DataFrame:
    """Return the awards, each known a few days after its decision, within its month."""
    found = _decisions(world, ended)
    row, slot = found["row"].astype(np.int64), found["slot"].astype(np.int64)
    generator = stream(world.seed, "rows", 5)
    n = len(row)
    line = world.population.slot_line[row, slot]
    day = found["day"].astype(np.int64)
    year = world.start.year + found["month"].astype(np.int64) // 12
    covered = found["left"].astype(np.int64)
    last = year + covered
    names = np.array([name for name, *_ in SECTORS])
    contract = (slot == 3) & ((row + 3 * slot) % 4 == 0)
    wordy = generator.random(n) < 0.7
    dated = generator.random(n) < 0.97
    return pl.DataFrame(
        {
            "siren": codes[row],
            "beneficiary_name": [f"Structure fictive {number + 1:06d}" for number in row],
            "funder_id": np.array(world.lines.funder_id)[line],
            "funder_name": np.array(world.lines.funder_name)[line],
            "funder_level": np.array(world.lines.funder_level)[line],
            "programme": pl.Series(world.lines.programme, dtype=pl.String)[line],
            "purpose": pl.select(
                pl.when(pl.Series(wordy)).then(
                    pl.Series(names[world.population.sector[row]]) + " — action synthétique"
                )
            ).to_series(),
            "amount_eur": euros(found["amount"].astype(np.float64)),
            "fiscal_year": year.astype(np.int32),
            "decided_on": days(day, missing=~dated),
            "period_start_on": pl.Series([date(int(y), 1, 1) for y in year]),
            "period_end_on": pl.Series([date(int(y), 12, 31) for y in last]),
            "multi_year": covered > 0,
            "instrument": np.where(contract, "contract", "grant"),
            "known_on": days(day + generator.integers(0, 8, n)),
        }
    ).with_columns(pl.lit("awarded").alias("stage"), pl.lit(DATASET).alias("dataset"))


def payments(world: World, codes: NDArray[np.str_], ended: Ints) -> pl.DataFrame:
    """Return the instalments of the structures that share them: due, then paid if they are."""
    found = _decisions(world, ended)
    parts = []
    for lag in (FIRST_INSTALMENT, SECOND_INSTALMENT):
        amount = instalment(found["amount"].astype(np.float32), lag, world.law.funding)
        if lag == FIRST_INSTALMENT:
            amount = np.where(found["one_off"], found["amount"], amount).astype(np.float32)
        else:
            amount = np.where(found["one_off"], 0.0, amount).astype(np.float32)
        month = found["month"].astype(np.int64) + lag
        shared = world.life.shares_from[found["row"].astype(np.int64)]
        kept = (amount > 0) & (month >= shared) & (month < world.months)
        parts.append((np.flatnonzero(kept), month[kept], amount[kept]))
    which = np.concatenate([part[0] for part in parts])
    month, amount = (np.concatenate([part[k] for part in parts]) for k in (1, 2))
    row = found["row"].astype(np.int64)[which]
    line = world.population.slot_line[row, found["slot"].astype(np.int64)[which]]
    generator = stream(world.seed, "rows", 6)
    due_day = month_day(world, month, generator.integers(5, 29, len(row)))
    # The usual payer pays next month, sooner or later in it as his published delay goes.
    delay = world.budgets.delay_days[
        line, np.minimum(month // 12, world.budgets.growth.shape[1] - 1)
    ]
    usual = np.clip(generator.normal(delay - 25.0, 5.0), 1, 28).astype(np.int64)
    paid_month = _release(world, row, month)
    paid_day = month_day(world, paid_month, usual)
    alive = due_day < ended[row]
    paid = alive & (paid_month < world.months) & (paid_day < ended[row])
    base = pl.DataFrame(
        {
            "siren": codes[row],
            "payment_id": [f"SYN-{number:08d}" for number in range(1, len(row) + 1)],
            "funder_id": np.array(world.lines.funder_id)[line],
            "due_on": days(due_day),
            "amount_eur": euros(amount),
        }
    )
    owed = base.with_columns(
        pl.lit(None, pl.Date).alias("paid_on"), pl.col("due_on").alias("known_on")
    )
    settled = base.with_columns(days(paid_day).alias("paid_on"), days(paid_day).alias("known_on"))
    return pl.concat([owed.filter(pl.Series(alive)), settled.filter(pl.Series(paid))])


def _release(world: World, row: Ints, month: Ints) -> Ints:
    """Return the month each instalment due in `month` is paid: the first one not stuck after it."""
    months = world.months
    free = np.full((len(world.population), months + 1), months, dtype=np.int64)
    for t in range(months - 1, -1, -1):
        free[:, t] = np.where(world.life.stuck[:, t] == 1, free[:, t + 1], t)
    return free[row, np.minimum(month + 1, months)]


def budgets(world: World) -> pl.DataFrame:
    """Return the budgets: voted (known at the end of January), cancelled (July), executed."""
    books, lines, law = world.budgets, world.lines, world.law.budget
    count, years = books.growth.shape
    voted = lines.first_year_eur[:, None] * np.exp(np.cumsum(books.growth, axis=1))
    line, year = (grid.ravel() for grid in np.indices((count, years)))
    month = 12 * year
    amounts = {
        "voted": (voted, month_day(world, month, np.full(len(line), 31))),
        "cancelled": (
            voted * books.cancelled,
            month_day(world, month + law.cancel_month - 1, np.full(len(line), 15)),
        ),
        "executed": (
            voted * (1.0 - books.cancelled) * books.executed,
            month_day(world, month + 12 + 5, np.full(len(line), 30)),
        ),
    }
    return pl.concat(
        pl.DataFrame(
            {
                "funder_id": np.array(lines.funder_id)[line],
                "programme": pl.Series(lines.programme, dtype=pl.String)[line],
                "year": (world.start.year + year).astype(np.int32),
                "amount_eur": euros(amount.ravel()),
                "known_on": days(known),
            }
        )
        .with_columns(pl.lit(stage).alias("stage"))
        .filter((pl.col("stage") != "cancelled") | (pl.col("amount_eur") > 0))
        for stage, (amount, known) in amounts.items()
    )


def delays(world: World) -> pl.DataFrame:
    """Return the published mean payment delays, known at the end of June of the next year."""
    first = {funder: line for line, funder in reversed(list(enumerate(world.lines.funder_id)))}
    line = np.array(sorted(first.values()))
    years = world.budgets.growth.shape[1]
    year = np.tile(np.arange(years), len(line))
    line = np.repeat(line, years)
    return pl.DataFrame(
        {
            "funder_id": np.array(world.lines.funder_id)[line],
            "year": (world.start.year + year).astype(np.int32),
            "mean_days": np.round(world.budgets.delay_days[line, year], 3),
            "known_on": days(month_day(world, 12 * year + 17, np.full(len(line), 30))),
        }
    )


def debts(world: World, codes: NDArray[np.str_]) -> pl.DataFrame:
    """Return the state of each quarter's social contributions, where they are shared."""
    row, month = np.nonzero(world.life.debt >= 0)
    generator = stream(world.seed, "rows", 7)
    level = world.life.debt[row, month].astype(np.int64)
    staff = np.array([row[2] for row in BANDS])[world.population.band[row]]
    contributions = np.maximum(staff * 2_600.0 * generator.uniform(0.9, 1.1, len(row)), 300.0)
    edges = np.array(world.law.life.debt_edges)
    low, high = edges[np.maximum(level, 1)], edges[np.minimum(level + 1, len(edges) - 1)]
    ratio = np.where(level == 0, 0.0, low + (high - low) * generator.random(len(row)))
    seen = month_day(world, month, generator.integers(15, 29, len(row)))
    return pl.DataFrame(
        {
            "siren": codes[row],
            "period": quarter_before(world, month),
            "due_eur": euros(contributions),
            "outstanding_eur": euros(contributions * ratio),
            "plan": (level > 1) & (generator.random(len(row)) < 0.3),
            "known_on": days(seen),
        }
    ).with_columns(pl.lit("urssaf").alias("creditor"))


def accounts(world: World, codes: NDArray[np.str_]) -> pl.DataFrame:
    """Return the deposits of accounts of the structures that grants oblige to."""
    row, month = np.nonzero(world.life.filing == 1)
    generator = stream(world.seed, "rows", 8)
    filed = month_day(world, month, generator.integers(1, 29, len(row)))
    return pl.DataFrame(
        {
            "siren": codes[row],
            "closed_on": pl.Series(
                [date(world.start.year + int(m) // 12 - 1, 12, 31) for m in month]
            ),
            "filed_on": days(filed),
            "known_on": days(filed),
        }
    )
