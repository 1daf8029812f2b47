"""Debts, accounts, alerts: edges of the windows and what is only said once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.features.test_panel import YEAR_END, debt
from tests.fictitious import siren

if TYPE_CHECKING:
    from tests.features.conftest import Seen
    from tests.features.worlds import Row


def deposits(*closed: date) -> list[Row]:
    return [
        {"siren": siren(1), "closed_on": c, "filed_on": c.replace(year=c.year + 1), "known_on": c}
        for c in closed
    ]


def alert(day: date, severity: int) -> Row:
    return {"siren": siren(1), "severity": severity, "raised_on": day, "known_on": day}


def test_a_twentieth_of_the_contributions_is_not_owed(seen: Seen) -> None:
    known = date(2019, 11, 15)
    at, over = debt("2019-Q3", 2_000, 100, known), debt("2019-Q3", 2_000, 101, known)
    assert seen(YEAR_END, debts=[at])["debt_periods_count"] == 0
    assert seen(YEAR_END, debts=[over])["debt_periods_count"] == 1


def test_debts_known_on_the_first_day_of_a_window_belong_to_the_year_before(seen: Seen) -> None:
    row = seen(YEAR_END, debts=[debt("2018-Q3", 100, 30, date(2018, 12, 31))])
    assert (row["debt_year_ratio"], row["debt_year_before_ratio"]) == (None, pytest.approx(0.3))


def test_one_deposit_makes_no_habit(seen: Seen) -> None:
    once = seen(YEAR_END, accounts=deposits(date(2015, 12, 31)))
    twice = seen(YEAR_END, accounts=deposits(date(2014, 12, 31), date(2015, 12, 31)))
    assert (once["accounts_missing"], twice["accounts_missing"]) == (None, 1)
    assert twice["deposit_delay_mean_days"] is None  # both are over three years ago


def test_an_old_alert_is_counted_apart(seen: Seen) -> None:
    row = seen(YEAR_END, alerts=[alert(date(2018, 12, 31), 3), alert(date(2019, 1, 1), 1)])
    assert (row["alerts_count"], row["alerts_three_years_count"]) == (1, 2)
    assert row["alert_severity"] == 1
