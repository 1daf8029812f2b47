"""The linear part equals scikit-learn's where both apply, and keeps its signs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.encoding import Design
from models.linear import fit_linear, prior_intercepts

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
N = 4000


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(N, 4))
    levels = rng.integers(0, 3, N).astype(np.int32)
    score = x @ [0.8, -0.5, 0.0, 0.3] + np.array([0.0, 0.7, -0.7])[levels] - 2
    return x, levels, (rng.random(N) < 1 / (1 + np.exp(-score))).astype(np.int8)


def test_it_equals_scikit_learn(sample: Sample) -> None:
    x, levels, y = sample
    weights = np.random.default_rng(0).exponential(size=N)
    part = fit_linear(Design(x, (levels,)), y[:, None], weights, signs=[0] * 4, slots=[4], l2=10.0)
    reference = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000)
    reference.fit(np.column_stack([x, np.eye(3)[levels]]), y, sample_weight=weights)
    found = np.concatenate([part.dense, part.levels[0][:3]])
    np.testing.assert_allclose(found, reference.coef_[0], atol=2e-4)
    assert part.intercepts[0] == pytest.approx(reference.intercept_[0], abs=2e-4)
    assert part.levels[0][3] == 0.0


def test_signs_hold_even_against_the_data(sample: Sample) -> None:
    x, levels, y = sample
    part = fit_linear(
        Design(x, (levels,)), y[:, None], np.ones(N), signs=[-1, 1, 0, 1], slots=[4], l2=1.0
    )
    assert part.dense[0] == 0.0
    assert part.dense[1] == 0.0
    assert part.dense[3] > 0.1


def test_intercepts_never_decrease(sample: Sample) -> None:
    x, levels, y = sample
    later = np.zeros_like(y)  # fewer events at the longer horizon: impossible, yet data may say so
    part = fit_linear(
        Design(x, (levels,)),
        np.column_stack([y, later]),
        np.ones(N),
        signs=[0] * 4,
        slots=[4],
        l2=1.0,
    )
    assert part.intercepts[0] == part.intercepts[1]


def test_a_horizon_that_is_not_observed_takes_no_part(sample: Sample) -> None:
    x, levels, y = sample
    design = Design(x, (levels,))
    options = {"signs": [0] * 4, "slots": [4], "l2": 1.0}
    alone = fit_linear(design, y[:, None], np.ones(N), **options)
    absent = np.full(N, -1, dtype=np.int8)
    both = fit_linear(design, np.column_stack([y, absent]), np.ones(N), **options)
    np.testing.assert_allclose(both.dense, alone.dense, atol=1e-3)


def test_prior_is_the_event_rate() -> None:
    y = np.zeros((1000, 2), dtype=np.int8)
    y[:100, 0] = 1
    y[:300, 1] = 1
    rate = 1 / (1 + np.exp(-prior_intercepts(y, np.ones(1000))))
    np.testing.assert_allclose(rate, [0.1, 0.3], atol=1e-3)


def test_penalty_pulls_towards_the_given_point(sample: Sample) -> None:
    x, levels, y = sample
    target = np.array([0.3, 0.3, 0.3, 0.3, 0.0, 0.0, 0.0, 0.0])
    part = fit_linear(
        Design(x, (levels,)),
        y[:, None],
        np.ones(N),
        signs=[0] * 4,
        slots=[4],
        l2=1e6,
        towards=target,
    )
    np.testing.assert_allclose(part.dense, 0.3, atol=0.01)
