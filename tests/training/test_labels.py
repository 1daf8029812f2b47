"""Labels: half-open windows, nothing for a window that is not whole, nothing learnt too early."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fictitious import siren
from tests.training.histories import FAILURE, FUNDING, events, grants, rows
from training.labels import FAR, SCHEMA, failure_labels, funding_labels, observed_until

ONE, TWO, THREE = siren(1), siren(2), siren(3)
AS_OF = date(2019, 12, 31)
#: an event of someone else, known late enough for every window of 2019 to be observed
CLOCK = (THREE, "liquidation", date(2023, 1, 10))


def label(*happened: tuple[str, str, date], months: int = 12, structure: str = ONE) -> int | None:
    """Return the label of `structure` at AS_OF, None if it has none."""
    found = failure_labels(rows((structure, AS_OF)), events(CLOCK, *happened), FAILURE)
    wanted = found.filter(pl.col("horizon_months") == months)
    return None if wanted.is_empty() else int(wanted["event"].item())


@pytest.mark.parametrize(
    ("day", "six", "twelve", "eighteen"),
    [
        (date(2020, 1, 1), 1, 1, 1),
        (date(2020, 6, 30), 1, 1, 1),
        (date(2020, 7, 1), 0, 1, 1),
        (date(2020, 12, 31), 0, 1, 1),
        (date(2021, 1, 1), 0, 0, 1),
        (date(2021, 6, 30), 0, 0, 1),
        (date(2021, 7, 1), 0, 0, 0),
    ],
)
def test_windows_leave_out_their_first_day_and_keep_their_last(
    day: date, six: int, twelve: int, eighteen: int
) -> None:
    happened = (ONE, "liquidation", day)
    assert [label(happened, months=h) for h in (6, 12, 18)] == [six, twelve, eighteen]


def test_an_event_on_the_observation_day_is_no_event_of_the_window() -> None:
    """The structure had failed by that day: it has no label, neither 1 nor 0."""
    assert label((ONE, "receivership", AS_OF)) is None


def test_what_follows_a_failure_known_too_late_is_no_first_entry() -> None:
    earlier = (ONE, "receivership", date(2019, 12, 20))
    assert label(earlier, (ONE, "liquidation", date(2020, 3, 2))) is None


def test_nothing_happened_is_zero() -> None:
    assert [label(months=h) for h in (6, 12, 18)] == [0, 0, 0]


@pytest.mark.parametrize(
    "kind", ["safeguard", "receivership", "liquidation", "dissolution", "cessation"]
)
def test_every_kind_of_failure_counts(kind: str) -> None:
    assert label((ONE, kind, date(2020, 5, 5))) == 1


@pytest.mark.parametrize("kind", ["plan", "closure", "merger"])
def test_what_is_no_failure_does_not_count(kind: str) -> None:
    assert label((ONE, kind, date(2020, 5, 5))) == 0


def test_the_cessation_of_a_merged_structure_is_no_failure() -> None:
    day = date(2020, 5, 5)
    assert label((ONE, "merger", day), (ONE, "cessation", day)) == 0
    assert label((ONE, "merger", day), (ONE, "dissolution", day)) == 0


def test_a_merger_excuses_only_its_structure_and_its_day() -> None:
    day = date(2020, 5, 5)
    assert label((TWO, "merger", day), (ONE, "cessation", day)) == 1
    assert label((ONE, "merger", day), (ONE, "liquidation", day + timedelta(days=1))) == 1


def test_a_window_that_is_not_whole_gives_no_label_even_to_one_that_failed() -> None:
    """Censoring must not depend on the outcome: failures would be seen earlier than survivals."""
    known = events((ONE, "liquidation", date(2020, 2, 1)), (TWO, "plan", date(2020, 9, 15)))
    found = failure_labels(rows((ONE, AS_OF), (TWO, AS_OF)), known, FAILURE)
    # Observed until 2020-09-15 less 60 days = 2020-07-17: only the 6 months are whole.
    assert found.rows() == [(ONE, AS_OF, 6, 1), (TWO, AS_OF, 6, 0)]


def test_the_reporting_lag_moves_the_last_observed_day_to_the_day() -> None:
    just_enough = events((TWO, "plan", date(2020, 12, 31) + timedelta(days=60)))
    one_day_short = events((TWO, "plan", date(2020, 12, 31) + timedelta(days=59)))
    keys = rows((ONE, AS_OF))
    assert failure_labels(keys, just_enough, FAILURE)["horizon_months"].to_list() == [6, 12]
    assert failure_labels(keys, one_day_short, FAILURE)["horizon_months"].to_list() == [6]
    at_once = replace(FAILURE, reporting_lag_days=0)
    assert failure_labels(keys, one_day_short, at_once)["horizon_months"].to_list() == [6, 12]


def test_the_observed_day_counts_from_the_day_of_knowledge_known_by_then() -> None:
    told = events(
        (ONE, "plan", date(2020, 1, 1), date(2020, 3, 1)),
        (TWO, "plan", date(2020, 2, 1), date(2021, 3, 1)),
    )
    assert observed_until(told, FAR, 60) == date(2020, 12, 31)
    assert observed_until(told, date(2021, 2, 28), 60) == date(2020, 1, 1)
    assert observed_until(told, date(2020, 2, 29), 60) is None


def test_without_any_event_nothing_is_observed() -> None:
    found = failure_labels(rows((ONE, AS_OF)), events(), FAILURE)
    assert found.is_empty()
    assert found.schema == SCHEMA


def test_a_failure_known_later_is_not_in_the_labels_of_before() -> None:
    late = (ONE, "liquidation", date(2020, 4, 1), date(2021, 8, 1))
    known = events((TWO, "plan", date(2021, 4, 1)), late)
    keys = rows((ONE, AS_OF))
    before = failure_labels(keys, known, FAILURE, known_by=date(2021, 7, 31))
    after = failure_labels(keys, known, FAILURE, known_by=date(2021, 8, 1))
    assert before.filter(pl.col("horizon_months") == 12)["event"].to_list() == [0]
    assert after.filter(pl.col("horizon_months") == 12)["event"].to_list() == [1]


def test_a_merger_known_later_does_not_excuse_before() -> None:
    day = date(2020, 5, 5)
    known = events(
        (TWO, "plan", date(2021, 4, 1)),
        (ONE, "cessation", day),
        (ONE, "merger", day, date(2022, 1, 1)),
    )
    keys = rows((ONE, AS_OF))
    for until, event in ((date(2021, 12, 31), 1), (date(2022, 1, 1), 0)):
        found = failure_labels(keys, known, FAILURE, known_by=until)
        assert found.filter(pl.col("horizon_months") == 12)["event"].to_list() == [event]


def test_each_day_has_its_own_window_with_month_ends() -> None:
    days = [date(2019, 6, 30), AS_OF, date(2020, 6, 30)]
    found = failure_labels(
        rows(*[(ONE, day) for day in days]),
        events(CLOCK, (ONE, "dissolution", date(2020, 12, 31))),
        FAILURE,
    )
    assert dict(found.filter(pl.col("event") == 1).group_by("as_of").len().rows()) == {
        date(2019, 6, 30): 1,  # 18 months
        AS_OF: 2,  # 12 and 18
        date(2020, 6, 30): 3,  # 6 months from a month end to a month end, 12 and 18
    }


# --- funding_loss -------------------------------------------------------------------------------


def line(of: int, amount: str, structure: str = ONE, **more: object) -> dict[str, object]:
    return {"siren": structure, "fiscal_year": of, "amount_eur": amount, **more}


def loss(*lines: dict[str, object], as_of: date = AS_OF, known_by: date = FAR) -> int | None:
    found = funding_labels(rows((ONE, as_of)), grants(*lines), FUNDING, known_by=known_by)
    return None if found.is_empty() else int(found["event"].item())


#: another structure, funded every year: the lists of these years exist
EXISTS = [line(y, "50000", TWO) for y in (2018, 2019, 2020, 2021, 2023)]


@pytest.mark.parametrize(
    ("following", "event"), [("10000.00", 0), ("9999.99", 1), ("0", 1), ("-5", 1), ("30000", 0)]
)
def test_a_loss_is_less_than_half_and_half_is_no_loss(following: str, event: int) -> None:
    assert loss(*EXISTS, line(2019, "20000"), line(2020, following)) == event


def test_absent_from_the_next_list_is_a_loss() -> None:
    assert loss(*EXISTS, line(2019, "20000")) == 1


def test_the_exercise_never_published_gives_no_label_before_it_nor_on_it() -> None:
    """Exercise 2022: no label at the end of 2021, nor at that of 2022, and labels again after."""
    lines = [*EXISTS, *[line(y, "20000") for y in (2019, 2020, 2021, 2023)]]
    lines += [line(2024, "20000", TWO), line(2024, "1000")]
    assert loss(*lines, as_of=date(2020, 12, 31)) == 0
    assert loss(*lines, as_of=date(2021, 12, 31)) is None
    assert loss(*lines, as_of=date(2022, 12, 31)) is None
    assert loss(*lines, as_of=date(2023, 12, 31)) == 1


def test_only_funders_whose_lists_exist_for_both_years_are_compared() -> None:
    everyone = replace(FUNDING, scope="all")
    lines = [
        *EXISTS,
        line(2019, "20000"),
        line(2020, "15000"),
        line(2019, "90000", funder_id="slug:ville"),  # the town publishes no 2020
        line(2020, "90000", funder_id="slug:region"),  # the region published no 2019
    ]
    found = funding_labels(rows((ONE, AS_OF)), grants(*lines), everyone)
    assert found.rows() == [(ONE, AS_OF, 12, 0)]
    lines.append(line(2020, "1", TWO, funder_id="slug:ville"))  # now it does: a real loss
    assert funding_labels(rows((ONE, AS_OF)), grants(*lines), everyone)["event"].to_list() == [1]


def test_awards_are_compared_with_awards() -> None:
    paid = line(2020, "20000", stage="paid")
    assert loss(*EXISTS, line(2019, "20000"), line(2020, "9000"), paid) == 1


def test_payments_stand_in_where_no_award_is_known() -> None:
    lists = [line(y, "1000", TWO, stage="paid") for y in (2019, 2020)]
    assert loss(*lists, line(2019, "800", stage="paid"), line(2020, "700", stage="paid")) == 0


def test_an_exercise_that_is_not_over_gives_no_label() -> None:
    """In June the awards of the autumn are still to come: their absence is no loss."""
    lines = [*EXISTS[:2], line(2019, "20000"), line(2020, "100", TWO, known_on=date(2020, 3, 1))]
    assert loss(*lines) is None
    assert loss(*lines, known_by=date(2020, 6, 30)) is None
    lines.append(line(2020, "19000", known_on=date(2020, 12, 20)))
    assert loss(*lines, known_by=date(2020, 12, 30)) is None
    assert loss(*lines, known_by=date(2020, 12, 31)) == 0


def test_lists_known_on_publication_give_their_label_when_they_are_published() -> None:
    lines = [
        line(y, amount, who, known_on=date(y + 1, 10, 5))
        for y, amount in ((2018, "20000"), (2019, "8000"))
        for who in (ONE, TWO)
    ]
    # On 2019-12-31 the last published exercise is 2018; 2019 comes out on 2020-10-05.
    assert loss(*lines, known_by=date(2020, 10, 4)) is None
    assert loss(*lines, known_by=date(2020, 10, 5)) == 1


def test_a_structure_without_funding_now_has_no_label() -> None:
    assert loss(*EXISTS, line(2018, "20000"), line(2020, "20000")) is None
    assert loss(*EXISTS, line(2019, "500"), line(2019, "-500"), line(2020, "20000")) is None


def test_without_any_list_there_is_no_label() -> None:
    found = funding_labels(rows((ONE, AS_OF)), grants(), FUNDING)
    assert found.is_empty()
    assert found.schema == SCHEMA


# --- nothing learnt too early -------------------------------------------------------------------

DAYS = st.dates(date(2018, 1, 1), date(2022, 12, 31))
HAPPENED = st.lists(
    st.tuples(
        st.sampled_from([ONE, TWO]),
        st.sampled_from(["liquidation", "merger", "cessation", "plan"]),
        DAYS,
        st.integers(0, 400),
    ).map(lambda e: (*e[:3], e[2] + timedelta(days=e[3]))),
    max_size=8,
)
PAID = st.lists(
    st.fixed_dictionaries(
        {
            "siren": st.sampled_from([ONE, TWO]),
            "fiscal_year": st.integers(2017, 2022),
            "amount_eur": st.sampled_from(["500", "6000", "20000"]),
            "stage": st.sampled_from(["awarded", "paid"]),
            "known_on": DAYS,
        }
    ),
    max_size=12,
)
YEAR_ENDS = rows(*[(s, date(y, 12, 31)) for y in (2018, 2019, 2020) for s in (ONE, TWO)])


@settings(max_examples=60, deadline=None)
@given(first=HAPPENED, second=HAPPENED, known_by=DAYS)
def test_events_known_later_never_change_a_label(
    first: list[tuple[str, str, date, date]],
    second: list[tuple[str, str, date, date]],
    known_by: date,
) -> None:
    """Any later facts, or none: same labels by the day."""
    known = [e for e in first if e[3] <= known_by]
    future = [e for e in second if e[3] > known_by]
    expected = failure_labels(YEAR_ENDS, events(*known), FAILURE, known_by=known_by)
    for facts in (first, [*known, *future]):
        found = failure_labels(YEAR_ENDS, events(*facts), FAILURE, known_by=known_by)
        assert found.equals(expected)


@settings(max_examples=60, deadline=None)
@given(first=PAID, second=PAID, known_by=DAYS)
def test_grants_known_later_never_change_a_label(
    first: list[dict[str, object]], second: list[dict[str, object]], known_by: date
) -> None:
    known = [g for g in first if g["known_on"] <= known_by]  # type: ignore[operator]
    future = [g for g in second if g["known_on"] > known_by]  # type: ignore[operator]
    order = ["as_of", "structure_id"]
    expected = funding_labels(YEAR_ENDS, grants(*known), FUNDING, known_by=known_by).sort(order)
    for facts in (first, [*known, *future]):
        found = funding_labels(YEAR_ENDS, grants(*facts), FUNDING, known_by=known_by)
        assert found.sort(order).equals(expected)


@settings(max_examples=60, deadline=None)
@given(happened=HAPPENED)
def test_a_longer_horizon_never_forgets_an_event(
    happened: list[tuple[str, str, date, date]],
) -> None:
    found = failure_labels(YEAR_ENDS, events(*happened), FAILURE)
    wide = found.pivot("horizon_months", index=["structure_id", "as_of"], values="event")
    columns = [c for c in ("6", "12", "18") if c in wide.columns]
    for short, long in pairwise(columns):
        assert wide.filter(pl.col(short) > pl.col(long)).is_empty()
