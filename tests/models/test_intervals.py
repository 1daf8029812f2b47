"""Intervals: closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from models import intervals


def test_equal_members_leave_only_the_calibration() -> None:
    members = np.full((3, 8), -2.0)
    error = intervals.standard_error(members, 0.0, 1.0, np.array([0.0, 0.04, 0.25]))
    np.testing.assert_allclose(error, [0.0, 0.2, 0.5])
    low, high = intervals.bounds(np.array([-2.0]), error[:1], 8, 0.9)
    assert low[0] == high[0] == 1 / (1 + np.exp(2.0))


def test_a_row_is_shrunk_towards_the_usual_spread() -> None:
    rng = np.random.default_rng(0)
    members = rng.normal(0, 0.5, (5000, 8))
    pooled = intervals.pooled_variance(members)
    assert pooled == pytest.approx(0.25, rel=0.05)
    error = intervals.standard_error(members, pooled, 2.0, np.zeros(5000))
    assert np.mean(error**2) == pytest.approx(4 * 0.25, rel=0.05)
    assert error.std() < 2 * members.std(axis=1, ddof=1).std()


def test_the_interval_has_its_level_in_log_odds() -> None:
    low, high = intervals.bounds(np.array([0.0]), np.array([1.0]), 8, 0.9)
    reach = student.ppf(0.95, 15)
    np.testing.assert_allclose(
        [low[0], high[0]], [1 / (1 + np.exp(reach)), 1 / (1 + np.exp(-reach))]
    )


def test_one_member_has_no_spread_of_its_own() -> None:
    assert intervals.pooled_variance(np.zeros((4, 1))) == 0.0
    assert intervals.standard_error(np.zeros((4, 1)), 0.0, 1.0, np.zeros(4)).max() == 0.0
