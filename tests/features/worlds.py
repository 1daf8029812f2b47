"""Small random worlds of facts, and worlds that differ only by what a day cannot know.

A world is a table name -> list of rows. Dates inside a row are drawn without regard to the day it
was known: an old decision published late, or an event announced ahead, is what a leak feeds on.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import polars as pl

from data.contracts import BUDGET_STAGES, ESS_FAMILIES, EVENT_KINDS, INSTRUMENTS, TABLES
from features.engines import ENGINES
from features.facts import FactFiles, MemoryFacts, prepare
from features.panel import compute_day
from tests.fictitious import siren

T = TypeVar("T")
Row = dict[str, Any]
World = dict[str, list[Row]]
Draw = Callable[[random.Random, int], Row]

#: who pays: (identifier, level, programmes)
FUNDERS = (
    ("etat", "state", ("163", "219", "147", None)),
    ("slug:region-fictive", "region", ("culture", "sport", None)),
    ("slug:commune-fictive", "commune", (None,)),
    (siren(900_001), "operator", ("agence",)),
)
PURPOSES = (
    *("fonctionnement général", "projet 2018", "poste FONJEP", "travaux", "aide exceptionnelle"),
    *("festival d'été", "étude", "formation", "divers", None),
)
SECTORS = ("culture", "social", None)
DEPARTEMENTS = (("59", "32"), ("62", "32"), ("2A", "94"), (None, None))
BANDS = ("NN", "01", "12", "32", None)
FIRST, LAST = date(2013, 1, 1), date(2022, 12, 31)


def day_between(rng: random.Random, first: date = FIRST, last: date = LAST) -> date:
    return first + timedelta(days=rng.randrange((last - first).days + 1))


def euros(rng: random.Random, high: int = 60_000) -> Decimal:
    # half of the amounts are round, so that ties and equal halves happen
    cents = rng.choice((rng.randrange(high * 100), rng.randrange(1 + high // 1000) * 100_000))
    return Decimal(cents).scaleb(-2)


def _maybe(rng: random.Random, value: T, chance: float = 0.5) -> T | None:
    return value if rng.random() < chance else None


def _structure(rng: random.Random, size: int) -> Row:
    departement, region = rng.choice(DEPARTEMENTS)
    return {
        "siren": siren(rng.randrange(size)),
        "ess_family": rng.choice((*ESS_FAMILIES, None)),
        "esus": rng.choice((True, False, None)),
        "sector": rng.choice(SECTORS),
        "departement": departement,
        "region": region,
        "employees_band": rng.choice(BANDS),
        "budget_eur": _maybe(rng, euros(rng, 300_000)),
        "created_on": _maybe(rng, day_between(rng, date(1980, 1, 1))),
        "ceased_on": _maybe(rng, day_between(rng), 0.05),
    }


def _grant(rng: random.Random, size: int) -> Row:
    number = rng.randrange(size)
    usual = rng.random() < 0.7  # the same line, year after year
    funder, level, programmes = FUNDERS[number % len(FUNDERS)] if usual else rng.choice(FUNDERS)
    year = rng.randrange(2013, 2023)
    stages = ("awarded", "paid") if funder == "slug:region-fictive" else ("paid", "awarded")
    amount = euros(rng)
    return {
        "siren": _maybe(rng, siren(number), 0.97),
        "rna": f"W{rng.randrange(10**9):09d}",
        "funder_id": funder,
        "funder_level": level if rng.random() < 0.95 else "unknown",
        "programme": programmes[number % len(programmes)] if usual else rng.choice(programmes),
        "purpose": PURPOSES[number % len(PURPOSES)] if usual else rng.choice(PURPOSES),
        "amount_eur": -amount if rng.random() < 0.05 else amount,
        "stage": stages[year % 4 == 0 and rng.random() < 0.3],  # both stages in some years
        "fiscal_year": year,
        "decided_on": _maybe(rng, day_between(rng), 0.2),
        "multi_year": rng.choice((True, False, None)),
        "instrument": rng.choice((*("grant",) * 6, *INSTRUMENTS)),
        "dataset": "liste fictive",
    }


def _payment(rng: random.Random, size: int) -> Row:
    due = day_between(rng)
    return {
        "siren": siren(rng.randrange(size)),
        "payment_id": f"p{rng.randrange(10**6)}",
        "funder_id": rng.choice(FUNDERS)[0],
        "due_on": due,
        "paid_on": _maybe(rng, due + timedelta(days=rng.randrange(-10, 200))),
        "amount_eur": euros(rng),
    }


def _funder_delay(rng: random.Random, _size: int) -> Row:
    return {
        "funder_id": rng.choice(FUNDERS)[0],
        "year": rng.randrange(2013, 2023),
        "mean_days": rng.choice((30.0, rng.uniform(0, 200))),
    }


def _budget(rng: random.Random, _size: int) -> Row:
    funder, _, programmes = rng.choice(FUNDERS)
    return {
        "funder_id": funder,
        "programme": rng.choice((*programmes, None)),
        "year": rng.randrange(2016, 2022),
        "stage": rng.choice((*BUDGET_STAGES, "voted")),
        "amount_eur": euros(rng, 5_000_000),
    }


def _event(rng: random.Random, size: int) -> Row:
    kind = rng.choice(EVENT_KINDS)
    return {"siren": siren(rng.randrange(size)), "kind": kind, "occurred_on": day_between(rng)}


def _debt(rng: random.Random, size: int) -> Row:
    due, year = euros(rng, 20_000), rng.randrange(2013, 2023)
    owed = rng.choice((Decimal(0), due, due / 20)).quantize(Decimal("0.01"))
    common = {"siren": siren(rng.randrange(size)), "creditor": "urssaf"}
    kind = rng.choice(("whole", "whole", "owed", "due", "plan"))
    if kind == "whole":
        period = f"{year}-Q{rng.randrange(1, 5)}"
        plan = rng.random() < 0.3
        return {**common, "period": period, "due_eur": due, "outstanding_eur": owed, "plan": plan}
    # successive states of few debts, of which each line says one thing
    number = rng.randrange(3)
    period = f"{2016 + number}-{rng.choice(('03', '11'))}" if rng.random() < 0.9 else str(year)
    said: Row = {
        "owed": {"outstanding_eur": owed},
        "due": {"due_eur": due},
        "plan": {"plan": rng.random() < 0.5, "outstanding_eur": rng.choice((due, None))},
    }[kind]
    return {**common, "period": period, "debt_id": f"{kind}-{number}", **said}


def _account(rng: random.Random, size: int) -> Row:
    closed = date(rng.randrange(2013, 2022), 12, 31)
    filed = closed + timedelta(days=rng.randrange(30, 900))
    return {"siren": siren(rng.randrange(size)), "closed_on": closed, "filed_on": filed}


def _alert(rng: random.Random, size: int) -> Row:
    return {
        "siren": siren(rng.randrange(size)),
        "region": "32",
        "severity": rng.randrange(1, 4),
        "raised_on": day_between(rng),
    }


DRAWS: dict[str, Draw] = {
    "structures": _structure,
    "grants": _grant,
    "payments": _payment,
    "funder_delays": _funder_delay,
    "budgets": _budget,
    "events": _event,
    "debts": _debt,
    "accounts": _account,
    "alerts": _alert,
}
#: rows of each table by structure
DENSITY = {"structures": 1.5, "grants": 22.0, "payments": 8.0, "events": 0.6, "debts": 6.0}
_FIXED = {"funder_delays": 14, "budgets": 60}


def _known(rng: random.Random, as_of: date, *, later: bool) -> date:
    gap = rng.choice((0, 1, 30, rng.randrange(1800)))
    return as_of + timedelta(days=1 + gap) if later else as_of - timedelta(days=gap)


def _rows(rng: random.Random, table: str, count: int, size: int, as_of: date | None) -> list[Row]:
    """Draw rows known after `as_of`, or on any day when it is None."""
    drawn = [DRAWS[table](rng, size) for _ in range(count)]
    for row in drawn:
        row["known_on"] = day_between(rng) if as_of is None else _known(rng, as_of, later=True)
    return drawn


def draw_world(rng: random.Random, size: int, *, late: float = 0.3) -> World:
    """Draw a world of `size` structures; a share `late` of the facts is known on any day."""
    world: World = {}
    for table in DRAWS:
        count = _FIXED.get(table, round(size * DENSITY.get(table, 2.0)))
        world[table] = _rows(rng, table, count, size, None)
        for row in world[table]:
            if rng.random() > late:  # as published: soon after the day it is about
                row["known_on"] = _published(row)
    return world


def _published(row: Row) -> date:
    dated = row.get("paid_on") or row.get("due_on") or row.get("decided_on") or row.get("filed_on")
    dated = dated or row.get("occurred_on") or row.get("raised_on") or row.get("created_on")
    year = row.get("fiscal_year") or row.get("year")
    if dated is None and year is not None:
        dated = date(year, 12, 31)
    return dated if dated is not None else row["known_on"]


def tampered(rng: random.Random, world: World, as_of: date, size: int) -> World:
    """Return `world` with facts known after `as_of` deleted, changed, moved and added.

    Facts known by `as_of` are kept as they are, in another order.
    """
    other: World = {}
    for table, rows in world.items():
        kept = [row for row in rows if row["known_on"] <= as_of]
        for row in rows:
            if row["known_on"] <= as_of:
                continue
            act = rng.choice(("keep", "delete", "change", "move"))
            if act == "keep":
                kept.append(row)
            elif act == "change":  # other values and dates on the same day
                new = {**DRAWS[table](rng, size), "known_on": row["known_on"]}
                kept.append({**new, "siren": row["siren"]} if "siren" in row else new)
            elif act == "move":
                kept.append({**row, "known_on": _known(rng, as_of, later=True)})
        kept += _rows(rng, table, rng.randrange(2 + len(rows) // 3), size, as_of)
        rng.shuffle(kept)
        other[table] = kept
    return other


def tables(world: World) -> dict[str, pl.DataFrame]:
    """Return a world as canonical tables, with the provenance columns filled."""
    frames = {}
    for name, rows in world.items():
        wanted = TABLES[name].schema()
        schema = {c: t for c, t in wanted.items() if c != "source_row"}
        columns = {c: [row.get(c) for row in rows] for c in schema}
        frame = pl.DataFrame(columns, schema=schema).with_columns(
            pl.col("source").fill_null("fictif"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_row"),
        )
        frames[name] = frame.select(list(wanted))
    return frames


def panel_of(facts: World | FactFiles, *days: date, engine: str = "polars") -> pl.DataFrame:
    """Return the panel of `days` from a world or any facts, on one engine."""
    files = MemoryFacts(tables(facts)) if isinstance(facts, dict) else facts
    with ENGINES[engine]() as running:
        prepared = prepare(files, running)
        return pl.concat([compute_day(prepared, day) for day in days])


@dataclass(frozen=True)
class Difference:
    """One cell that differs between two panels."""

    structure: str
    column: str
    left: object
    right: object


def differences(left: pl.DataFrame, right: pl.DataFrame) -> list[Difference | str]:
    """Return how two panels differ, to the last bit of each float; empty when they do not."""
    if left.columns != right.columns or left.schema != right.schema:
        return ["other columns"]
    keys = ["structure_id", "as_of"]
    if not left.select(keys).equals(right.select(keys)):
        return [f"other rows: {left.height} and {right.height}"]
    found: list[Difference | str] = []
    for column in left.columns:
        one, two = (_bits(frame[column]) for frame in (left, right))
        found += [
            Difference(left["structure_id"][i], column, left[column][i], right[column][i])
            for i in np.flatnonzero((one != two).fill_null(value=False).to_numpy()).tolist()
            + np.flatnonzero((one.is_null() != two.is_null()).to_numpy()).tolist()
        ]
    return found


def _bits(column: pl.Series) -> pl.Series:
    return column.reinterpret(signed=False) if column.dtype == pl.Float64 else column
