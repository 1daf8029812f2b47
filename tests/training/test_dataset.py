"""The dataset: cohort rows of a panel, and the labels that a day can see."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from data.contracts import conform
from data.lake import Lake
from data.rejects import empty_rejects
from data.sources.base import Parsed, ReadOptions
from tests.fictitious import siren
from tests.training.histories import FAILURE, FUNDING, rows
from training.dataset import Dataset
from training.labels import SCHEMA

ONE, TWO, THREE = siren(1), siren(2), siren(3)
END = [date(year, 12, 31) for year in (2018, 2019, 2020)]
PANEL = rows(*[(s, day) for day in END for s in (ONE, TWO)], (ONE, date(2019, 6, 30)))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of seven awards and two events, written through the real door."""
    home = tmp_path_factory.mktemp("lake")
    awards = [(ONE, year, 20_000 if year < 2021 else 5_000) for year in range(2017, 2022)]
    awards += [(TWO, 2018, 20_000), (TWO, 2019, 2_000)]
    grants = pl.DataFrame(
        [
            {
                "siren": who,
                "funder_id": "etat",
                "funder_level": "state",
                "amount_eur": amount,
                "stage": "awarded",
                "fiscal_year": year,
                "instrument": "grant",
                "dataset": "liste-fictive",
                "source": "essai",
                "source_row": number,
                "known_on": date(year, 12, 31),
            }
            for number, (who, year, amount) in enumerate(awards, 1)
        ]
    )
    happened = pl.DataFrame(
        {
            "siren": [TWO, THREE],
            "kind": ["liquidation", "plan"],
            "occurred_on": [date(2020, 3, 1), date(2022, 9, 1)],
            "source": "essai",
            "source_row": [8, 9],
            "known_on": [date(2020, 3, 12), date(2022, 9, 1)],
        }
    )
    tables = {"grants": conform(grants, "grants"), "events": conform(happened, "events")}
    (home / "liste.txt").write_text("liste fictive")
    found = Lake(home)
    parsed = Parsed(rows_in=9, tables=tables, rejects=empty_rejects())
    found.commit(parsed, source="essai", file=home / "liste.txt", options=ReadOptions())
    return found


def test_failure_takes_every_row_of_the_panel(lake: Lake) -> None:
    data = Dataset.load(PANEL, lake, FAILURE)
    assert data.rows.equals(PANEL)
    labels = data.labels()
    assert labels.schema == SCHEMA
    # TWO failed on 2020-03-01: it is one of the rows of 2018 (18 months) and of 2019 (6, 12, 18).
    hits = labels.filter(pl.col("event") == 1).select("structure_id", "as_of", "horizon_months")
    assert sorted(hits.rows()) == [
        (TWO, END[0], 18),
        (TWO, END[1], 6),
        (TWO, END[1], 12),
        (TWO, END[1], 18),
    ]


def test_funding_loss_takes_the_cohort_of_each_31_december(lake: Lake) -> None:
    data = Dataset.load(PANEL, lake, FUNDING)
    assert data.rows.rows() == [(ONE, END[0]), (ONE, END[1]), (ONE, END[2])]
    assert data.labels().rows() == [
        (ONE, END[0], 12, 0),
        (ONE, END[1], 12, 0),
        (ONE, END[2], 12, 1),
    ]


def test_labels_known_by_a_day_use_no_later_row_and_no_later_fact(lake: Lake) -> None:
    funding = Dataset.load(PANEL, lake, FUNDING)
    assert funding.labels(END[2]).rows() == [(ONE, END[0], 12, 0), (ONE, END[1], 12, 0)]
    assert funding.labels(END[1]).rows() == [(ONE, END[0], 12, 0)]
    failure = Dataset.load(PANEL, lake, FAILURE)
    assert failure.labels(date(2020, 3, 11)).is_empty()  # no event is known yet
    # Known on 2020-03-12: observed until 2020-01-12, six and twelve months after END[0].
    found = failure.labels(date(2020, 3, 12))
    assert set(found["horizon_months"]) == {6, 12}
    assert set(found["as_of"]) == {END[0], date(2019, 6, 30)}
    assert found["event"].sum() == 0
