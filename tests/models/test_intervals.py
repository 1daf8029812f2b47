"""Intervals: closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from models import intervals

STRAY = intervals.STRAY**2


def test_equal_members_leave_only_the_calibration() -> None:
    own = intervals.variance(np.full((3, 8), -2.0), np.zeros((3, 8)))
    doubt = np.array([0.0, 0.04, 0.25])
    error = intervals.standard_error(own, 0.0, members=8, slope=1.0, calibration=doubt)
    np.testing.assert_allclose(error, np.array([0.0, 0.2, 0.5]) * intervals.STRAY)
    low, high = intervals.bounds(np.array([-2.0]), error[:1], 8, 0.9)
    assert low[0] == high[0] == 1 / (1 + np.exp(2.0))


def test_the_trees_count_twice() -> None:
    rng = np.random.default_rng(1)
    line, trees = rng.normal(0, 0.3, (20_000, 8)), rng.normal(0, 0.4, (20_000, 8))
    own = intervals.variance(line + trees, trees)
    assert own.mean() == pytest.approx(0.09 + 2 * 0.16, rel=0.03)


def test_a_stretched_spread_is_that_of_trees_as_much_further_apart() -> None:
    rng = np.random.default_rng(2)
    line, trees = rng.normal(0, 0.3, (50, 8)), rng.normal(0, 0.2, (50, 8))
    stretched = intervals.variance(line + trees, trees, 2.0)
    np.testing.assert_allclose(stretched, intervals.variance(line + 2 * trees, 2 * trees))


def test_a_row_is_shrunk_towards_the_usual_spread() -> None:
    members = np.random.default_rng(0).normal(0, 0.5, (5000, 8))
    own = intervals.variance(members, np.zeros_like(members))
    pooled = float(own.mean())
    assert pooled == pytest.approx(0.25, rel=0.05)
    error = intervals.standard_error(own, pooled, members=8, slope=2.0, calibration=np.zeros(5000))
    assert np.mean(error**2) == pytest.approx(STRAY * 4 * 0.25, rel=0.05)
    assert np.std(error**2) == pytest.approx(STRAY * 4 * 7 / 15 * own.std(), rel=1e-6)


def test_the_interval_has_its_level_in_log_odds() -> None:
    low, high = intervals.bounds(np.array([0.0]), np.array([1.0]), 8, 0.9)
    reach = student.ppf(0.95, 15)
    np.testing.assert_allclose(
        [low[0], high[0]], [1 / (1 + np.exp(reach)), 1 / (1 + np.exp(-reach))]
    )


def test_one_member_has_no_spread_of_its_own() -> None:
    own = intervals.variance(np.zeros((4, 1)), np.zeros((4, 1)))
    error = intervals.standard_error(own, 0.0, members=1, slope=1.0, calibration=np.zeros(4))
    assert own.max() == error.max() == 0.0
