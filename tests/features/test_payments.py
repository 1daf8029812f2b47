"""Payments: edges of the windows, early payments, states that come apart."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.features.test_panel import YEAR_END, payment

if TYPE_CHECKING:
    from tests.features.conftest import Seen


def test_windows_are_open_at_their_start_and_closed_at_the_day(seen: Seen) -> None:
    rows = [
        *payment(1, date(2018, 12, 1), 100, date(2018, 12, 31)),  # the day that is left out
        *payment(2, date(2019, 12, 1), 100, YEAR_END),
    ]
    row = seen(YEAR_END, payments=rows)
    assert (row["payment_delay_days"], row["payment_delay_max_days"]) == (30, 30)
    assert row["payment_late_share_ratio"] == 0  # thirty days are not over thirty
    assert row["overdue_eur"] == 0


def test_an_early_payment_is_a_negative_delay(seen: Seen) -> None:
    rows = payment(1, date(2019, 6, 20), 100, date(2019, 6, 10))
    assert seen(YEAR_END, payments=rows)["payment_delay_days"] == -10


def test_a_payment_known_later_does_not_lower_what_is_overdue(seen: Seen) -> None:
    due, paid = payment(1, date(2019, 6, 20), 100, date(2019, 7, 10))
    late = {**paid, "known_on": date(2020, 1, 1)}
    assert seen(YEAR_END, payments=[due, late])["overdue_eur"] == 100
    assert seen(YEAR_END, payments=[due, paid])["overdue_eur"] == 0


def test_what_was_due_over_three_years_ago_is_forgotten(seen: Seen) -> None:
    row = seen(YEAR_END, payments=payment(1, date(2016, 12, 31), 100, None))
    assert row["overdue_eur"] is None


def test_delays_of_years_that_do_not_follow_have_no_drift(seen: Seen) -> None:
    known = date(2019, 12, 1)
    rows = [
        {"funder_id": "etat", "year": year, "mean_days": 30.0 + year - 2016, "known_on": known}
        for year in (2016, 2018)
    ]
    row = seen(YEAR_END, funder_delays=rows)
    assert (row["funder_delay_days"], row["funder_delay_drift_days"]) == (32, None)


def test_an_instalment_told_by_two_exports_counts_once(seen: Seen) -> None:
    unpaid = payment(1, date(2019, 6, 20), 100, None)
    later = payment(1, date(2019, 6, 20), 100, date(2019, 7, 10))
    twice = seen(YEAR_END, payments=[*unpaid, *unpaid])
    assert (twice["overdue_eur"], twice["overdue_count"]) == (100, 1)
    paid = seen(YEAR_END, payments=[*unpaid, *later])
    assert (paid["overdue_eur"], paid["overdue_count"]) == (0, 0)
    other = seen(YEAR_END, payments=[*unpaid, *payment(2, date(2019, 6, 20), 100, None)])
    assert other["overdue_count"] == 2
