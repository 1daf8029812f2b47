"""Cohorts: who is scored, from facts known by the day and no label."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fictitious import siren
from tests.training.histories import FAILURE, FUNDING, grants, rows
from training.cohort import cohort, funding_cohort, is_year_end

ONE, TWO = siren(1), siren(2)
AS_OF = date(2019, 12, 31)


def members(*lines: dict[str, object], as_of: date = AS_OF) -> list[str]:
    return funding_cohort(grants(*lines), FUNDING, as_of)["structure_id"].to_list()


def year(of: int, amount: str = "20000", structure: str = ONE, **more: object) -> dict[str, object]:
    return {"siren": structure, "fiscal_year": of, "amount_eur": amount, **more}


def test_only_a_31_december_is_a_year_end() -> None:
    assert is_year_end(AS_OF)
    assert not is_year_end(date(2019, 12, 30))
    assert not is_year_end(date(2019, 1, 31))


def test_two_years_of_three_are_enough_one_is_not() -> None:
    assert members(year(2017), year(2018), year(2019)) == [ONE]
    assert members(year(2017), year(2019)) == [ONE]
    assert members(year(2018), year(2019)) == [ONE]
    assert members(year(2019)) == []
    assert members(year(2016), year(2019)) == []  # 2016 is a fourth year back


def test_ten_thousand_euros_now_are_asked_to_the_cent() -> None:
    assert members(year(2018), year(2019, "10000.00")) == [ONE]
    assert members(year(2018), year(2019, "9999.99")) == []


def test_the_threshold_is_on_the_current_year_only() -> None:
    assert members(year(2018, "1"), year(2019, "10000")) == [ONE]
    assert members(year(2017, "900000"), year(2018, "900000"), year(2019, "9000")) == []
    assert members(year(2017), year(2018), year(2019, structure=TWO)) == []


def test_a_year_taken_back_is_not_a_funded_year() -> None:
    assert members(year(2018, "5000"), year(2018, "-5000"), year(2019)) == []


def test_the_amount_comes_with_the_member() -> None:
    found = funding_cohort(grants(year(2018), year(2019, "12345.67")), FUNDING, AS_OF)
    assert found.rows() == [(ONE, 1_234_567)]


def test_awards_and_payments_of_one_year_are_never_added() -> None:
    paid = year(2019, "6000", stage="paid")
    assert members(year(2018), year(2019, "6000"), paid) == []


def test_nobody_is_in_the_cohort_of_another_day_than_31_december() -> None:
    lines = [year(2017), year(2018), year(2019)]
    assert members(*lines, as_of=date(2020, 6, 30)) == []
    assert members(*lines, as_of=date(2019, 12, 30)) == []


def test_the_year_never_published_shifts_the_cohort_back() -> None:
    """The national lists have no exercise 2022: its 31 December looks at 2021."""
    lines = [year(2019), year(2020), year(2021, "15000")]
    found = funding_cohort(grants(*lines), FUNDING, date(2022, 12, 31))
    assert found.rows() == [(ONE, 1_500_000)]


def test_lists_known_on_publication_make_the_last_published_exercise_the_current_one() -> None:
    lines = [
        year(2017, known_on=date(2018, 10, 10)),
        year(2018, "11000", known_on=date(2019, 10, 10)),
        year(2019, "900", known_on=date(2020, 10, 10)),
    ]
    assert funding_cohort(grants(*lines), FUNDING, AS_OF).rows() == [(ONE, 1_100_000)]
    assert members(*lines, as_of=date(2020, 12, 31)) == []  # 900 € now


def test_the_cohort_of_failure_is_the_panel() -> None:
    panel = rows((ONE, AS_OF), (TWO, date(2019, 6, 30)))
    assert cohort(panel, grants(), FAILURE).equals(panel)


def test_the_cohort_keeps_the_panel_rows_of_each_day() -> None:
    lines = grants(year(2017), year(2018), year(2019), *[year(y, structure=TWO) for y in (2018,)])
    panel = rows((ONE, date(2018, 12, 31)), (ONE, date(2019, 6, 30)), (ONE, AS_OF), (TWO, AS_OF))
    assert cohort(panel, lines, FUNDING).rows() == [(ONE, date(2018, 12, 31)), (ONE, AS_OF)]
    assert cohort(panel, grants(), FUNDING).is_empty()


FACTS = st.lists(
    st.fixed_dictionaries(
        {
            "siren": st.sampled_from([ONE, TWO]),
            "fiscal_year": st.integers(2016, 2021),
            "amount_eur": st.sampled_from(["-3000", "4000", "9999.99", "10000", "25000"]),
            "stage": st.sampled_from(["awarded", "paid"]),
            "known_on": st.dates(date(2016, 1, 1), date(2021, 12, 31)),
        }
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(facts=FACTS, later=FACTS)
def test_facts_known_after_the_day_never_change_the_cohort(
    facts: list[dict[str, object]], later: list[dict[str, object]]
) -> None:
    """Deleting what was known later, or adding to it, is the same as never having had it."""
    known = [line for line in facts if line["known_on"] <= AS_OF]  # type: ignore[operator]
    future = [line for line in later if line["known_on"] > AS_OF]  # type: ignore[operator]
    expected = funding_cohort(grants(*known), FUNDING, AS_OF)
    assert funding_cohort(grants(*facts), FUNDING, AS_OF).equals(expected)
    assert funding_cohort(grants(*known, *future), FUNDING, AS_OF).equals(expected)
    assert expected.schema == {"structure_id": pl.String, "now_cents": pl.Int64}
