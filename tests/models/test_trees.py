"""Trees cut at a horizon predict the same; tables give LightGBM's own TreeSHAP."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from models.trees import forest_at
from models.treeshap import BatchShap, Tree

Data = tuple[np.ndarray, np.ndarray]
HORIZONS = (6, 12, 18)
N = 3000


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x = np.column_stack(
        [
            rng.normal(size=N),
            rng.normal(size=N),
            rng.integers(0, 12, N).astype(float),
            rng.choice(HORIZONS, N).astype(float),
        ]
    )
    x[rng.random(N) < 0.2, 1] = np.nan
    effect = (
        np.isin(x[:, 2], [1, 4, 7]) * 1.5 + np.isnan(x[:, 1]) + (x[:, 3] - 6) / 4 * (x[:, 0] > 0)
    )
    return x, (rng.random(N) < 1 / (1 + np.exp(2 - effect))).astype(float)


def train(data: tuple[np.ndarray, np.ndarray], seed: int, **options: object) -> lgb.Booster:
    settings = {
        "objective": "binary",
        "num_leaves": 15,
        "max_depth": 5,
        "verbosity": -1,
        "num_threads": 1,
        "seed": seed,
        "feature_fraction": 0.7,
        "min_data_per_group": 10,
        "cat_smooth": 1.0,
    }
    return lgb.train(settings | options, lgb.Dataset(*data, categorical_feature=[2]), 20)


@pytest.mark.parametrize("months", HORIZONS)
def test_cut_trees_predict_as_the_whole_ones(data: Data, months: int) -> None:
    boosters = [train(data, seed) for seed in (1, 2)]
    forest = forest_at([b.model_to_string() for b in boosters], months, 3, 0.5)
    x = data[0].copy()
    x[:, 3] = months
    for k, booster in enumerate(boosters):
        expected = 0.5 * booster.predict(x, raw_score=True)
        np.testing.assert_allclose(forest.members(x[:, :3])[:, k], expected, atol=1e-12)
    assert any("split_feature" in t for t in forest.texts)
    for text in forest.texts:
        line = next(v for v in text.splitlines() if v.startswith("split_feature="))
        assert "3" not in line.split("=")[1].split()


@pytest.mark.parametrize(
    "options",
    [{}, {"num_leaves": 40, "max_depth": 8}, {"num_leaves": 2}, {"min_data_in_leaf": 9999}],
)
def test_tables_equal_lightgbm(data: Data, options: dict[str, object]) -> None:
    forest = forest_at([train(data, 1, **options).model_to_string()], 12, 3, 1.0)
    codes = data[0][:, :3].copy()
    codes[:5, 2] = np.nan  # a category that training never saw
    exact, base = forest.contributions(codes)
    assert forest.batch is not None
    np.testing.assert_allclose(forest.batch.values(codes), exact, atol=1e-10)
    assert forest.batch.base == pytest.approx(base, abs=1e-10)


def test_tables_equal_the_shap_package(data: Data) -> None:
    shap = pytest.importorskip("shap")
    forest = forest_at([train(data, 3).model_to_string()], 6, 3, 1.0)
    codes = data[0][:50, :3]
    explainer = shap.TreeExplainer(forest.booster)
    padded = np.column_stack([codes, np.zeros(50)])
    expected = np.asarray(explainer.shap_values(padded))[:, :3]
    np.testing.assert_allclose(forest.batch.values(codes), expected, atol=1e-8)


def test_a_stump_by_hand() -> None:
    # 30 rows of 40 go left: v(left) = 1, v(right) = -1, base = 0.5
    tree = Tree.parse(
        {
            "num_leaves": "2",
            "split_feature": "0",
            "threshold": "2.5",
            "decision_type": "2",
            "left_child": "-1",
            "right_child": "-2",
            "leaf_value": "1 -1",
            "leaf_count": "30 10",
            "internal_count": "40",
        }
    )
    shap = BatchShap([tree], 2)
    assert shap.base == pytest.approx(0.5)
    np.testing.assert_allclose(
        shap.values(np.array([[2.5, 0.0], [3.0, 0.0]])), [[0.5, 0.0], [-1.5, 0.0]]
    )


def test_too_deep_trees_are_left_to_lightgbm(data: Data) -> None:
    deep = train(data, 1, num_leaves=200, max_depth=-1, min_data_in_leaf=2)
    forest = forest_at([deep.model_to_string()], 12, 3, 1.0)
    assert forest.batch is None
