"""The world: draw budgets, population, awards and lives from one seed.

Every part has its own stream of random numbers, of a size that does not depend on what happens:
two worlds that differ by one budget cut differ only where that cut acts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.errors import VeilleError
from data.synthetic.funders import Budgets, Lines, Shock, decided_by, make_lines, next_year
from data.synthetic.funding import (
    Awards,
    Pressure,
    Window,
    due,
    next_awards,
    one_offs,
    pressure,
)
from data.synthetic.law import SLOTS, Floats, Law
from data.synthetic.life import Life, live
from data.synthetic.structures import Population, make_population

#: receives the name of the step and the share of the work done (0 to 1)
Progress = Callable[[str, float], None]

_STREAMS = ("budgets", "population", "awards", "life", "rows", "future")
_MAX_STRUCTURES = 4_000_000


class SyntheticError(VeilleError):
    """A synthetic France that cannot be made as asked."""


def stream(seed: int, name: str, *more: int) -> np.random.Generator:
    """Return the random stream of one part of the world."""
    return np.random.default_rng([seed, _STREAMS.index(name), *more])


@dataclass(frozen=True)
class World:
    """A simulated France: what everyone can know (`tables`) and what nobody can (`oracle`).

    Months count from 0 at `start`; years from 0 likewise.
    """

    seed: int
    start: date
    end: date
    law: Law
    lines: Lines
    budgets: Budgets
    population: Population
    awards: Awards
    pressures: list[Pressure]
    life: Life

    @property
    def months(self) -> int:
        """Return the number of months simulated."""
        return 12 * (self.end.year - self.start.year + 1)

    def month_of(self, as_of: date) -> int:
        """Return the month that ends on `as_of`.

        Raises
        ------
        SyntheticError
            `as_of` is not the last day of a month of the world, its first month excepted.
        """
        month = 12 * (as_of.year - self.start.year) + as_of.month - 1
        if (as_of + timedelta(days=1)).day != 1 or not 0 < month < self.months:
            raise SyntheticError(
                "L'oracle ne se calcule qu'à la fin d'un mois simulé.",
                code="synthetic-as-of",
                received=as_of,
                expected=f"un dernier jour de mois, après {self.start} et jusqu'au {self.end}",
            )
        return month

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the canonical tables of facts (see data.contracts), source ``synthetic``.

        `source_row` numbers the rows of all tables together, from 1.
        """
        from data.synthetic.emit import tables

        return tables(self)

    def oracle(
        self,
        as_of: Sequence[date],
        horizons_months: Sequence[int] = (6, 12, 18),
        *,
        replicates: int = 8,
        progress: Progress | None = None,
    ) -> pl.DataFrame:
        """Return the true and the observable chance of `failure` of the structures alive.

        Columns siren, as_of, horizon_months, p_true, p_observable; see data.synthetic.oracle.
        """
        from data.synthetic.oracle import oracle

        return oracle(self, as_of, horizons_months, replicates=replicates, progress=progress)


def simulate(
    structures: int = 20_000,
    *,
    seed: int = 1,
    start: date = date(2014, 1, 1),
    end: date = date(2024, 12, 31),
    shocks: Sequence[Shock] = (),
    law: Law | None = None,
    progress: Progress | None = None,
) -> World:
    """Simulate a France of `structures` structures, month by month.

    Parameters
    ----------
    structures : int
        How many structures exist at some time of the period (1 to 4,000,000).
    seed : int
        Same seed and options give the same world, to the last bit.
    start, end : date
        First day of a year, last day of a year at least three years later.
    shocks : sequence of Shock
        Budget cuts added to those of the law; the rest of the world keeps the same draws.

    Raises
    ------
    SyntheticError
        The number or the period is out of range, or a shock names an unknown funder.
    """
    law = law or Law()
    _check(structures, start, end)
    tell = progress or (lambda _step, _share: None)
    years = end.year - start.year + 1
    lines = make_lines()
    _check_shocks(shocks, lines)
    tell("budgets", 0.0)
    budgets = _budgets(lines, start.year, years, shocks, law, stream(seed, "budgets"))
    population = make_population(structures, 12 * years, lines, stream(seed, "population"))
    tell("awards", 0.05)
    awards = _awards(population, budgets, years, law, stream(seed, "awards"))
    rows = np.arange(structures)
    window = Window(
        0, awards.amount, awards.one_off, awards.one_off_slot, budgets.cancelled, budgets.delay_days
    )
    pressures: list[Pressure] = []
    is_due = np.zeros((structures, 12 * years), dtype=bool)
    for month in range(12 * years):
        pressures.append(
            pressure(window, month, population, rows, law.budget, law.funding, law.life)
        )
        is_due[:, month] = due(window, month, population.slot_month, law.funding) > 0
        tell("pressures", 0.1 + 0.6 * month / (12 * years))
    yearly = awards.amount.sum(axis=1) + awards.one_off.reshape(structures, years, 12).sum(axis=2)
    must_deposit = yearly >= law.funding.deposit_above_eur
    life = live(population, pressures, is_due, must_deposit, law.life, stream(seed, "life"))
    tell("life", 1.0)
    return World(seed, start, end, law, lines, budgets, population, awards, pressures, life)


def _budgets(
    lines: Lines,
    first_year: int,
    years: int,
    shocks: Sequence[Shock],
    law: Law,
    generator: np.random.Generator,
) -> Budgets:
    books = next_year(None, lines, law.budget, generator, decided_by(shocks, lines, first_year))
    for year in range(first_year + 1, first_year + years):
        decided = decided_by(shocks, lines, year)
        books = next_year(books, lines, law.budget, generator, decided)
    return books


def opening(population: Population, year: int, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the slots (n, SLOTS) that get their first award in `year`, for new structures."""
    entry = population.entry[rows, None]
    late = population.slot_month[rows] <= entry % 12 + 1
    first_year = np.where(entry > 0, entry // 12 + late, 0)
    return np.asarray(population.slot_first[rows] & (first_year == year))


def _awards(
    population: Population,
    budgets: Budgets,
    years: int,
    law: Law,
    generator: np.random.Generator,
) -> Awards:
    n = len(population)
    rows = np.arange(n)
    level = population.slot_eur.astype(np.float32)
    amount = np.zeros((n, SLOTS, years), dtype=np.float32)
    left = np.zeros((n, SLOTS, years), dtype=np.int8)
    long = generator.random((n, SLOTS)) < law.funding.multi_year * law.funding.multi_years
    current: Floats = np.zeros((n, SLOTS), dtype=np.float32)
    bound = np.zeros((n, SLOTS), dtype=np.int8)
    for year in range(years):
        growth = budgets.growth[:, year][population.slot_line].astype(np.float32)
        current, bound = next_awards(current, bound, level, growth, law.funding, generator)
        unborn = (population.entry[:, None] > 0) & (year <= population.entry[:, None] // 12 + 1)
        fresh = opening(population, year, rows)
        current[unborn & ~fresh & (amount[:, :, year - 1] == 0)] = 0.0
        current = np.where(fresh, np.round(level), current).astype(np.float32)
        bound = np.where(fresh, np.where(long, 1, 0), bound).astype(np.int8)
        amount[:, :, year], left[:, :, year] = current, bound
    given, slot = one_offs(level * population.slot_first, 12 * years, law.funding, generator)
    unborn_month = np.arange(12 * years)[None, :] <= population.entry[:, None]
    given[unborn_month & (population.entry > 0)[:, None]] = 0.0
    return Awards(amount, left, level, given, slot)


def _check(structures: int, start: date, end: date) -> None:
    whole = (start.month, start.day, end.month, end.day) == (1, 1, 12, 31)
    if not 1 <= structures <= _MAX_STRUCTURES:
        raise SyntheticError(
            "Nombre de structures hors limites.",
            code="synthetic-size",
            received=structures,
            expected=f"de 1 à {_MAX_STRUCTURES}",
        )
    if not whole or end.year - start.year < 3:
        raise SyntheticError(
            "La période simulée doit couvrir des années entières, quatre au moins.",
            code="synthetic-period",
            received=f"{start} – {end}",
            expected="du 1er janvier d'une année au 31 décembre d'une autre",
        )


def _check_shocks(shocks: Sequence[Shock], lines: Lines) -> None:
    known = set(lines.funder_id)
    for shock in shocks:
        if shock.funder_id not in known or not 0 <= shock.cut < 1:
            raise SyntheticError(
                "Choc budgétaire inconnu.",
                code="synthetic-shock",
                received=shock,
                expected="le funder_id d'un financeur synthétique et une baisse de 0 à 1 exclu",
            )
