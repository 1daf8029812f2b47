"""The hold-out chooses the size of the trees: deep ones where the events sit in small pockets."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from models.risk_model import RiskModel
from models.spec import DEEP_TREES, SIZE, FeatureSpec, FitParams

FEATURES = tuple(FeatureSpec(name) for name in "abcd")
COUNT = 1_500


def fitted(log_odds: np.ndarray, values: np.ndarray) -> RiskModel:
    rng = np.random.default_rng(3)
    rows = pl.DataFrame(
        {
            "structure_id": [f"s{i:04}" for i in range(COUNT)],
            "as_of": [date(2020, 12, 31)] * COUNT,
            **dict(zip("abcd", values.T, strict=True)),
        }
    )
    labels = rows.select(
        "structure_id",
        "as_of",
        pl.lit(12, pl.Int32).alias("horizon_months"),
        pl.Series("event", (rng.random(COUNT) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)),
    )
    return RiskModel.fit(
        rows,
        labels,
        None,
        None,
        target="panel-x",
        features=FEATURES,
        horizons_months=(12,),
        params=FitParams(members=2),
    )


def size(model: RiskModel) -> dict[str, object]:
    return {name: getattr(model.params, name) for name in SIZE}


def test_events_in_small_pockets_get_deep_trees() -> None:
    values = np.random.default_rng(1).normal(size=(COUNT, 4))
    # the parity of the cell of a grid: nothing to see along any one column
    cell = np.floor(values[:, :2] * 1.5).astype(int).sum(1) % 2
    model = fitted(np.where(cell == 1, 1.0, -4.0), values)
    assert model.summary["form"] != "linear"
    assert size(model) == DEEP_TREES
    losses = model.summary["holdout_losses"]
    assert min(losses[n] for n in losses if n.startswith("deep_")) < losses["blend_0.0"]


def test_additive_events_keep_the_usual_size() -> None:
    values = np.random.default_rng(1).normal(size=(COUNT, 4))
    model = fitted(0.5 * values.sum(1) - 3.0, values)
    usual = FitParams()
    assert size(model) == {name: getattr(usual, name) for name in SIZE}
    assert model.summary["form"] == "linear"
