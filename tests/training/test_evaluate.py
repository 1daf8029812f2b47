"""Out-of-time evaluation: the right rows, the right labels, and figures beside their baselines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import VeilleError
from tests.training.histories import FAILURE, FAST, failing_world, grants
from training.dataset import Dataset
from training.evaluate import METRICS, backtest
from training.fit import Recipe, catalogue_features

TEST_DAY = date(2021, 6, 30)


@pytest.fixture(scope="module")
def data() -> Dataset:
    panel, events = failing_world()
    return Dataset(FAILURE, panel, grants(), events)


@pytest.fixture(scope="module")
def recipe(data: Dataset) -> Recipe:
    return Recipe(FAILURE, catalogue_features(data.rows), FAST)


@pytest.fixture(scope="module")
def oracle(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An oracle that knows the future: the labels themselves, unknown for every tenth row."""
    path = tmp_path_factory.mktemp("oracle") / "oracle.parquet"
    known = data.labels().select(
        pl.col("structure_id").alias("siren"),
        "as_of",
        "horizon_months",
        pl.when(pl.int_range(pl.len()) % 10 > 0)
        .then(pl.col("event").cast(pl.Float64))
        .alias("p_observable"),
    )
    known.write_parquet(path)
    return path


@pytest.fixture(scope="module")
def found(data: Dataset, recipe: Recipe, oracle: Path) -> dict[str, Any]:
    return backtest(data, recipe, count=1, oracle=oracle)


def test_each_observed_horizon_is_tested_on_the_labels_of_the_test_day(
    data: Dataset, found: dict[str, Any]
) -> None:
    assert found["target"] == "failure"
    labels = data.labels().filter(pl.col("as_of") == TEST_DAY)
    for fold in found["folds"]:
        wanted = labels.filter(pl.col("horizon_months") == fold["horizon_months"])
        assert fold["test_as_of"] == TEST_DAY.isoformat()
        assert (fold["n"], fold["positives"]) == (wanted.height, wanted["event"].sum())
    assert {f["horizon_months"]: f["train_until"] for f in found["folds"]} == {
        6: "2020-12-31",
        12: "2020-06-30",
    }


def test_every_figure_stands_inside_its_interval(found: dict[str, Any]) -> None:
    for fold in found["folds"]:
        for figures in (fold["metrics"], *fold["baselines"].values()):
            assert list(figures) == list(METRICS)
            for estimate in figures.values():
                assert set(estimate) == {"value", "low", "high"}
                assert estimate["low"] <= estimate["value"] <= estimate["high"]


def test_the_model_beats_chance_and_a_perfect_oracle_beats_the_model(
    found: dict[str, Any],
) -> None:
    for fold in found["folds"]:
        assert fold["metrics"]["roc_auc"]["value"] > 0.65
        assert fold["baselines"]["prior"]["roc_auc"]["value"] == pytest.approx(0.5)
        assert fold["baselines"]["oracle_observable"]["roc_auc"]["value"] == 1.0
        assert fold["differences"]["oracle_observable"]["roc_auc"]["high"] < 0
        assert {"prior", "last_change", "amount", "logistic"} <= set(fold["baselines"])


def test_differences_are_the_model_less_the_baseline(found: dict[str, Any]) -> None:
    for fold in found["folds"]:
        for name in ("prior", "last_change", "amount", "logistic"):
            gap = fold["metrics"]["brier"]["value"] - fold["baselines"][name]["brier"]["value"]
            assert fold["differences"][name]["brier"]["value"] == pytest.approx(gap, abs=1e-12)


def test_without_an_oracle_nothing_stands_for_it(
    data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    result = backtest(data, recipe, count=1, oracle=tmp_path / "absent.parquet")
    assert all("oracle_observable" not in fold["baselines"] for fold in result["folds"])


def test_what_is_known_after_the_test_day_changes_no_score(
    data: Dataset, recipe: Recipe, found: dict[str, Any]
) -> None:
    """Later failures of others are added: the baselines' and the model's scores stay.

    Scores are seen through the figures on the rows whose own labels did not change.
    """
    known = data.events.filter(pl.col("known_on") <= TEST_DAY)
    moved = data.events.filter(pl.col("known_on") > TEST_DAY)
    shifted = pl.concat(
        [known, moved.with_columns(pl.col("known_on") + timedelta(days=2))]
    )  # same labels in the end, other days of knowledge after the test day
    again = backtest(replace(data, events=shifted), recipe, count=1)
    for before, after in zip(found["folds"], again["folds"], strict=True):
        assert after["metrics"] == before["metrics"]
        assert after["baselines"]["logistic"] == before["baselines"]["logistic"]


def test_a_day_without_any_failure_has_no_figure(data: Dataset, recipe: Recipe) -> None:
    quiet = data.events.filter((pl.col("occurred_on") <= TEST_DAY) | (pl.col("kind") == "plan"))
    assert backtest(replace(data, events=quiet), recipe, count=1)["folds"] == []


def test_no_label_no_evaluation(data: Dataset, recipe: Recipe) -> None:
    with pytest.raises(VeilleError) as caught:
        backtest(replace(data, events=data.events.clear()), recipe)
    assert caught.value.code == "no-label"
