"""Each indicator is computed twice, by code that shares nothing: both must agree.

The twin (`tests.features.twin`) is plain Python and pandas, structure by structure, written from
the meaning of each indicator. A new indicator without a twin fails here.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import date

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from features.catalogue import INDICATORS
from tests.features.test_panel import JUNE, WORLD, YEAR_END
from tests.features.twin.mixed import mixed
from tests.features.twin.panel import NAMES, panel
from tests.features.worlds import World, draw_world, panel_of, tables

DAYS = (date(2019, 12, 31), date(2018, 12, 31), date(2020, 2, 29), date(2019, 6, 30))
LATE = (0.1, 0.5, 0.9)
PRECISION = 1e-9
#: differences shown of a world
SHOWN = 25


@dataclass(frozen=True)
class Case:
    """One world and one day; `mixed` adds sources that overlap and edge days."""

    seed: int
    size: int
    late: float
    as_of: date
    mixed: bool

    def world(self) -> World:
        rng = random.Random(self.seed)
        world = draw_world(rng, self.size, late=self.late)
        return mixed(rng, world, self.as_of) if self.mixed else world


@dataclass(frozen=True)
class Gap:
    """One value on which the twin and the indicators do not agree."""

    indicator: str
    structure: str
    day: date
    twin: object
    indicators: object


def gaps(twin: pd.DataFrame, indicators: pl.DataFrame) -> list[Gap]:
    """Return where two panels differ: another structure, null, text, or number past a billionth."""
    left = {(row["structure_id"], row["as_of"]): row for row in twin.to_dict("records")}
    right = {(row["structure_id"], row["as_of"]): row for row in indicators.to_dicts()}
    found = [
        Gap("structure_id", who, day, (who, day) in left, (who, day) in right)
        for who, day in sorted(left.keys() ^ right.keys())
    ]
    for who, day in sorted(left.keys() & right.keys()):
        one, two = left[who, day], right[who, day]
        found += [
            Gap(name, who, day, one[name], two[name])
            for name in INDICATORS
            if not agree(one[name], two[name])
        ]
    return found


def agree(one: object, two: object) -> bool:
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=PRECISION, abs_tol=PRECISION)
    return type(one) is type(two) and one == two


def told(found: list[Gap], origin: object) -> str:
    lines = [
        f"{g.indicator} of {g.structure} on {g.day}: twin {g.twin!r}, indicators {g.indicators!r}"
        for g in found[:SHOWN]
    ]
    return "\n".join([f"{len(found)} differences in {origin}", *lines])


def check(case: Case) -> None:
    world = case.world()
    found = gaps(panel(tables(world), case.as_of), panel_of(world, case.as_of))
    assert not found, told(found, case)


cases = st.builds(
    Case,
    seed=st.integers(0, 2**32),
    size=st.integers(1, 12),
    late=st.sampled_from(LATE),
    as_of=st.sampled_from(DAYS),
    mixed=st.booleans(),
)


def test_every_indicator_has_a_twin() -> None:
    assert sorted(NAMES) == sorted(INDICATORS)
    columns = panel(tables(WORLD), YEAR_END).columns.to_list()
    assert columns == ["structure_id", "as_of", *NAMES]


@pytest.mark.parametrize("day", [YEAR_END, JUNE])
def test_the_worked_world_agrees_with_its_twin(day: date) -> None:
    found = gaps(panel(tables(WORLD), day), panel_of(WORLD, day))
    assert not found, told(found, "the worked world")


# a failing case is its seed: it is not made smaller
@given(case=cases)
@example(case=Case(7, 12, 0.5, DAYS[2], mixed=True))
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
def test_indicators_agree_with_their_twin(case: Case) -> None:
    check(case)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_indicators_agree_with_their_twin_in_many_worlds(first: int) -> None:
    for seed in range(first, first + 100):
        check(
            Case(
                seed,
                size=3 + seed % 12,
                late=LATE[seed % len(LATE)],
                as_of=DAYS[seed % len(DAYS)],
                mixed=seed % 2 == 1,
            )
        )


def changed(value: object) -> tuple[object, ...]:
    """Return values close to one that are not it: a millionth away, missing, zero."""
    if value is None:
        return (0.0,)
    if isinstance(value, float):
        return (value + 1e-6 * max(1, abs(value)), None)
    return (f"{value} ", None)


@pytest.fixture(scope="module")
def worked() -> pl.DataFrame:
    return panel_of(WORLD, YEAR_END)


@pytest.mark.parametrize("name", INDICATORS)
def test_a_changed_value_is_seen(worked: pl.DataFrame, name: str) -> None:
    rows = worked.to_dicts()
    for row in rows:
        before = row[name]
        for value in changed(before):
            row[name] = value
            found = gaps(pd.DataFrame(rows, dtype=object), worked)
            assert [(g.indicator, g.twin, g.indicators) for g in found] == [(name, value, before)]
            said = f"{name} of {row['structure_id']} on {row['as_of']}: twin {value!r}"
            assert said in told(found, Case(1, 2, 0.5, YEAR_END, mixed=False))
        row[name] = before


def test_a_structure_too_few_is_seen(worked: pl.DataFrame) -> None:
    twin = pd.DataFrame(worked.to_dicts(), dtype=object)
    assert gaps(twin, worked) == []
    assert [(g.indicator, g.twin, g.indicators) for g in gaps(twin.iloc[1:], worked)] == [
        ("structure_id", False, True)
    ]
