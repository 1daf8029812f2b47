"""Budgets: the latest vote counts, cancellations add up, a programme goes before the whole."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.features.test_panel import YEAR_END, budget, state
from tests.fictitious import siren

if TYPE_CHECKING:
    from tests.features.conftest import Seen

LINE = [state(siren(1), 2019, "30000"), state(siren(1), 2018, "30000")]
VOTES = [
    budget("etat", "163", 2018, "voted", 1000, date(2017, 12, 1)),
    budget("etat", "163", 2019, "voted", 900, date(2018, 12, 1)),
]


def test_an_amending_vote_replaces_the_first(seen: Seen) -> None:
    amended = [*VOTES, budget("etat", "163", 2019, "voted", 500, date(2019, 7, 1))]
    row = seen(YEAR_END, grants=LINE, budgets=amended)
    assert row["voted_change_ratio"] == pytest.approx(-0.5)


def test_of_two_votes_known_the_same_day_the_larger_counts(seen: Seen) -> None:
    twice = [*VOTES, budget("etat", "163", 2019, "voted", 800, date(2018, 12, 1))]
    rows = [seen(YEAR_END, grants=LINE, budgets=votes) for votes in (twice, twice[::-1])]
    assert [r["voted_change_ratio"] for r in rows] == [pytest.approx(-0.1)] * 2


def test_more_than_everything_is_never_cancelled(seen: Seen) -> None:
    cut = [budget("etat", "163", 2019, "cancelled", 700, date(2019, 3, d)) for d in (1, 2)]
    row = seen(YEAR_END, grants=LINE, budgets=[*VOTES, *cut])
    assert row["cancelled_share_ratio"] == 1


def test_a_cancellation_read_twice_counts_once(seen: Seen) -> None:
    cut = [budget("etat", "163", 2019, "cancelled", 90, date(2019, 3, d)) for d in (1, 1, 2)]
    row = seen(YEAR_END, grants=LINE, budgets=[*VOTES, *cut])
    assert row["cancelled_share_ratio"] == pytest.approx(0.2)


def test_a_programme_goes_before_the_whole_budget(seen: Seen) -> None:
    whole = [budget("etat", None, y, "voted", 100 * y, date(y - 1, 12, 1)) for y in (2018, 2019)]
    row = seen(YEAR_END, grants=LINE, budgets=[*VOTES, *whole])
    assert row["voted_change_ratio"] == pytest.approx(-0.1)


def test_no_budget_is_missing(seen: Seen) -> None:
    row = seen(YEAR_END, grants=LINE, budgets=[])
    assert (row["voted_change_ratio"], row["cancelled_share_ratio"]) == (None, None)
