"""Dates: months, windows, observation days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import VeilleError
from features.asof import add_months, as_of_days, from_day, is_month_end, to_day, window_edges

days = st.dates(date(1971, 1, 1), date(2098, 12, 31))


@given(day=days)
def test_days_go_there_and_back(day: date) -> None:
    assert from_day(to_day(day)) == day
    assert to_day(day + timedelta(days=1)) == to_day(day) + 1


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2019, 12, 31), 6, date(2020, 6, 30)),
        (date(2020, 6, 30), 6, date(2020, 12, 31)),
        (date(2020, 2, 29), -12, date(2019, 2, 28)),
        (date(2019, 2, 28), 12, date(2020, 2, 29)),  # a month end stays one
        (date(2020, 1, 30), 1, date(2020, 2, 29)),
        (date(2020, 1, 15), -1, date(2019, 12, 15)),
    ],
)
def test_months_are_calendar_months(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(day=days, months=st.integers(1, 60))
def test_windows_follow_each_other_without_hole_or_overlap(day: date, months: int) -> None:
    edges = window_edges(day, months=months, count=4)
    assert edges[0] == to_day(day)
    assert edges == sorted(set(edges), reverse=True)
    assert edges[1] == to_day(add_months(day, -months))
    assert is_month_end(day) <= is_month_end(from_day(edges[3]))


def test_observation_days_step_back_from_the_last() -> None:
    found = as_of_days(date(2020, 12, 31), since=date(2020, 1, 1), every="quarter")
    assert found == [date(2020, m, d) for m, d in ((3, 31), (6, 30), (9, 30), (12, 31))]
    assert as_of_days(date(2020, 5, 3)) == [date(2020, 5, 3)]


@pytest.mark.parametrize(
    ("since", "every", "code"),
    [(date(2021, 1, 1), "year", "bad-since"), (None, "week", "bad-every")],
)
def test_days_that_make_no_sense_are_refused(since: date | None, every: str, code: str) -> None:
    with pytest.raises(VeilleError) as error:
        as_of_days(date(2020, 12, 31), since=since, every=every)
    assert error.value.code == code
