"""Funding: bounds, recoveries and years without money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.features.test_panel import YEAR_END, state
from tests.fictitious import siren

if TYPE_CHECKING:
    from tests.features.conftest import Seen

A, B = siren(1), siren(2)


def test_a_change_stays_between_minus_one_and_three(seen: Seen) -> None:
    rows = [state(A, 2019, "900000"), state(A, 2018, "1000")]
    assert seen(YEAR_END, grants=rows)["grants_change_1y_ratio"] == 3
    rows = [state(B, 2019, "1"), state(A, 2018, "1000")]
    assert seen(YEAR_END, grants=rows)["grants_change_1y_ratio"] == -1


def test_a_year_of_recoveries_counts_for_nothing_not_for_less(seen: Seen) -> None:
    row = seen(YEAR_END, grants=[state(A, 2019, "-5000"), state(A, 2018, "8000")])
    assert row["grants_eur"] == 0
    assert row["grants_change_1y_ratio"] == -1
    assert row["state_share_ratio"] is None  # no denominator
    assert row["largest_line_share_ratio"] is None


def test_no_year_before_is_missing_not_stable(seen: Seen) -> None:
    row = seen(YEAR_END, grants=[state(A, 2019, "5000")])
    for name in ("grants_change_1y_ratio", "lost_funders_share_ratio", "grants_vs_mean_ratio"):
        assert row[name] is None
    assert row["lost_funders_count"] == 0


def test_exactly_half_is_not_a_loss(seen: Seen) -> None:
    kept = seen(YEAR_END, grants=[state(A, 2019, "5000"), state(A, 2018, "10000")])
    lost = seen(YEAR_END, grants=[state(A, 2019, "4999.99"), state(A, 2018, "10000")])
    assert (kept["lost_funders_share_ratio"], lost["lost_funders_share_ratio"]) == (0, 1)
