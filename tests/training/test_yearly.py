"""Yearly funding: one stage by funder and year, only what is known, only grants."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.fictitious import siren
from tests.training.histories import FUNDING, grants
from training.yearly import current_exercise, exercises, is_over, yearly

ONE, TWO = siren(1), siren(2)
EVERYONE = replace(FUNDING, scope="all")
END_2019 = date(2019, 12, 31)


def test_lines_of_one_year_add_up_in_cents_recoveries_included() -> None:
    lines = grants(
        {"siren": ONE, "fiscal_year": 2019, "amount_eur": "1000.10"},
        {"siren": ONE, "fiscal_year": 2019, "amount_eur": "500.25"},
        {"siren": ONE, "fiscal_year": 2019, "amount_eur": "-0.35"},
    )
    assert yearly(lines, FUNDING, END_2019).rows() == [(ONE, "etat", 2019, 150_000)]


def test_awards_win_over_payments_of_the_same_funder_and_year() -> None:
    lines = grants(
        {"siren": ONE, "fiscal_year": 2018, "stage": "paid", "amount_eur": "700"},
        {"siren": ONE, "fiscal_year": 2019, "amount_eur": "900"},
        {"siren": ONE, "fiscal_year": 2019, "stage": "paid", "amount_eur": "900"},
        # nothing was awarded to this one in 2019: its payment is of another exercise
        {"siren": TWO, "fiscal_year": 2019, "stage": "paid", "amount_eur": "300"},
    )
    assert yearly(lines, FUNDING, END_2019).rows() == [
        (ONE, "etat", 2018, 70_000),
        (ONE, "etat", 2019, 90_000),
    ]


def test_the_stage_is_chosen_by_funder() -> None:
    lines = grants(
        {"siren": ONE, "fiscal_year": 2019, "amount_eur": "900"},
        {
            "siren": ONE,
            "fiscal_year": 2019,
            "funder_id": "slug:ville",
            "stage": "paid",
            "amount_eur": "50",
        },
    )
    assert yearly(lines, EVERYONE, END_2019)["cents"].to_list() == [90_000, 5_000]


def test_the_stage_is_the_one_known_by_the_day() -> None:
    lines = grants(
        {"siren": ONE, "fiscal_year": 2019, "stage": "paid", "amount_eur": "400"},
        {"siren": ONE, "fiscal_year": 2019, "amount_eur": "900", "known_on": date(2020, 10, 1)},
    )
    assert yearly(lines, FUNDING, END_2019)["cents"].to_list() == [40_000]
    assert yearly(lines, FUNDING, date(2020, 10, 1))["cents"].to_list() == [90_000]


def test_a_line_counts_on_the_very_day_it_is_known_not_the_day_before() -> None:
    lines = grants({"siren": ONE, "fiscal_year": 2019})
    assert yearly(lines, FUNDING, END_2019).height == 1
    assert yearly(lines, FUNDING, date(2019, 12, 30)).is_empty()


def test_loans_contracts_gifts_in_kind_and_unidentified_lines_are_left_out() -> None:
    lines = grants(
        {"siren": ONE, "fiscal_year": 2019, "instrument": "loan"},
        {"siren": ONE, "fiscal_year": 2019, "instrument": "contract"},
        {"siren": ONE, "fiscal_year": 2019, "instrument": "in_kind"},
        {"siren": None, "fiscal_year": 2019},
    )
    assert yearly(lines, FUNDING, END_2019).is_empty()


def test_the_scope_of_the_state_looks_at_no_other_funder() -> None:
    lines = grants(
        {"siren": ONE, "fiscal_year": 2019},
        {"siren": ONE, "fiscal_year": 2019, "funder_id": "slug:ville"},
    )
    assert yearly(lines, FUNDING, END_2019)["funder_id"].to_list() == ["etat"]
    found = exercises(yearly(lines, EVERYONE, END_2019))
    assert found.rows() == [("etat", 2019), ("slug:ville", 2019)]


def test_the_current_exercise_is_the_one_that_ends_on_the_day() -> None:
    lines = grants(*[{"siren": ONE, "fiscal_year": year} for year in (2017, 2018, 2019)])
    known = yearly(lines, FUNDING, END_2019)
    assert current_exercise(known, END_2019) == 2019
    assert current_exercise(known, date(2019, 12, 30)) == 2018  # 2019 is not over


def test_a_list_published_late_leaves_an_earlier_exercise_current() -> None:
    lines = grants(
        {"siren": ONE, "fiscal_year": 2018, "known_on": date(2019, 10, 5)},
        {"siren": ONE, "fiscal_year": 2019, "known_on": date(2020, 10, 5)},
    )
    assert current_exercise(yearly(lines, FUNDING, END_2019), END_2019) == 2018


def test_nothing_older_than_two_years_is_current() -> None:
    lines = grants({"siren": ONE, "fiscal_year": 2017})
    known = yearly(lines, FUNDING, date(2025, 12, 31))
    assert current_exercise(known, END_2019) == 2017
    assert current_exercise(known, date(2020, 12, 31)) is None
    assert current_exercise(known.clear(), END_2019) is None


def test_an_exercise_is_over_once_it_ended_and_lines_reach_its_end() -> None:
    whole = grants({"siren": ONE, "fiscal_year": 2019})
    assert is_over(whole, FUNDING, 2019, END_2019)
    assert not is_over(whole, FUNDING, 2019, date(2019, 12, 30))
    assert not is_over(whole, FUNDING, 2020, date(2020, 12, 31))
    # 60 days before 31 December is 1 November
    november = grants({"siren": ONE, "fiscal_year": 2019, "known_on": date(2019, 11, 1)})
    october = grants({"siren": ONE, "fiscal_year": 2019, "known_on": date(2019, 10, 31)})
    assert is_over(november, FUNDING, 2019, END_2019)
    assert not is_over(october, FUNDING, 2019, END_2019)
    assert not is_over(grants(), FUNDING, 2019, END_2019)
