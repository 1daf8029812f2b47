"""Temporal splits: the worked example, the embargo, and a check that has teeth."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import VeilleError
from features.asof import add_months, as_of_days
from training.labels import SCHEMA
from training.splits import (
    CALIBRATION_DAYS,
    Fold,
    calibration_blocks,
    check_fold,
    folds,
    train_labels,
)


def labelled(
    days: list[date], horizons: tuple[int, ...] = (12,), events: int = 40, rows: int = 100
) -> pl.DataFrame:
    """Return `rows` labels a day and horizon, the first `events` of them 1."""
    return pl.DataFrame(
        [(f"{i}", day, h, int(i < events)) for day in days for h in horizons for i in range(rows)],
        schema=SCHEMA,
        orient="row",
    )


def year_ends(first: int, last: int) -> list[date]:
    return [date(year, 12, 31) for year in range(first, last + 1)]


def days_of(labels: pl.DataFrame) -> list[date]:
    return labels["as_of"].unique().sort().to_list()


def test_the_worked_example() -> None:
    """Yearly panel 2014-2021, labels known until the end of 2021: labelled days end in 2020."""
    labels = labelled(year_ends(2014, 2020), rows=2)
    found = folds(labels, (12,), main=12, count=2)
    assert found == [
        Fold(date(2019, 12, 31), {12: date(2018, 12, 31)}),
        Fold(date(2020, 12, 31), {12: date(2019, 12, 31)}),
    ]
    assert days_of(train_labels(labels, found[0])) == year_ends(2014, 2018)
    assert days_of(train_labels(labels, found[1])) == year_ends(2014, 2019)


def test_the_embargo_of_each_horizon_is_its_own_length() -> None:
    labels = labelled(
        as_of_days(date(2021, 12, 31), since=date(2018, 12, 31), every="half"), (6, 12, 18), rows=2
    )
    (fold,) = folds(labels, (6, 12, 18), main=12, count=1)
    assert fold.test_as_of == date(2021, 12, 31)
    assert fold.train_until == {
        6: date(2021, 6, 30),
        12: date(2020, 12, 31),
        18: date(2020, 6, 30),
    }
    train = train_labels(labels, fold)
    latest = train.group_by("horizon_months").agg(pl.col("as_of").max())
    assert dict(latest.rows()) == fold.train_until
    check_fold(train, fold)


def test_folds_are_twelve_months_apart_oldest_first() -> None:
    labels = labelled(
        as_of_days(date(2021, 6, 30), since=date(2016, 6, 30), every="quarter"), rows=1
    )
    found = folds(labels, (12,), main=12, count=3)
    assert [f.test_as_of for f in found] == [
        date(2019, 6, 30),
        date(2020, 6, 30),
        date(2021, 6, 30),
    ]


def test_no_test_day_before_a_first_training_day() -> None:
    found = folds(labelled(year_ends(2018, 2020), rows=1), (12,), main=12, count=9)
    assert [f.test_as_of for f in found] == [date(2019, 12, 31), date(2020, 12, 31)]


def test_a_day_without_labels_is_no_test_day() -> None:
    """Exercise 2022 was never published: the end of 2021 has no label."""
    days = [d for d in year_ends(2017, 2022) if d.year != 2021]
    found = folds(labelled(days, rows=1), (12,), main=12, count=2)
    assert [f.test_as_of for f in found] == [date(2022, 12, 31)]


def test_the_main_horizon_anchors_the_folds() -> None:
    labels = pl.concat(
        [labelled(year_ends(2016, 2020), (12,), rows=1), labelled([date(2021, 6, 30)], (6,))]
    )
    assert folds(labels, (6, 12), main=12, count=1)[0].test_as_of == date(2020, 12, 31)


def test_no_label_and_too_few_days_say_what_to_do() -> None:
    with pytest.raises(VeilleError) as caught:
        folds(labelled([]), (12,), main=12)
    assert caught.value.code == "no-label"
    with pytest.raises(VeilleError) as caught:
        folds(labelled(year_ends(2020, 2020)), (12,), main=12)
    assert caught.value.code == "too-few-days"
    assert "--since" in caught.value.todo


def test_the_window_of_28_february_ends_on_31_august() -> None:
    """A month end stays a month end: less 6 months, 30 August is a day too late."""
    labels = labelled(
        as_of_days(date(2021, 8, 30), since=date(2019, 8, 30), every="half"), (6, 12), rows=1
    )
    for fold in folds(labels, (6, 12), main=12, count=2):
        train = train_labels(labels, fold)
        check_fold(train, fold)
        assert fold.train_until[12] == add_months(fold.test_as_of, -12)
    assert fold.train_until[6] == date(2021, 2, 27)


@settings(max_examples=150, deadline=None)
@given(
    last=st.dates(date(2015, 1, 1), date(2025, 12, 31)),
    every=st.sampled_from(["month", "quarter", "half", "year"]),
    months=st.integers(30, 60),
    horizons=st.sets(st.integers(1, 24), min_size=1, max_size=3),
    count=st.integers(1, 4),
)
def test_no_training_window_ever_ends_after_the_test_day(
    last: date, every: str, months: int, horizons: set[int], count: int
) -> None:
    days = as_of_days(last, since=add_months(last, -months), every=every)
    ahead = tuple(sorted(horizons))
    labels = labelled(days, ahead, rows=1)
    for fold in folds(labels, ahead, main=ahead[0], count=count):
        train = train_labels(labels, fold)
        check_fold(train, fold)
        kept = set(train.select("as_of", "horizon_months").rows())
        for day in days:
            for h in ahead:
                assert ((day, h) in kept) == (add_months(day, h) <= fold.test_as_of)


@pytest.mark.parametrize(("day", "horizon"), [(date(2019, 1, 1), 12), (date(2018, 12, 31), 13)])
def test_the_check_refuses_one_window_that_passes_the_test_day_by_one_day(
    day: date, horizon: int
) -> None:
    fold = Fold(date(2019, 12, 31), {12: date(2018, 12, 31), 13: date(2018, 11, 30)})
    sound = labelled([date(2018, 12, 31)], rows=3)
    check_fold(sound, fold)
    with pytest.raises(VeilleError) as caught:
        check_fold(pl.concat([sound, labelled([day], (horizon,), rows=1)]), fold)
    assert caught.value.code == "leaking-split"
    assert str(day.year) in str(caught.value)


def test_labels_of_another_horizon_are_never_trained_on() -> None:
    labels = labelled(year_ends(2015, 2020), (12, 24), rows=1)
    (fold,) = folds(labels, (12,), main=12, count=1)
    assert train_labels(labels, fold)["horizon_months"].unique().to_list() == [12]


def test_calibration_takes_blocks_of_twelve_months_and_each_fit_stops_before_its_own() -> None:
    labels = labelled(as_of_days(date(2020, 12, 31), since=date(2015, 12, 31), every="half"))
    blocks = calibration_blocks(labels, main=12)
    assert [days_of(late) for _, late in blocks] == [
        [date(2020, 6, 30), date(2020, 12, 31)],
        [date(2019, 6, 30), date(2019, 12, 31)],
    ]
    # (2019-06-30, 2020-06-30] is whole by the first calibration day; later windows are not.
    assert [days_of(early)[-1] for early, _ in blocks] == [date(2019, 6, 30), date(2018, 6, 30)]


def test_a_yearly_panel_is_calibrated_on_several_years() -> None:
    blocks = calibration_blocks(labelled(year_ends(2014, 2020)), main=12)
    assert [days_of(late) for _, late in blocks] == [[d] for d in year_ends(2018, 2020)[::-1]]
    assert [days_of(early) for early, _ in blocks] == [
        year_ends(2014, 2019),
        year_ends(2014, 2018),
        year_ends(2014, 2017),
    ]


def test_calibration_embargo_is_by_horizon() -> None:
    labels = labelled(
        as_of_days(date(2020, 12, 31), since=date(2016, 12, 31), every="half"), (6, 12, 18)
    )
    early, late = calibration_blocks(labels, main=12)[0]
    assert late["as_of"].min() == date(2020, 6, 30)
    latest = early.group_by("horizon_months").agg(pl.col("as_of").max())
    assert dict(latest.rows()) == {
        6: date(2019, 12, 31),
        12: date(2019, 6, 30),
        18: date(2018, 12, 31),
    }


def test_too_few_events_to_fit_spare_no_row_for_calibration() -> None:
    days = year_ends(2017, 2020)  # three days to fit once the last is set apart
    assert calibration_blocks(labelled(days, events=9), main=12) == []  # 27 events
    ((early, late),) = calibration_blocks(labelled(days, events=10), main=12)  # 30, then 20
    assert days_of(late) == [date(2020, 12, 31)]
    assert early.height == 300


def test_nothing_to_split() -> None:
    assert calibration_blocks(labelled([]), main=12) == []


@settings(max_examples=60, deadline=None)
@given(
    last=st.dates(date(2015, 1, 1), date(2025, 12, 31)),
    every=st.sampled_from(["month", "quarter", "half", "year"]),
    months=st.integers(24, 60),
)
def test_no_window_of_a_fit_side_ever_passes_its_first_calibration_day(
    last: date, every: str, months: int
) -> None:
    labels = labelled(
        as_of_days(last, since=add_months(last, -months), every=every), (6, 12), rows=30, events=30
    )
    blocks = calibration_blocks(labels, main=12)
    assert blocks
    held = [day for _, late in blocks for day in days_of(late)]
    assert len(held) == len(set(held))
    assert len(held) - len(days_of(blocks[-1][1])) < CALIBRATION_DAYS
    for early, late in blocks:
        first = days_of(late)[0]
        assert days_of(late)[-1] < add_months(first, 12)
        for day, horizon in early.select("as_of", "horizon_months").unique().iter_rows():
            assert add_months(day, horizon) <= first
