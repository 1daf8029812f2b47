"""Write the world as facts: canonical tables, each row with the day it could be known.

Facts of a structure stop on the day it ends. Days within a month are drawn here, from a stream of
their own: they carry no information on the hidden state.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.contracts import conform
from data.schema import EUR
from data.synthetic.geography import DEPARTEMENTS, REGIONS, siren
from data.synthetic.life import DEBT_MONTHS, MERGER, PROCEEDINGS
from data.synthetic.structures import BANDS, FAMILIES, SECTORS
from data.synthetic.world import World, stream

Ints = NDArray[np.int64]

SOURCE = "synthetic"
DATASET = "synthetic-france"
_EPOCH = date(1970, 1, 1)
FAMILY_NAMES = {
    "association": "Association fictive",
    "cooperative": "Coopérative fictive",
    "mutual": "Mutuelle fictive",
    "foundation": "Fondation fictive",
    "commercial": "Société fictive",
}


def sirens(world: World) -> NDArray[np.str_]:
    """Return the SIREN of every structure: valid check digit, first digits 000 to 003 (unused)."""
    return np.array(siren(np.arange(1, len(world.population) + 1)))


def month_day(world: World, month: Ints, day: Ints) -> Ints:
    """Return days since 1970-01-01 of `day` (from 1) of each month of the world."""
    months = np.datetime64(world.start, "M") + month
    return np.asarray(months.astype("datetime64[D]").astype(np.int64) + day - 1)


def end_days(world: World) -> Ints:
    """Return the day each structure ends (days since 1970-01-01), far away when it does not."""
    generator = stream(world.seed, "rows", 0)
    day = generator.integers(1, 29, len(world.population))
    ended = world.life.end > 0
    inside = np.minimum(world.life.end_month, world.months - 1)
    return np.where(ended, month_day(world, inside, day), 10**6)


def tables(world: World) -> dict[str, pl.DataFrame]:
    """Return every canonical table of the world, checked against its contract."""
    from data.synthetic.emit_money import accounts, budgets, debts, delays, grants, payments

    codes, ended = sirens(world), end_days(world)
    frames = {
        "structures": structures(world, codes, ended),
        "grants": grants(world, codes, ended),
        "payments": payments(world, codes, ended),
        "funder_delays": delays(world),
        "budgets": budgets(world),
        "events": events(world, codes, ended),
        "debts": debts(world, codes),
        "accounts": accounts(world, codes),
        "alerts": alerts(world, codes),
    }
    last = (world.end - _EPOCH).days
    out: dict[str, pl.DataFrame] = {}
    rows = 0
    for name, frame in frames.items():
        known = frame.filter(pl.col("known_on").cast(pl.Int32) <= last)
        numbered = known.with_columns(
            pl.lit(SOURCE).alias("source"),
            pl.int_range(rows + 1, rows + known.height + 1, dtype=pl.Int64).alias("source_row"),
        )
        rows += known.height
        out[name] = conform(numbered, name)
    return out


def days(values: Ints, *, missing: NDArray[np.bool_] | None = None) -> pl.Series:
    """Return day numbers as dates, null where `missing`."""
    series = pl.Series(values.astype(np.int32)).cast(pl.Date)
    if missing is None:
        return series
    return pl.select(pl.when(~pl.Series(missing)).then(series)).to_series()


def euros(values: NDArray[np.floating]) -> pl.Series:
    """Return amounts as decimals, rounded to the cent."""
    return pl.Series(np.round(values.astype(np.float64), 2)).cast(EUR)


def _some(values: NDArray[np.str_] | list[str], kept: NDArray[np.bool_]) -> pl.Series:
    return pl.select(pl.when(pl.Series(kept)).then(pl.Series(values))).to_series()


def structures(world: World, codes: NDArray[np.str_], ended: Ints) -> pl.DataFrame:
    """Return one state a structure at its birth (or the start), and one when it has ceased."""
    people, generator = world.population, stream(world.seed, "rows", 1)
    n = len(people)
    day = generator.integers(1, 29, n)
    older = np.maximum(people.birth, 0) * (people.entry == 0)
    created = month_day(world, people.entry - older, day)
    start = (world.start - _EPOCH).days
    family = [FAMILIES[code][0] for code in people.family]
    numbers = np.arange(1, n + 1)
    towns = [
        f"{DEPARTEMENTS[d][:2]}9{d % 10}{t}"
        for d, t in zip(people.departement, people.town, strict=True)
    ]
    state = pl.DataFrame(
        {
            "siren": codes,
            "rna": _some(
                [f"W99{number:07d}" for number in numbers],
                (people.family == 0) & (generator.random(n) < 0.7),
            ),
            "name": [
                f"{FAMILY_NAMES[kind]} {number:06d}"
                for kind, number in zip(family, numbers, strict=True)
            ],
            "legal_category": [FAMILIES[code][2] for code in people.family],
            "ess_family": family,
            "esus": pl.select(
                pl.when(pl.Series(generator.random(n) < 0.8)).then(pl.Series(people.esus))
            ).to_series(),
            "naf": _some([SECTORS[code][2] for code in people.sector], generator.random(n) < 0.95),
            "sector": [SECTORS[code][0] for code in people.sector],
            "commune": _some(towns, generator.random(n) < 0.97),
            "departement": [DEPARTEMENTS[code] for code in people.departement],
            "region": [REGIONS[code] for code in people.region],
            "employees_band": _some([BANDS[code][0] for code in people.band], people.band_known),
            "budget_eur": pl.select(
                pl.when(pl.Series(people.budget_known)).then(euros(people.budget_eur))
            ).to_series(),
            "created_on": days(created),
            "known_on": days(np.where(people.entry == 0, start, created + 1)),
        }
    ).with_columns(pl.lit(None, pl.Date).alias("ceased_on"))
    gone = np.flatnonzero(world.life.end > PROCEEDINGS)
    lag = generator.integers(5, 41, n)
    ceased = state[gone].with_columns(
        days(ended[gone]).alias("ceased_on"), days((ended + lag)[gone]).alias("known_on")
    )
    return pl.concat([state, ceased])


def events(world: World, codes: NDArray[np.str_], ended: Ints) -> pl.DataFrame:
    """Return the end of each structure and what follows it; a merger comes with a cessation."""
    generator = stream(world.seed, "rows", 2)
    n = len(codes)
    kind_draw, next_draw = generator.random(n), generator.random(n)
    lag, wait = generator.integers(5, 41, n), generator.integers(90, 540, n)
    life = world.life
    proceedings = np.where(
        kind_draw < 0.06, "safeguard", np.where(kind_draw < 0.40, "receivership", "liquidation")
    )
    voluntary = np.where(kind_draw < 0.75, "dissolution", "cessation")
    first = np.where(life.end == PROCEEDINGS, proceedings, voluntary)
    first = np.where(life.end == MERGER, "merger", first)
    follow = np.where(next_draw < 0.5, "liquidation", "plan")
    follow = np.where(first == "liquidation", np.where(next_draw < 0.6, "closure", ""), follow)
    follow = np.where(life.end == PROCEEDINGS, follow, "")

    def rows(chosen: NDArray[np.bool_], kind: NDArray[np.str_], day: Ints) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "siren": codes[chosen],
                "kind": kind[chosen],
                "occurred_on": days(day[chosen]),
                "known_on": days((day + lag)[chosen]),
            }
        )

    return pl.concat(
        [
            rows(life.end > 0, first, ended),
            rows(life.end == MERGER, np.full(n, "cessation"), ended),
            rows(follow != "", follow, ended + wait),
        ]
    )


def alerts(world: World, codes: NDArray[np.str_]) -> pl.DataFrame:
    """Return the warnings of the regional cells."""
    row, month = np.nonzero(world.life.alert > 0)
    generator = stream(world.seed, "rows", 3)
    raised = month_day(world, month, generator.integers(1, 29, len(row)))
    reasons = np.array(
        ["tension de trésorerie", "retard de paiement", "perte d'un financement", "emplois menacés"]
    )
    return pl.DataFrame(
        {
            "siren": codes[row],
            "region": np.array(REGIONS)[world.population.region[row]],
            "severity": world.life.alert[row, month].astype(np.int32),
            "reason": _some(
                reasons[generator.integers(0, len(reasons), len(row))],
                generator.random(len(row)) < 0.85,
            ),
            "raised_on": days(raised),
            "known_on": days(raised),
        }
    )


def quarter_before(world: World, month: Ints) -> list[str]:
    """Return the quarter that the debts known at the end of `month` concern, '2020-Q1'."""
    if not np.isin(month % 12, DEBT_MONTHS).all():
        raise ValueError(f"debts are known in months {DEBT_MONTHS} of a year (from 0)")
    quarter = (month // 3) - 1
    return [f"{world.start.year + q // 4}-Q{q % 4 + 1}" for q in quarter]
