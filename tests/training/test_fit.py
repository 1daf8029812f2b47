"""Fitting: nothing beyond the fold is learnt, levels are the cell's capacity, same in same out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

import training.fit
from features.catalogue import INDICATORS
from tests.training.histories import DAYS, FAILURE, FAST, failing_world, grants
from training.dataset import Dataset
from training.fit import Fitted, Levels, Recipe, catalogue_features, coming_day, fit
from training.splits import Fold, folds, train_labels
from training.targets import TARGETS


@pytest.fixture(scope="module")
def data() -> Dataset:
    panel, events = failing_world()
    return Dataset(FAILURE, panel, grants(), events)


@pytest.fixture(scope="module")
def recipe(data: Dataset) -> Recipe:
    return Recipe(FAILURE, catalogue_features(data.rows), FAST)


@pytest.fixture(scope="module")
def fold(data: Dataset) -> Fold:
    return folds(data.labels(), FAILURE.horizons_months, main=12, count=1)[0]


@pytest.fixture(scope="module")
def fitted(data: Dataset, recipe: Recipe, fold: Fold) -> Fitted:
    return fit(data.rows, data.labels(), recipe, fold=fold)


def scores(found: Fitted, data: Dataset) -> pl.DataFrame:
    return found.model.predict(data.rows.filter(pl.col("as_of") == DAYS[5]))


def test_only_indicators_that_say_something_are_features(data: Dataset) -> None:
    found = catalogue_features(data.rows)
    assert {f.name for f in found} == {"debt_ratio", "grants_change_1y_ratio", "grants_eur"}
    for feature in found:
        declared = INDICATORS[feature.name]
        assert (feature.direction, feature.label) == (declared.direction, declared.label)


def test_a_gap_says_something(data: Dataset) -> None:
    rows = data.rows.head(3).with_columns(pl.Series("alerts_three_years_count", [1.0, None, 1.0]))
    assert "alerts_three_years_count" in {f.name for f in catalogue_features(rows)}


def test_the_fold_bounds_what_is_learnt(fitted: Fitted, fold: Fold) -> None:
    assert fold.test_as_of == date(2021, 6, 30)
    assert fitted.train_days == (date(2017, 12, 31), date(2020, 12, 31))
    assert fitted.calibration_days is not None
    assert fitted.calibration_days[1] <= date(2020, 12, 31)


def test_labels_beyond_the_fold_change_nothing(
    data: Dataset, recipe: Recipe, fold: Fold, fitted: Fitted
) -> None:
    """Every label whose window passes the test day is turned over: same model to the last bit."""
    labels = data.labels()
    allowed = train_labels(labels, fold)
    keys = ["structure_id", "as_of", "horizon_months"]
    beyond = labels.join(allowed, on=keys, how="anti")
    assert beyond.height > 200
    turned = pl.concat(
        [
            allowed,
            beyond.with_columns((1 - pl.col("event")).cast(pl.Int8).alias("event")).select(
                allowed.columns
            ),
        ]
    )
    again = fit(data.rows, turned, recipe, fold=fold)
    assert scores(again, data).equals(scores(fitted, data))
    assert again.levels == fitted.levels
    # … and it would be seen: the same is not true of the labels that are allowed.
    wrong = allowed.with_columns((1 - pl.col("event")).cast(pl.Int8).alias("event"))
    assert not scores(fit(data.rows, wrong, recipe, fold=fold), data).equals(scores(fitted, data))


def test_the_level_is_set_by_the_rows_of_the_test_day_and_by_none_after_it(
    data: Dataset, recipe: Recipe, fold: Fold, fitted: Fitted
) -> None:
    labels, day = data.labels(), pl.col("as_of")
    until = fit(data.rows.filter(day <= fold.test_as_of), labels, recipe, fold=fold)
    assert scores(until, data).equals(scores(fitted, data))
    # Without the day itself: the usual level is not looked at, every horizon lacks the same shift.
    before = fit(data.rows.filter(day < fold.test_as_of), labels, recipe, fold=fold)
    apart = fitted.model.calibration.shifts - before.model.calibration.shifts
    assert before.model.calibration.slope == fitted.model.calibration.slope
    np.testing.assert_allclose(apart, apart[0])
    assert abs(apart[0]) > 1e-3
    rows = data.rows.filter(day == fold.test_as_of)
    known = train_labels(labels, fold).filter(pl.col("horizon_months") == 12)
    by_year = known.group_by(day.dt.year()).agg(pl.col("event").mean())
    usual = by_year["event"].mean()
    levels = [found.model.predict(rows)["p_12m"].mean() for found in (before, fitted)]
    assert abs(levels[1] - usual) < abs(levels[0] - usual)
    assert (levels[1] - usual) * (levels[0] - usual) > 0


def test_a_part_of_a_very_large_day_is_enough(
    data: Dataset,
    recipe: Recipe,
    fold: Fold,
    fitted: Fitted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training.fit, "ENOUGH_ROWS", 100)
    found = fit(data.rows, data.labels(), recipe, fold=fold).model.calibration
    apart = found.shifts - fitted.model.calibration.shifts
    assert 0 < abs(apart[0]) < 0.1


def test_the_coming_day_is_one_that_taught_nothing(data: Dataset, fold: Fold) -> None:
    labels = data.labels()
    last = labels.filter(pl.col("horizon_months") == 12)["as_of"].max()
    assert last == fold.test_as_of

    def day(panel: pl.DataFrame, fold: Fold | None = None) -> list[date] | None:
        known = labels if fold is None else train_labels(labels, fold)
        found = coming_day(panel, known, fold, main=12)
        return None if found is None else found["as_of"].unique().to_list()

    assert day(data.rows) == [DAYS[-1]]
    assert day(data.rows, fold) == [fold.test_as_of]
    assert day(data.rows.filter(pl.col("as_of") <= last)) is None
    assert day(data.rows.filter(pl.col("as_of") != fold.test_as_of), fold) is None


def test_the_same_inputs_give_the_same_model_whatever_the_threads(
    data: Dataset, recipe: Recipe, fold: Fold, fitted: Fitted
) -> None:
    again = fit(data.rows, data.labels(), recipe, fold=fold, num_threads=1)
    assert scores(again, data).equals(scores(fitted, data))


def test_probabilities_grow_with_the_horizon_and_follow_what_announces_failure(
    data: Dataset, fitted: Fitted
) -> None:
    found = scores(fitted, data)
    assert (found["p_6m"] <= found["p_12m"]).all()
    assert (found["p_12m"] <= found["p_18m"]).all()
    rows = data.rows.filter(pl.col("as_of") == DAYS[5])
    announced = rows.select(pl.col("debt_ratio") - pl.col("grants_change_1y_ratio")).to_series()
    together = found.select("p_12m", announced=announced)
    assert together.select(pl.corr("p_12m", "announced", method="spearman")).item() > 0.6


def test_without_enough_events_nothing_is_spared_for_calibration(
    data: Dataset, recipe: Recipe, fold: Fold
) -> None:
    few = train_labels(data.labels(), fold).filter(pl.col("as_of") >= date(2020, 6, 30))
    found = fit(data.rows, few, recipe)
    assert found.calibration_days is None
    assert found.levels == recipe.levels
    assert scores(found, data)["p_12m"].is_between(0, 1).all()


def test_levels_give_the_cell_its_capacity() -> None:
    probabilities = pl.Series([i / 1000 for i in range(1000)])
    found = Levels(high_share=0.02, moderate_share=0.10).chosen(probabilities)
    assert abs((probabilities >= found.high).sum() - 20) <= 1
    assert abs((probabilities >= found.moderate).sum() - 100) <= 1
    assert (found.high_share, found.moderate_share) == (0.02, 0.10)


def test_without_validation_rows_no_level_is_chosen() -> None:
    assert Levels().chosen(pl.Series([], dtype=pl.Float64)) == Levels()


def test_levels_of_a_fit_are_those_of_its_validation_rows(fitted: Fitted) -> None:
    assert 0 < fitted.levels.moderate < fitted.levels.high < 1


def test_whatever_can_change_the_answer_changes_the_hash(recipe: Recipe) -> None:
    others = [
        replace(recipe, params=replace(FAST, seed=1)),
        replace(recipe, features=recipe.features[1:]),
        replace(recipe, target=replace(FAILURE, reporting_lag_days=30)),
        replace(recipe, target=TARGETS["funding_loss"]),
        replace(recipe, levels=Levels(high_share=0.05)),
        replace(recipe, features=tuple(replace(f, direction=0) for f in recipe.features)),
    ]
    hashes = {recipe.hash(), *[other.hash() for other in others]}
    assert len(hashes) == 1 + len(others)
    words = (replace(recipe.features[0], label="Autres mots"), *recipe.features[1:])
    assert replace(recipe, features=words).hash() == recipe.hash()
