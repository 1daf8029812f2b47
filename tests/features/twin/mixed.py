"""Worlds as many sources tell them: lists that stop, extracts, exports that overlap, edge days.

The plain worlds draw each row apart; here are the cases that chance alone would hardly meet.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

from tests.features.twin.days import months_before
from tests.features.worlds import FUNDERS, Row, World

#: tables in which what is told again counts once
_ONCE = ("payments", "alerts", "accounts", "budgets", "funder_delays")
#: table, the day that is read on windows, and the months after which a window starts
_DATED = (
    ("grants", "decided_on", (0, 12, 24, 36, 60, 72)),
    ("payments", "due_on", (0, 36)),
    ("payments", "paid_on", (0, 6, 12, 18)),
    ("events", "occurred_on", (0, 24, 24)),
    ("accounts", "closed_on", (0, 36)),
    ("alerts", "raised_on", (0, 12, 36)),
    ("debts", "known_on", (0, 12, 24, 36)),
)
_COMMUNE = FUNDERS[2][0]


def mixed(rng: random.Random, world: World, as_of: date) -> World:
    """Return `world` told otherwise, with days on the edges of the windows of `as_of`."""
    other = {table: [dict(row) for row in rows] for table, rows in world.items()}
    other["grants"] = _lists(rng, other["grants"])
    _halves(rng, other["grants"], as_of)
    _edges(rng, other, as_of)
    for row in other["structures"]:
        row["source"] = rng.choice(("sirene", "rna", "esus"))
    for row in other["events"]:
        if rng.random() < 0.3:
            gap = rng.choice((timedelta(days=rng.randrange(400)), as_of - row["known_on"]))
            row["retracted_on"] = row["known_on"] + gap
    _instalments(rng, other["payments"])
    for table in _ONCE:
        other[table] += [_later(rng, row) for row in other[table] if rng.random() < 0.2]
    other["debts"] += [
        _later(rng, row) for row in other["debts"] if row.get("debt_id") and rng.random() < 0.3
    ]
    for rows in other.values():
        rng.shuffle(rows)
    return other


def _lists(rng: random.Random, grants: list[Row]) -> list[Row]:
    """Give each funder its lists: whole or extracts, from a year on, but for a hole."""
    extracts, years = {}, {}
    for funder, *_ in FUNDERS:
        extracts[funder] = rng.choice((0.0, 0.3, 1.0))
        holes = {rng.randrange(2013, 2023) for _ in range(rng.randrange(4))}
        years[funder] = set(range(rng.choice((2013, 2016, 2018, 2019)), 2023)) - holes
    kept = [row for row in grants if row["fiscal_year"] in years[row["funder_id"]]]
    for row in kept:
        row["source"] = "fonjep" if rng.random() < extracts[row["funder_id"]] else "jaune"
        if rng.random() < 0.2:
            row["amount_eur"] = Decimal(500 * rng.randrange(1, 30))
    return kept


def _halves(rng: random.Random, grants: list[Row], as_of: date) -> None:
    """Make the commune cut some structures by exactly half, or by a cent more."""
    given = [row for row in grants if row["funder_id"] == _COMMUNE]
    for who in sorted({row["siren"] for row in given if row["siren"]}):
        if rng.random() < 0.5:
            continue
        model = next(row for row in given if row["siren"] == who)
        grants[:] = [r for r in grants if (r["siren"], r["funder_id"]) != (who, _COMMUNE)]
        half = Decimal(1000 * rng.randrange(1, 20))
        for year, amount in ((as_of.year - 2, 4 * half), (as_of.year - 1, 2 * half)):
            cut = rng.choice((Decimal(0), Decimal("0.01")))
            days = {"decided_on": date(year, 3, 1), "known_on": date(year, 3, 1)}
            grants.append({**model, "fiscal_year": year, "amount_eur": amount - cut, **days})
        days = {"decided_on": date(as_of.year, 1, 5), "known_on": date(as_of.year, 1, 5)}
        grants.append({**model, "fiscal_year": as_of.year, "amount_eur": half, **days})


def _edges(rng: random.Random, world: World, as_of: date) -> None:
    for table, column, months in _DATED:
        for row in world[table]:
            if rng.random() > 0.25 or row.get(column, as_of) is None:
                continue
            edge = months_before(as_of, rng.choice(months)) + timedelta(rng.choice((-1, 0, 1)))
            if column == "due_on" and row["paid_on"]:  # the delay stays
                row["paid_on"] += edge - row["due_on"]
            row[column] = edge
            row["known_on"] = row.get("paid_on") or edge
    for row in world["debts"]:
        if row.get("debt_id") and rng.random() < 0.4:
            end = months_before(as_of, rng.choice((0, 1, 2, 13, 14, 25, 26, 37, 38)))
            row["period"] = f"{end:%Y-%m}"
    for row in world["structures"]:
        if rng.random() < 0.3:  # several states known the same day
            row["known_on"] = as_of - timedelta(days=30)


def _instalments(rng: random.Random, payments: list[Row]) -> None:
    """Tell each instalment when due, then when paid, sometimes in part or one day too late."""
    for row in [row for row in payments if row["paid_on"] is not None]:
        due = {**row, "paid_on": None, "known_on": min(row["due_on"], row["known_on"])}
        payments.append(due)
        if rng.random() < 0.2:
            row["paid_on"] = row["due_on"] + timedelta(days=rng.choice((30, 31)))
        if rng.random() < 0.2:
            row["amount_eur"] = (row["amount_eur"] / 2).quantize(Decimal("0.01"))


def _later(rng: random.Random, row: Row) -> Row:
    """Return a row as a later export tells it again."""
    return {**row, "known_on": row["known_on"] + timedelta(days=rng.choice((0, 0, 1, 90)))}
