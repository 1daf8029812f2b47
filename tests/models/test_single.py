"""A row by itself has the probability that it has among all others."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from models.risk_model import RiskModel
from models.single import SingleRow, Value
from models.spec import FitParams, ModelError
from tests.models.conftest import FAST, FEATURES, HORIZONS, Panel, simulate

CUT = date(2019, 1, 1)


def fitted(panel: Panel, params: FitParams = FAST, *, calibrated: bool = True) -> RiskModel:
    early, late = panel.between(date(2015, 1, 1), date(2018, 1, 1)), panel.between(CUT, CUT)
    return RiskModel.fit(
        early.rows,
        early.labels,
        late.rows if calibrated else None,
        late.labels if calibrated else None,
        target="failure",
        features=FEATURES,
        horizons_months=HORIZONS,
        params=params,
    )


@pytest.fixture(scope="module")
def panel() -> Panel:
    return simulate(900, 5)


@pytest.fixture(scope="module")
def model(panel: Panel) -> RiskModel:
    return fitted(panel)


def strange(rows: pl.DataFrame) -> pl.DataFrame:
    """Missing values that training never showed, unknown levels, extremes, infinities."""
    rng = np.random.default_rng(1)

    def some(share: float) -> pl.Series:
        return pl.Series(rng.random(rows.height) < share)

    return rows.with_columns(
        pl.when(some(0.2)).then(None).otherwise(pl.col("overdue_days")).alias("overdue_days"),
        pl.when(some(0.1)).then(float("inf")).otherwise(pl.col("change") * 40).alias("change"),
        pl.when(some(0.1)).then(float("nan")).otherwise(pl.col("hhi")).alias("hhi"),
        pl.when(some(0.2)).then(pl.lit("inconnu")).otherwise(pl.col("sector")).alias("sector"),
    ).with_columns(pl.when(some(0.1)).then(None).otherwise(pl.col("sector")).alias("sector"))


def compared(model: RiskModel, rows: pl.DataFrame) -> float:
    """Return the largest difference between rows one by one and all at once."""
    single = SingleRow(model)
    whole = model.predict(rows)
    worst = 0.0
    for k, row in enumerate(rows.select(single.names).iter_rows()):
        for months, found in zip(HORIZONS, single.predict(row), strict=True):
            names = [f"{name}_{months}m" for name in ("p", "low", "high")]
            expected = whole.select(names).row(k)
            worst = max(worst, *(abs(a - b) for a, b in zip(found, expected, strict=True)))
    return worst


def test_known_rows(model: RiskModel, panel: Panel) -> None:
    assert compared(model, panel.rows.head(600)) < 1e-12


@pytest.mark.parametrize("stretch", [1.0, 2.5])
def test_trees_whose_spread_is_stretched(model: RiskModel, panel: Panel, stretch: float) -> None:
    stretched = replace(model, bag=replace(model.bag, stretch=stretch))
    assert model.bag.scale
    assert compared(stretched, panel.rows.head(200)) < 1e-12


def test_strange_rows(model: RiskModel, panel: Panel) -> None:
    assert compared(model, strange(panel.rows.head(600))) < 1e-12


def test_a_model_without_trees_and_one_without_calibration(panel: Panel) -> None:
    few = simulate(25, 2, seed=3)
    linear = RiskModel.fit(
        few.rows,
        few.labels,
        None,
        None,
        target="failure",
        features=FEATURES,
        horizons_months=HORIZONS,
        params=FAST,
    )
    assert linear.forests is None
    assert compared(linear, panel.rows.head(50)) < 1e-12
    alone = fitted(panel, FitParams(members=1, max_rounds=20, patience=5), calibrated=False)
    assert compared(alone, panel.rows.head(50)) < 1e-12


def test_threads_do_not_share_their_buffers(model: RiskModel, panel: Panel) -> None:
    single = SingleRow(model)
    rows = panel.rows.select(single.names).head(400).rows()
    expected = [single.predict(row) for row in rows]
    wrong: list[int] = []

    def run(start: int) -> None:
        order = [*range(start, len(rows)), *range(start)]
        wrong.extend(k for k in order if single.predict(rows[k]) != expected[k])

    threads = [threading.Thread(target=run, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(("name", "value"), [("change", "beaucoup"), ("sector", 3.0)])
def test_a_value_of_the_wrong_type_is_named(model: RiskModel, name: str, value: Value) -> None:
    single = SingleRow(model)
    row: list[Value] = [None] * len(single.names)
    row[single.names.index(name)] = value
    with pytest.raises(ModelError) as refused:
        single.predict(row)
    assert refused.value.code == "bad-indicator-value"
    assert refused.value.where == name
