"""A fit on drawn rows expects what a fit on all of them expects."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from models.risk_model import RiskModel
from models.spec import FeatureSpec, FitParams
from models.thinning import thinned

HORIZONS = (6, 12)
ROWS = 24_000


def panel(seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rare events (about 2 %) driven by two indicators, one of them with missing values."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, ROWS))
    risk = 1 / (1 + np.exp(4.6 - x - 0.5 * y))
    first = rng.random(ROWS) < risk / 2
    second = first | (rng.random(ROWS) < risk / 2)
    keys = pl.DataFrame(
        {
            "structure_id": [f"s{i // 4}" for i in range(ROWS)],
            "as_of": [date(2018 + i % 4, 12, 31) for i in range(ROWS)],
        }
    )
    rows = keys.with_columns(pl.Series("x", x), pl.Series("y", np.where(y > 1.5, np.nan, y)))
    labels = pl.concat(
        keys.with_columns(
            pl.lit(months, pl.Int32).alias("horizon_months"),
            pl.Series("event", event.astype(np.int8)),
        )
        for months, event in zip(HORIZONS, (first, second), strict=True)
    )
    return rows, labels


def test_all_events_are_kept_and_weights_stand_for_all_rows() -> None:
    _, labels = panel()
    found = thinned(labels, FitParams(max_rows=4_000))
    rows = found.unique(subset=["structure_id", "as_of"])
    assert rows.height == 4_000
    assert abs(rows["weight"].sum() - ROWS) < 1e-6
    assert found["event"].sum() == labels["event"].sum()
    assert (found.filter(pl.col("event") == 1)["weight"] == 1).all()
    assert found.group_by("structure_id", "as_of").len()["len"].unique().to_list() == [2]


def test_events_are_drawn_too_when_they_would_fill_the_places() -> None:
    _, labels = panel()
    frequent = labels.with_columns((1 - pl.col("event")).alias("event"))
    found = thinned(frequent, FitParams(max_rows=1_000))
    rows = found.group_by("structure_id", "as_of").agg(
        pl.col("event").max(), pl.col("weight").first()
    )
    assert rows.height == 1_000
    assert abs(rows["weight"].sum() - ROWS) < 1e-6
    # few rows have no event: their places go to those that have one
    assert rows.filter(pl.col("event") == 0)["weight"].unique().to_list() == [1.0]


def test_a_panel_within_the_limit_is_left_as_it_is() -> None:
    _, labels = panel()
    assert thinned(labels, FitParams(max_rows=ROWS)) is labels
    assert thinned(labels, FitParams()) is labels


def test_the_same_seed_draws_the_same_rows() -> None:
    _, labels = panel()
    params = FitParams(max_rows=4_000)
    assert thinned(labels, params).equals(thinned(labels, params))
    other = thinned(labels, FitParams(max_rows=4_000, seed=1))
    assert not other.equals(thinned(labels, params))


def test_probabilities_are_those_of_the_whole_panel() -> None:
    rows, labels = panel()
    params = FitParams(members=2, max_rounds=40)

    def fitted(at: pl.DataFrame) -> pl.DataFrame:
        kept = rows.join(at, on=["structure_id", "as_of"], how="semi")
        model = RiskModel.fit(
            kept,
            at,
            None,
            None,
            target="failure",
            features=(FeatureSpec("x"), FeatureSpec("y")),
            horizons_months=HORIZONS,
            params=params,
        )
        assert model.summary["rows"] == kept.height
        assert model.summary["stands_for_rows"] == ROWS
        return model.predict(rows)

    whole = fitted(labels)
    drawn = fitted(thinned(labels, FitParams(members=2, max_rows=6_000)))
    for name in ("p_6m", "p_12m"):
        month = int(name[2:-1])
        rate = labels.filter(pl.col("horizon_months") == month)["event"].mean()
        assert isinstance(rate, float)
        # unweighted, the drawn rows would give four times the rate
        assert abs(drawn[name].mean() / rate - 1) < 0.05
        error = np.log(drawn[name].to_numpy() / whole[name].to_numpy())
        assert np.abs(error).mean() < 0.15
    assert (drawn["p_6m"] <= drawn["p_12m"]).all()
