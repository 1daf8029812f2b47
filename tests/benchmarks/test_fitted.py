"""What an indicator is worth, out of time: those that announce the events, and not the other."""

from __future__ import annotations

import pytest

from benchmarks.fitted import CHOICE, Day, days, difference, fill, learn
from tests.training.histories import FAILURE, failing_world, grants
from training.dataset import Dataset
from training.fit import catalogue_features


@pytest.fixture(scope="module")
def data() -> Dataset:
    panel, events = failing_world(2_000)
    return Dataset(FAILURE, panel, grants(), events)


@pytest.fixture(scope="module")
def day(data: Dataset) -> Day:
    return days(data)[-1]


def test_every_fit_takes_the_same_form_and_number_of_trees(data: Dataset, day: Day) -> None:
    summary = learn(data, day, catalogue_features(day.train)).summary
    assert {name: summary[name] for name in CHOICE} == CHOICE


def test_the_indicators_that_announce_the_events_are_worth_most(data: Dataset, day: Day) -> None:
    worth = fill(data, day)
    lost = {name: found["permutation_loss"]["value"] for name, found in worth.items()}
    assert min(lost, key=lost.__getitem__) == "grants_eur"
    for theme in ("debt", "funding"):
        without = difference([day], "all", f"without {theme}")["together"]["average_precision"]
        assert without["low"] > 0
