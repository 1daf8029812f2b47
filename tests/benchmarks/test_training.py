"""The sides of the benchmark of a fit run, on the same trees."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmarks import training
from models.risk_model import RiskModel
from models.spec import LARGE_TREES


def test_both_sides_grow_trees_of_the_same_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, fitted = tmp_path / "panel.parquet", []
    training.write(path, 48_000)
    rows = pl.read_parquet(path)
    assert rows.width == training.COLUMNS + 3
    _, declared = training._declared(rows)
    fit = RiskModel.fit

    def kept(*given: object, **named: object) -> RiskModel:
        fitted.append(fit(*given, **named))  # type: ignore[arg-type]
        return fitted[-1]

    monkeypatch.setattr(RiskModel, "fit", kept)
    training.member(path, 4)
    training.raw(path, 4)
    (model,) = fitted
    assert {name: getattr(model.params, name) for name in LARGE_TREES} == {
        name: getattr(declared, name) for name in LARGE_TREES
    }
    assert declared.num_leaves == LARGE_TREES["num_leaves"]  # 6,000 structures: many events
    assert [forest.booster.num_trees() for forest in model.forests] == [4]
