"""Calibration: near identity with few events, the right slope and shift with many."""

from __future__ import annotations

import numpy as np
import pytest

from models.calibration import Calibration, fit_calibration

RNG_SIZE = 20_000


def draw(n: int, slope: float, shift: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    score = np.column_stack([rng.normal(-3, 1.2, n)] * 2) + np.array([0.0, 0.8])
    u = rng.random(n)[:, None]
    return score, (u < 1 / (1 + np.exp(-(slope * score + shift)))).astype(np.int8)


def test_it_recovers_slope_and_shift() -> None:
    score, y = draw(RNG_SIZE, 0.7, -0.4)
    found = fit_calibration(score, y, np.arange(RNG_SIZE))
    assert found.slope == pytest.approx(0.7, abs=0.06)
    error = found.apply(score[:, 1], 1) - (0.7 * score[:, 1] - 0.4)
    assert np.abs(error).mean() < 0.08


def test_with_few_events_it_stays_near_identity() -> None:
    score, y = draw(60, 0.3, -2.0)
    found = fit_calibration(score, y, np.arange(60))
    assert 0.6 < found.slope < 1.2
    assert found.variance(np.array([-3.0]), 0)[0] > 0.02


def test_without_rows_it_is_the_identity() -> None:
    score, y = draw(50, 1.0, 0.0)
    found = fit_calibration(score, np.full_like(y, -1), np.arange(50))
    np.testing.assert_array_equal(found.apply(score[:, 0], 0), score[:, 0])
    assert found.variance(score[:, 0], 0).max() == 0.0


def test_horizons_stay_ordered_when_the_labels_are_not() -> None:
    score, y = draw(2000, 1.0, 0.0)
    y[:, 1] = 0
    found = fit_calibration(score, y, np.arange(2000))
    assert (np.diff(found.shifts) >= 0).all()
    assert found.slope > 0


def test_repeated_rows_of_a_structure_do_not_add_certainty() -> None:
    score, y = draw(400, 1.0, 0.3)
    one = fit_calibration(score, y, np.arange(400))
    again = fit_calibration(np.tile(score, (5, 1)), np.tile(y, (5, 1)), np.tile(np.arange(400), 5))
    assert again.covariance[1, 1] > 0.6 * one.covariance[1, 1]


def test_uncertainty_matches_the_spread_over_repetitions() -> None:
    fits = [fit_calibration(*draw(6000, 1.0, 0.0, s), np.arange(6000)) for s in range(40)]
    at = np.array([-3.0])
    spread = np.std([f.apply(at, 0)[0] for f in fits])
    claimed = np.mean([np.sqrt(f.variance(at, 0)[0]) for f in fits])
    assert claimed == pytest.approx(spread, rel=0.4)


def test_it_is_written_and_read() -> None:
    score, y = draw(500, 0.8, 0.2)
    found = fit_calibration(score, y, np.arange(500))
    again = Calibration.from_dict(found.to_dict())
    np.testing.assert_array_equal(found.apply(score[:, 1], 1), again.apply(score[:, 1], 1))
