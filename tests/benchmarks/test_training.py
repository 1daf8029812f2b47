"""The sides of the benchmark of a fit run, on trees of the same size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm as lgb
import polars as pl
import pytest

from benchmarks import training
from models.risk_model import RiskModel
from models.spec import LARGE_TREES


def test_both_sides_grow_trees_of_the_same_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "panel.parquet"
    training.write(path, 48_000)
    assert pl.read_parquet(path).width == training.COLUMNS + 3
    fitted: list[Any] = []

    def kept(made: Any) -> Any:  # noqa: ANN401 - what both sides call, and what it returns
        def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            fitted.append(made(*given, **named))
            return fitted[-1]

        return call

    monkeypatch.setattr(RiskModel, "fit", kept(RiskModel.fit))
    training.member(path, 4)
    monkeypatch.setattr(lgb, "train", kept(lgb.train))
    training.raw(path, 4)
    model, booster = fitted
    # 6,000 structures, many events
    assert {name: getattr(model.params, name) for name in LARGE_TREES} == LARGE_TREES
    assert booster.params["num_leaves"] == LARGE_TREES["num_leaves"]
    assert booster.params["max_depth"] == LARGE_TREES["max_depth"]
    assert [forest.booster.num_trees() for forest in model.forests] == [4]
    assert booster.num_trees() == 4
