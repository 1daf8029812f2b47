"""The search of parameters: bounded, resumable, the same twice, blind to the days of the test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.errors import VeilleError
from tests.training.histories import FAST
from tests.training.test_given import firms
from training import given
from training.fit import Recipe
from training.given import Given
from training.search import Found, search, seen_by


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Given:
    path = tmp_path_factory.mktemp("search") / "firms.parquet"
    firms(200).write_parquet(path)
    return given.read(path)


def found(data: Given, folder: Path, trials: int) -> Found:
    recipe = Recipe(data.target, data.features(data.rows), FAST)
    return search(data, recipe, folder, trials=trials)


def test_it_is_never_worse_than_where_it_starts_and_the_same_twice(
    data: Given, tmp_path: Path
) -> None:
    one, two = found(data, tmp_path / "a", 4), found(data, tmp_path / "b", 4)
    assert one == two
    assert one.trials == 4
    assert one.best_loss <= one.first_loss


def test_a_search_that_was_stopped_goes_on(data: Given, tmp_path: Path) -> None:
    early = found(data, tmp_path, 2)
    late = found(data, tmp_path, 4)
    assert (early.trials, late.trials) == (2, 4)
    assert late.first_loss == early.first_loss
    assert found(data, tmp_path, 4) == late  # nothing is left to try


def test_the_days_of_the_test_are_not_looked_at(data: Given, tmp_path: Path) -> None:
    seen = seen_by(data)
    # Tests are on 2015 and 2016: what was known on 2015-12-31 has labels up to 2014.
    assert seen.labels()["as_of"].max() == date(2014, 12, 31)
    late = pl.col("as_of") >= date(2015, 12, 31)
    flipped = data.told.with_columns(
        pl.when(late).then(1 - pl.col("event")).otherwise("event").alias("event")
    )
    other = replace(data, told=flipped)
    assert found(other, tmp_path / "a", 3) == found(data, tmp_path / "b", 3)


def test_too_few_days_is_said(data: Given, tmp_path: Path) -> None:
    short = pl.col("as_of") >= date(2015, 12, 31)
    few = replace(data, rows=data.rows.filter(short), told=data.told.filter(short))
    with pytest.raises(VeilleError) as caught:
        found(few, tmp_path, 1)
    assert caught.value.code == "too-few-days"
