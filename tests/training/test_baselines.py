"""Baselines know only the training rows, and are worth what they should be."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from models.spec import FeatureSpec
from training.baselines import fit_baselines, one_feature

FEATURES = (
    FeatureSpec("change", direction=-1),
    FeatureSpec("amount_eur", direction=-1),
    FeatureSpec("delay_days", direction=1),
    FeatureSpec("sector", "categorical"),
)
N = 3000


def draw(seed: int) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    change, amount = rng.normal(size=N), np.exp(rng.normal(10, 1, N))
    sector = rng.choice(["a", "b"], N)
    score = -2 - change - 0.5 * (np.log(amount) - 10) + 1.0 * (sector == "b")
    rows = pl.DataFrame(
        {
            "change": change,
            "amount_eur": pl.Series(amount).scatter([0, 5, 9], [None, np.inf, np.nan]),
            "delay_days": pl.Series([None] * N, dtype=pl.Float64),
            "sector": pl.Series(sector).scatter([1, 2], [None, "nouveau"]),
        }
    )
    return rows, (rng.random(N) < 1 / (1 + np.exp(-score))).astype(float), score


@pytest.fixture(scope="module")
def scored() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    rows, events, _ = draw(0)
    test, later, truth = draw(1)
    found = fit_baselines(
        rows, events, test, features=FEATURES, change="change", amount="amount_eur", forest=True
    )
    return found, later, truth


Scored = tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]


def test_every_baseline_gives_probabilities(scored: Scored) -> None:
    found, later, _ = scored
    assert set(found) == {"prior", "last_change", "amount", "logistic", "random_forest"}
    for name, p in found.items():
        assert p.shape == (N,), name
        assert ((p >= 0) & (p <= 1)).all(), name
        assert p.mean() == pytest.approx(later.mean(), abs=0.03), name


def test_they_rank_as_the_truth_says(scored: Scored) -> None:
    found, later, truth = scored
    auc = {name: roc_auc_score(later, p) for name, p in found.items()}
    assert auc["prior"] == 0.5
    assert auc["logistic"] == pytest.approx(roc_auc_score(later, truth), abs=0.015)
    assert auc["prior"] < auc["amount"] < auc["last_change"] < auc["logistic"]
    assert auc["last_change"] < auc["random_forest"]


def test_one_feature_keeps_its_sign(scored: Scored) -> None:
    rows, events, _ = draw(0)
    p = one_feature(rows, events, rows, FeatureSpec("change", direction=-1))
    order = np.argsort(rows["change"].to_numpy())
    assert (np.diff(p[order]) <= 1e-15).all()
    against = one_feature(rows, events, rows, FeatureSpec("change", direction=1))
    np.testing.assert_allclose(against, events.mean(), atol=1e-3)


def test_the_same_rows_give_the_same_scores() -> None:
    rows, events, _ = draw(0)
    first, second = (
        fit_baselines(rows, events, rows, features=FEATURES, forest=True, num_threads=n)
        for n in (1, 2)
    )
    assert set(first) == {"prior", "logistic", "random_forest"}
    for name in first:
        np.testing.assert_allclose(first[name], second[name], rtol=1e-12)


def test_without_an_event_the_probability_is_zero() -> None:
    rows, events, _ = draw(0)
    found = fit_baselines(rows, events * 0, rows, features=FEATURES)
    assert found["logistic"].max() == 0.0
    assert found["prior"].max() == 0.0
