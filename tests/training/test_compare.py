"""Two recipes side by side: who is better, by how much, and what nobody can tell."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.training.histories import FAST
from tests.training.test_given import firms
from training import given
from training.compare import BETTER_A, BETTER_B, UNDECIDED, compare, lists_apart, verdict
from training.evaluate import METRICS
from training.fit import Recipe
from training.given import Given
from training.metrics import Estimate


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Given:
    path = tmp_path_factory.mktemp("compare") / "firms.parquet"
    firms(300).write_parquet(path)
    return given.read(path)


def recipe(data: Given, *names: str) -> Recipe:
    kept = tuple(f for f in data.features(data.rows) if f.name in names)
    return Recipe(data.target, kept, FAST)


def test_what_predicts_beats_noise_whatever_the_side(data: Given) -> None:
    good, poor = recipe(data, "debt", "sector"), recipe(data, "noise")
    one, two = compare(data, good, poor), compare(data, poor, good)
    assert [fold["test_as_of"] for fold in one["folds"]] == ["2015-12-31", "2016-12-31"]
    for found, other in zip(one["folds"], two["folds"], strict=True):
        assert (found["n"], found["a"], found["b"]) == (300, other["b"], other["a"])
        for name in ("roc_auc", "average_precision", "brier", "log_loss"):
            assert found["verdict"][name] == BETTER_A
            assert other["verdict"][name] == BETTER_B
            gap = found["difference"][name]
            assert gap["value"] == pytest.approx(
                found["a"][name]["value"] - found["b"][name]["value"]
            )
            assert gap["low"] < gap["value"] < gap["high"]
        assert found["lists"]["k"] == 100
        assert 0 < found["lists"]["common"] < 100
    (pooled,) = one["pooled"]
    assert (pooled["folds"], pooled["n"]) == (2, 600)
    assert pooled["positives"] == sum(fold["positives"] for fold in one["folds"])
    assert pooled["verdict"]["roc_auc"] == BETTER_A
    # Two years say more than one: a narrower interval.
    width = [
        f["difference"]["roc_auc"]["high"] - f["difference"]["roc_auc"]["low"] for f in one["folds"]
    ]
    assert pooled["difference"]["roc_auc"]["high"] - pooled["difference"]["roc_auc"]["low"] < max(
        width
    )


def test_a_recipe_is_not_better_than_itself(data: Given) -> None:
    same = recipe(data, "debt", "noise", "sector")
    (fold,) = compare(data, same, same, count=1)["folds"]
    assert set(fold["verdict"]) == set(METRICS)
    assert set(fold["verdict"].values()) == {UNDECIDED}
    assert {gap["value"] for gap in fold["difference"].values()} == {0.0}
    assert fold["lists"] == {
        "k": 100,
        "common": 100,
        "overlap": 1.0,
        "rank_correlation": pytest.approx(1.0),
    }


@pytest.mark.parametrize(
    ("metric", "low", "high", "said"),
    [
        ("roc_auc", 0.01, 0.05, BETTER_A),
        ("roc_auc", -0.05, -0.01, BETTER_B),
        ("brier", 0.01, 0.05, BETTER_B),
        ("brier", -0.05, -0.01, BETTER_A),
        ("roc_auc", -0.01, 0.05, UNDECIDED),
        ("roc_auc", 0.0, 0.05, UNDECIDED),
        ("roc_auc", float("nan"), float("nan"), UNDECIDED),
    ],
)
def test_an_interval_that_holds_zero_establishes_nothing(
    metric: str, low: float, high: float, said: str
) -> None:
    assert verdict(metric, Estimate((low + high) / 2, low, high)) == said


def test_lists_are_compared_by_hand() -> None:
    names = pl.Series(["a", "b", "c", "d"])
    one, two = pl.Series([0.9, 0.8, 0.2, 0.1]), pl.Series([0.9, 0.1, 0.2, 0.8])
    # Tops of two: {a, b} and {a, d}. Ranks 4 3 2 1 and 4 1 2 3: 1 - 6 * 8 / (4 * 15) = 0.2.
    assert lists_apart(names, one, two, k=2) == {
        "k": 2,
        "common": 1,
        "overlap": 0.5,
        "rank_correlation": pytest.approx(0.2),
    }
    # Equal scores: by name, {a, b}; and no correlation can be told.
    flat = lists_apart(names, one, pl.Series([0.5] * 4), k=2)
    assert (flat["common"], flat["rank_correlation"]) == (2, None)
    assert lists_apart(names, one, two)["k"] == 4


def test_the_same_inputs_give_the_same_figures(data: Given, tmp_path: Path) -> None:
    one, two = recipe(data, "debt"), recipe(data, "debt", "sector")
    assert compare(data, one, two, count=1) == compare(data, one, two, count=1)
