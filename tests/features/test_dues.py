"""Accounts and alerts: edges of the windows, what is told twice and what is only said once."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.features.test_panel import YEAR_END
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


def test_one_deposit_makes_no_habit(seen: Seen) -> None:
    once = seen(YEAR_END, accounts=deposits(date(2015, 12, 31)))
    twice = seen(YEAR_END, accounts=deposits(date(2014, 12, 31), date(2015, 12, 31)))
    assert (once["accounts_missing"], twice["accounts_missing"]) == (None, 1)
    assert twice["deposit_delay_mean_days"] is None  # both are over three years ago


def test_an_old_alert_is_counted_apart(seen: Seen) -> None:
    row = seen(YEAR_END, alerts=[alert(date(2018, 12, 31), 3), alert(date(2019, 1, 1), 1)])
    assert (row["alerts_count"], row["alerts_three_years_count"]) == (1, 2)
    assert row["alert_severity"] == 1


def test_accounts_published_again_were_deposited_the_first_time(seen: Seen) -> None:
    first = deposits(date(2017, 12, 31), date(2018, 12, 31))
    again = [{**first[1], "filed_on": date(2020, 2, 1), "known_on": date(2019, 1, 31)}]
    assert seen(YEAR_END, accounts=first + again) == seen(YEAR_END, accounts=first)
    alone = seen(YEAR_END, accounts=[*first[1:], *again])
    assert alone["accounts_missing"] is None  # one year of accounts makes no habit


def test_a_warning_told_by_two_files_counts_once(seen: Seen) -> None:
    one, two = alert(date(2019, 3, 1), 2), alert(date(2019, 3, 1), 2)
    row = seen(YEAR_END, alerts=[one, {**two, "known_on": date(2019, 5, 1)}, alert(YEAR_END, 2)])
    assert (row["alerts_count"], row["alerts_three_years_count"]) == (2, 2)
