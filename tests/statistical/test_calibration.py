"""Calibration and coverage against probabilities known in closed form."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from models.risk_model import RiskModel
from models.spec import FeatureSpec
from training.metrics import evaluate

pytestmark = pytest.mark.slow
HORIZONS = (6, 12, 18)
FEATURES = tuple(FeatureSpec(f"x{j}", "numeric", 1 if j < 4 else 0) for j in range(10))


def simulate(
    structures: int, seed: int, shift: float = 0.0
) -> tuple[pl.DataFrame, pl.DataFrame, np.ndarray]:
    """One row a structure; constant hazard, so P(h) = 1 - (1 - P(6))^(h/6)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(structures, 10))
    score = -4.2 + shift + x[:, :4] @ [0.7, 0.5, 0.4, 0.2] + 0.8 * ((x[:, 0] > 0.5) & (x[:, 5] > 0))
    p6 = 1 / (1 + np.exp(-score))
    truth = np.column_stack([1 - (1 - p6) ** (h / 6) for h in HORIZONS])
    u = rng.random(structures)
    rows = pl.DataFrame({f"x{j}": x[:, j] for j in range(10)}).with_columns(
        structure_id=pl.Series([f"{seed}-{i}" for i in range(structures)]),
        as_of=pl.lit(date(2020, 1, 1)),
    )
    labels = pl.concat(
        rows.select("structure_id", "as_of").with_columns(
            horizon_months=pl.lit(months, dtype=pl.Int32),
            event=pl.Series((u < truth[:, h]).astype(np.int8)),
        )
        for h, months in enumerate(HORIZONS)
    )
    return rows, labels, truth


@pytest.mark.parametrize("structures", [2000, 20_000])
def test_probabilities_are_calibrated_and_intervals_cover(structures: int) -> None:
    rows, labels, _ = simulate(structures, 1)
    # Calmer years follow: only the shift moves.
    later, later_labels, _ = simulate(structures, 2, shift=-0.3)
    test, test_labels, truth = simulate(40_000, 3, shift=-0.3)
    model = RiskModel.fit(
        rows,
        labels,
        later,
        later_labels,
        target="failure",
        features=FEATURES,
        horizons_months=HORIZONS,
    )
    scores = model.predict(test)
    for h, months in enumerate(HORIZONS):
        p = scores[f"p_{months}m"].to_numpy()
        events = test_labels.filter(pl.col("horizon_months") == months)["event"].to_numpy()
        ece = evaluate(events, p, np.arange(len(p)), resamples=50)["ece"].value
        assert ece < 0.15 * truth[:, h].mean() + 0.002
        assert p.mean() == pytest.approx(truth[:, h].mean(), rel=0.15)
        low, high = scores[f"low_{months}m"].to_numpy(), scores[f"high_{months}m"].to_numpy()
        covered = np.mean((truth[:, h] >= low) & (truth[:, h] <= high))
        assert 0.75 < covered < 0.995
    half = np.median(scores["high_12m"] / scores["low_12m"])
    assert 1.2 < half < 12


def test_more_structures_give_narrower_intervals() -> None:
    test = simulate(2000, 9)[0]
    width = []
    for structures in (1000, 16_000):
        rows, labels, _ = simulate(structures, 1)
        later, later_labels, _ = simulate(structures, 2)
        model = RiskModel.fit(
            rows,
            labels,
            later,
            later_labels,
            target="failure",
            features=FEATURES,
            horizons_months=HORIZONS,
        )
        scores = model.predict(test)
        width.append(float(np.median(scores["high_12m"] / scores["low_12m"])))
    assert width[1] < 0.7 * width[0]


def test_an_indicator_without_effect_gets_little_credit() -> None:
    rows, labels, _ = simulate(8000, 4)
    model = RiskModel.fit(
        rows,
        labels,
        None,
        None,
        target="failure",
        features=FEATURES,
        horizons_months=HORIZONS,
    )
    why = model.explain(rows, 12)
    size = {f.name: float(why[f.name].abs().mean()) for f in FEATURES}
    assert max(size[f"x{j}"] for j in (4, 6, 7, 8, 9)) < 0.35 * size["x0"]
    assert size["x0"] > size["x1"] > size["x3"]
