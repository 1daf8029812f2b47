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


def test_deposits_of_long_ago_make_no_mean(seen: Seen) -> None:
    row = seen(YEAR_END, accounts=deposits(date(2014, 12, 31), date(2015, 12, 31)))
    assert row["deposit_delay_mean_days"] is None  # both are over three years ago
    assert row["deposit_delay_days"] is not None


def test_an_alert_counts_for_three_years(seen: Seen) -> None:
    row = seen(YEAR_END, alerts=[alert(date(2016, 12, 31), 3), alert(date(2017, 1, 1), 1)])
    assert row["alerts_three_years_count"] == 1


def test_accounts_published_again_were_deposited_the_first_time(seen: Seen) -> None:
    first = deposits(date(2017, 12, 31), date(2018, 12, 31))
    again = [{**first[1], "filed_on": date(2020, 2, 1), "known_on": date(2019, 1, 31)}]
    assert seen(YEAR_END, accounts=first + again) == seen(YEAR_END, accounts=first)


def test_a_warning_told_by_two_files_counts_once(seen: Seen) -> None:
    one, two = alert(date(2019, 3, 1), 2), alert(date(2019, 3, 1), 2)
    row = seen(YEAR_END, alerts=[one, {**two, "known_on": date(2019, 5, 1)}, alert(YEAR_END, 2)])
    assert row["alerts_three_years_count"] == 2


def test_the_last_warning_tells_the_severity(seen: Seen) -> None:
    grave, light = alert(date(2015, 3, 1), 3), alert(date(2019, 3, 1), 1)
    assert seen(YEAR_END, alerts=[grave])["alert_severity"] == 3  # however old
    assert seen(YEAR_END, alerts=[grave, light])["alert_severity"] == 1
    same_day = alert(date(2019, 3, 1), 2)
    assert seen(YEAR_END, alerts=[same_day, light])["alert_severity"] == 2
