"""How long a list leaves: by hand, then on a world whose failures are known."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from tests.training.histories import FAILURE, failing_world, grants
from training.dataset import Dataset
from training.lead import lead_time

DAY = date(2020, 12, 31)


def test_by_hand() -> None:
    # four structures have the event, 30, 91, 92 and 300 days after the list
    after = {"a": 30, "b": 91, "c": 92, "d": 300}
    test = pl.DataFrame(
        {
            "structure_id": ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"],
            "as_of": [DAY] * 10,
            "event": [1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
        }
    )
    days = pl.DataFrame(
        {
            "structure_id": list(after),
            "as_of": [DAY] * 4,
            "event_on": [DAY + timedelta(days=n) for n in after.values()],
        }
    )
    found = lead_time(
        test, [0.9, 0.1, 0.8, 0.7, 0.7, 0.2, 0.2, 0.2, 0.2, 0.2], days, high_share=0.3
    )
    # three places, and the fourth shares the score of the third
    assert (found["k"], found["events"], found["caught"]) == (4, 4, 3)
    assert found["days"] == {"p25": 61.0, "median": 92.0, "p75": 196.0}
    assert found["windows"] == [
        {"after_days": 0, "until_days": 91, "events": 2, "caught": 1},
        {"after_days": 91, "until_days": 183, "events": 1, "caught": 1},
        {"after_days": 183, "until_days": 365, "events": 1, "caught": 1},
    ]


def test_nothing_caught_has_no_delay() -> None:
    test = pl.DataFrame({"structure_id": ["a", "b"], "as_of": [DAY, DAY], "event": [1, 0]})
    days = pl.DataFrame(
        {"structure_id": ["a"], "as_of": [DAY], "event_on": [DAY + timedelta(days=3)]}
    )
    found = lead_time(test, [0.1, 0.9], days, high_share=0.5)
    assert (found["events"], found["caught"]) == (1, 0)
    assert set(found["days"].values()) == {None}


def test_the_days_of_a_dataset_are_those_of_its_labels() -> None:
    panel, events = failing_world()
    data = Dataset(FAILURE, panel, grants(), events)
    labels = data.labels()
    days = data.event_days()
    assert days is not None
    assert (days["event_on"] > days["as_of"]).all()
    for months in FAILURE.horizons_months:
        hit = labels.filter((pl.col("horizon_months") == months) & (pl.col("event") == 1))
        assert hit.height
        found = hit.join(days, on=["structure_id", "as_of"], how="left")
        assert found["event_on"].null_count() == 0
        assert (
            found["event_on"] <= found["as_of"].dt.offset_by(f"{months}mo").dt.month_end()
        ).all()
