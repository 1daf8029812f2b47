"""Metrics equal scikit-learn's and closed forms; intervals cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from training.metrics import HIGHER_IS_BETTER, evaluate, paired_difference, precision_ties

scores = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9, 1.0])),
    min_size=2,
    max_size=60,
)


def draw(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 15, n)
    return (rng.random(n) < p).astype(float), p, np.arange(n)


@given(rows=scores)
@settings(deadline=None)
def test_point_values_equal_scikit_learn_with_ties(rows: list[tuple[bool, float]]) -> None:
    y, p = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    if y.min() == y.max():
        y[0] = 1 - y[0]
    found = evaluate(y, p, np.arange(len(y)), k=5, resamples=2)
    assert found["roc_auc"].value == pytest.approx(reference.roc_auc_score(y, p))
    assert found["average_precision"].value == pytest.approx(
        reference.average_precision_score(y, p)
    )
    assert found["brier"].value == pytest.approx(reference.brier_score_loss(y, p))
    assert found["log_loss"].value == pytest.approx(
        reference.log_loss(y, np.clip(p, 1e-15, 1 - 1e-15)), rel=1e-9
    )
    ties = precision_ties(y, p, k=5)
    assert found["precision_at_k"].value == pytest.approx(ties.mean)
    assert ties.worst <= ties.mean + 1e-12
    assert ties.mean <= ties.best + 1e-12


def test_ties_at_the_edge_are_bounded() -> None:
    y = np.array([1, 1, 0, 1, 0, 0])
    p = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1])
    ties = precision_ties(y, p, k=3)
    # one sure hit, two places for four tied rows of which two are events
    assert (ties.tied, ties.worst, ties.mean, ties.best) == (4, 1 / 3, 2 / 3, 1.0)
    assert precision_ties(y, p, k=50).mean == 0.5


def test_ece_by_hand() -> None:
    # 15 bins of 20 rows; in each, the forecast is 0.1 too high
    level = np.repeat(np.linspace(0.1, 0.8, 15), 20)
    y = np.concatenate([np.arange(20) < round(20 * b) for b in np.linspace(0.1, 0.8, 15)])
    level = np.repeat(y.reshape(15, 20).mean(axis=1), 20) + np.tile(np.linspace(0, 1e-9, 20), 15)
    found = evaluate(y.astype(float), level + 0.1, np.arange(300), resamples=20)
    assert found["ece"].value == pytest.approx(0.1, abs=1e-6)
    flat = evaluate(y.astype(float), np.full(300, 0.3), np.arange(300), resamples=20)
    assert flat["ece"].value == pytest.approx(abs(y.mean() - 0.3))


def test_auc_of_two_shifted_normals_is_the_closed_form() -> None:
    rng = np.random.default_rng(1)
    y = (rng.random(20_000) < 0.3).astype(float)
    p = 1 / (1 + np.exp(-(rng.normal(size=20_000) + y)))
    found = evaluate(y, p, np.arange(20_000), resamples=50)["roc_auc"]
    assert found.low < 0.7602 < found.high  # Phi(1 / sqrt(2))


def test_the_interval_of_the_event_rate_is_the_binomial_one() -> None:
    y = (np.random.default_rng(2).random(4000) < 0.1).astype(float)
    # A constant forecast: brier = (1 - 2c) * rate + c², linear in the rate.
    found = evaluate(y, np.full(4000, 0.25), np.arange(4000), resamples=1000)["brier"]
    half = 1.96 * np.sqrt(y.mean() * (1 - y.mean()) / 4000) * 0.5
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_repeated_rows_of_a_structure_do_not_narrow_the_interval() -> None:
    y, p, s = draw(500)
    once = evaluate(y, p, s, resamples=400)["brier"]
    copies = evaluate(np.tile(y, 4), np.tile(p, 4), np.tile(s, 4), resamples=400)["brier"]
    assert copies.value == pytest.approx(once.value)
    assert copies.high - copies.low == pytest.approx(once.high - once.low, rel=0.2)


def test_every_interval_holds_its_value_and_repeats_exactly() -> None:
    y, p, s = draw(800)
    found = evaluate(y, p, s)
    assert set(found) == set(HIGHER_IS_BETTER)
    for name, estimate in found.items():
        assert estimate.low <= estimate.value <= estimate.high, name
    assert evaluate(y, p, s) == found
    assert evaluate(y, p, s, seed=1) != found


def test_a_paired_difference_is_sharper_than_two_intervals() -> None:
    y, p, s = draw(4000)
    worse = np.clip(p * np.exp(np.random.default_rng(3).normal(0, 0.5, 4000)), 0, 1)
    gap = paired_difference(y, p, worse, s)["log_loss"]
    assert gap.high < 0
    alone = evaluate(y, p, s)["log_loss"]
    assert gap.high - gap.low < (alone.high - alone.low) / 2
    same = paired_difference(y, p, p, s)
    assert all((e.value, e.low, e.high) == (0, 0, 0) for e in same.values())


def test_without_an_event_ranking_metrics_have_no_value() -> None:
    found = evaluate(np.zeros(30), np.linspace(0.1, 0.9, 30), np.arange(30), k=5)
    assert found["roc_auc"].to_dict() == {"value": None, "low": None, "high": None}
    assert np.isnan(found["average_precision"].value)
    assert found["precision_at_k"].value == 0.0
    assert found["brier"].to_dict()["value"] is not None


@pytest.mark.parametrize(
    ("y", "p"),
    [
        ([0, 1], [0.5]),
        ([], []),
        ([0, 2], [0.1, 0.2]),
        ([0, 1], [0.1, 1.2]),
        ([0, 1], [0.1, np.nan]),
    ],
)
def test_wrong_inputs_are_refused(y: list[float], p: list[float]) -> None:
    with pytest.raises(ValueError, match="must"):
        evaluate(y, p, np.arange(len(y)))
