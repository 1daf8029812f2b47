"""Debts: periods told whole, and single debts told state by state, counted by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from features.asof import add_months
from tests.features.test_panel import WORLD, YEAR_END, A, debt
from tests.features.worlds import panel_of

if TYPE_CHECKING:
    from tests.features.conftest import Seen
    from tests.features.worlds import Row


def test_a_twentieth_of_the_contributions_is_not_owed(seen: Seen) -> None:
    known = date(2019, 11, 15)
    at, over = debt("2019-Q3", 2_000, 100, known), debt("2019-Q3", 2_000, 101, known)
    assert seen(YEAR_END, debts=[at])["debt_periods_count"] == 0
    assert seen(YEAR_END, debts=[over])["debt_periods_count"] == 1


def test_debts_known_on_the_first_day_of_a_window_belong_to_the_year_before(seen: Seen) -> None:
    row = seen(YEAR_END, debts=[debt("2018-Q3", 100, 30, date(2018, 12, 31))])
    assert (row["debt_year_ratio"], row["debt_year_before_ratio"]) == (None, pytest.approx(0.3))


@pytest.mark.parametrize(
    ("day", "weight"),
    [
        (YEAR_END, 32),
        (date(2019, 7, 1), 32),
        (date(2019, 6, 30), 16),
        (date(2018, 12, 31), 8),
        (date(2018, 6, 30), 4),
        (date(2017, 12, 31), 2),
        (date(2017, 6, 30), 1),
        (date(2017, 1, 1), 1),
        (date(2016, 12, 31), 0),
    ],
)
def test_a_debt_weighs_half_of_one_of_six_months_later(seen: Seen, day: date, weight: int) -> None:
    paid, unpaid = debt("2019-Q4", 1_000, 0, YEAR_END), debt("2017-Q1", 100, 100, day)
    row = seen(YEAR_END, debts=[paid, unpaid])
    share = 100 * weight / (32 * 1_000 + weight * 100)
    assert row["debt_memory_ratio"] == pytest.approx(share)


def line(debt_id: str, period: str, day: date, **said: object) -> Row:
    """Return what one line tells of one debt."""
    row: Row = {"siren": A, "creditor": "urssaf", "period": period, "debt_id": debt_id}
    return {**row, "known_on": day, **said}


def owed(debt_id: str, period: str, day: date, euros: int) -> Row:
    return line(debt_id, period, day, outstanding_eur=Decimal(euros))


def due(period: str, euros: int) -> Row:
    """Return the contributions of a month, known at the end of the month after."""
    first = date.fromisoformat(f"{period}-01")
    told = add_months(date(first.year, first.month, 28), 1)
    return line(f"due-{period}", period, told, due_eur=Decimal(euros))


def plan(day: date, euros: int | None, *, stands: bool) -> Row:
    amount = None if euros is None else Decimal(euros)
    return line("plan-1", "2019-10", day, plan=stands, outstanding_eur=amount)


#: December 2018 to November 2019, known by the end of 2019; then one known later, one of before
CONTRIBUTIONS = [
    *(due(f"2019-{month:02d}", 1_000) for month in range(1, 12)),
    due("2018-12", 1_000),
    due("2019-12", 50_000),
    due("2018-11", 900),
]
SPRING, OLD, SMALL, FORGOTTEN = "ecn-1", "ecn-2", "ecn-3", "ecn-4"
STATES = [
    owed(SPRING, "2019-03", date(2019, 5, 20), 600),
    owed(SPRING, "2019-03", date(2019, 9, 10), 200),
    owed(SPRING, "2019-03", date(2020, 2, 1), 0),
    owed(OLD, "2018-05", date(2018, 7, 20), 400),
    owed(SMALL, "2019-06", date(2019, 8, 20), 40),
    owed(SMALL, "2019-06", date(2019, 8, 25), 0),
    owed(FORGOTTEN, "2014-02", date(2014, 4, 20), 300),
]
PLAN = [
    plan(date(2019, 10, 1), 5_000, stands=True),
    plan(date(2020, 3, 1), None, stands=False),
]
ALL = [*CONTRIBUTIONS, *STATES, *PLAN]
DEBT = (
    *("debt_outstanding_eur", "debt_ratio", "debt_year_ratio", "debt_year_before_ratio"),
    *("debt_memory_ratio", "debt_periods_count", "debt_plan"),
)


def test_single_debts_are_counted_state_by_state(seen: Seen) -> None:
    row = seen(YEAR_END, debts=ALL)
    # 200 left of the spring, 400 and 300 never paid; the plan of 5,000 spreads them, it adds none
    assert row["debt_outstanding_eur"] == 900
    assert row["debt_ratio"] == pytest.approx(900 / 12_000)
    # not paid in time: 600 and 40 of the last twelve months of periods; 400 of the year before
    assert row["debt_year_ratio"] == pytest.approx(640 / 12_000)
    assert row["debt_year_before_ratio"] == pytest.approx(400 / 900)
    # 32 from June to November 2019, 16 from December to May, 8 the six months before; May 2018, 4
    weighed = 32 * 40 + 16 * 600 + 4 * 400
    assert row["debt_memory_ratio"] == pytest.approx(weighed / (32 * 6_000 + 16 * 6_000 + 8 * 900))
    # March, and May of the year before; 40 of 1,000 is paid, February 2014 is too old
    assert row["debt_periods_count"] == 2
    assert row["debt_plan"] == 1


@pytest.mark.parametrize(
    ("day", "euros"),
    [
        (date(2018, 7, 19), 300),
        (date(2018, 7, 20), 700),
        (date(2019, 5, 19), 700),
        (date(2019, 5, 20), 1_300),
        (date(2019, 8, 21), 1_340),
        (date(2019, 9, 10), 900),
        (date(2020, 2, 1), 700),
    ],
)
def test_each_debt_has_the_last_state_known(seen: Seen, day: date, euros: int) -> None:
    assert seen(day, debts=STATES)["debt_outstanding_eur"] == euros


def test_a_plan_ends(seen: Seen) -> None:
    before, after = (seen(date(2020, 2, day), debts=ALL) for day in (28, 29))
    assert (before["debt_plan"], after["debt_plan"]) == (1, 1)
    assert seen(date(2020, 3, 1), debts=ALL)["debt_plan"] == 0


def test_what_is_told_twice_counts_once(seen: Seen) -> None:
    assert seen(YEAR_END, debts=[*ALL, *ALL]) == seen(YEAR_END, debts=ALL)


def test_two_states_of_one_day_are_not_added(seen: Seen) -> None:
    both = [owed(OLD, "2018-05", date(2018, 7, 20), euros) for euros in (400, 250)]
    assert seen(YEAR_END, debts=both)["debt_outstanding_eur"] == 400


def test_what_is_not_told_is_no_debt_of_zero(seen: Seen) -> None:
    silent = seen(YEAR_END, debts=CONTRIBUTIONS)
    assert {silent[name] for name in DEBT} == {None}
    planned = seen(YEAR_END, debts=PLAN)
    assert planned["debt_plan"] == 1
    assert {planned[name] for name in DEBT if name != "debt_plan"} == {None}
    owing = seen(YEAR_END, debts=STATES)
    assert (owing["debt_outstanding_eur"], owing["debt_periods_count"]) == (900, 3)
    assert (owing["debt_ratio"], owing["debt_year_ratio"], owing["debt_plan"]) == (None, None, None)


@pytest.mark.parametrize(("euros", "late"), [(50, 0), (51, 1)])
def test_a_twentieth_of_the_month_counts_as_paid(seen: Seen, euros: int, late: int) -> None:
    row = seen(YEAR_END, debts=[*CONTRIBUTIONS, owed(SMALL, "2019-06", YEAR_END, euros)])
    assert row["debt_periods_count"] == late


def test_the_month_that_is_not_over_is_not_counted(seen: Seen) -> None:
    early = [
        line("due-2019-12", "2019-12", YEAR_END, due_eur=Decimal(1_000)),
        owed("ecn-5", "2019-12", YEAR_END, 500),
    ]
    row = seen(YEAR_END, debts=[*CONTRIBUTIONS, *STATES, *early])
    assert row["debt_outstanding_eur"] == 1_400
    assert row["debt_year_ratio"] == pytest.approx(640 / 12_000)
    assert row["debt_periods_count"] == 2


def test_a_debt_paid_is_a_debt_of_zero(seen: Seen) -> None:
    row = seen(YEAR_END, debts=[*CONTRIBUTIONS, *STATES[4:6]])
    assert (row["debt_outstanding_eur"], row["debt_ratio"], row["debt_periods_count"]) == (0, 0, 0)


def test_quarters_and_years_are_periods_too(seen: Seen) -> None:
    rows = [
        line("due-q3", "2019-Q3", date(2019, 10, 31), due_eur=Decimal(3_000)),
        line("due-q4", "2018-Q4", date(2019, 1, 31), due_eur=Decimal(1_000)),
        line("due-2017", "2017", date(2018, 1, 31), due_eur=Decimal(100)),
        owed("ecn-1", "2019-Q3", date(2019, 11, 20), 1_000),
        owed("ecn-2", "2017", date(2018, 3, 20), 10),
    ]
    row = seen(YEAR_END, debts=rows)
    assert row["debt_ratio"] == pytest.approx(1_010 / 4_000)
    assert row["debt_year_ratio"] == pytest.approx(1_000 / 4_000)
    assert row["debt_year_before_ratio"] == pytest.approx(10 / 100)
    assert row["debt_periods_count"] == 2


def test_both_ways_to_tell_add_up(seen: Seen) -> None:
    whole = debt("2019-Q3", 2_000, 500, date(2019, 11, 15), plan=True)
    row = seen(YEAR_END, debts=[whole, *STATES, *CONTRIBUTIONS])
    assert row["debt_outstanding_eur"] == 1_400
    assert row["debt_ratio"] == pytest.approx(1_400 / 14_000)
    assert (row["debt_periods_count"], row["debt_plan"]) == (3, 1)


def test_both_engines_count_alike() -> None:
    days = (date(2019, 5, 20), YEAR_END, date(2020, 3, 1))
    one, two = (
        panel_of({**WORLD, "debts": ALL}, *days, engine=engine).select("as_of", *DEBT)
        for engine in ("polars", "duckdb")
    )
    assert one.equals(two)
