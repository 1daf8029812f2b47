"""Simulated panels whose true probabilities are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from models.risk_model import RiskModel
from models.spec import FeatureSpec, FitParams

HORIZONS = (6, 12, 18)
FAST = FitParams(members=3, max_rounds=40, patience=10, learning_rate=0.2, num_leaves=7)
FEATURES = (
    FeatureSpec("overdue_days", "numeric", 1, theme="payment", label="Retard", unit="days"),
    FeatureSpec("change", "numeric", -1, theme="funding", label="Évolution", unit="share"),
    FeatureSpec("hhi", "numeric", 0, theme="funding", label="Concentration", unit="index"),
    FeatureSpec("age_years", "numeric", 0, theme="structure", label="Âge", unit="years"),
    FeatureSpec("sector", "categorical", 0, theme="structure", label="Secteur"),
)


@dataclass(frozen=True)
class Panel:
    """Rows, labels at 6, 12 and 18 months, and the true probabilities (n, 3)."""

    rows: pl.DataFrame
    labels: pl.DataFrame
    truth: NDArray[np.float64]

    def between(self, first: date, last: date) -> Panel:
        keep = self.rows["as_of"].is_between(first, last)
        return Panel(
            self.rows.filter(keep),
            self.labels.filter(pl.col("as_of").is_between(first, last)),
            self.truth[keep.to_numpy()],
        )


def simulate(structures: int, years: int, seed: int = 0, base: float = -3.0) -> Panel:
    """Draw one row a structure and a year: log-odds at 6 months known, constant hazard."""
    rng = np.random.default_rng(seed)
    n = structures * years
    overdue = np.where(rng.random(n) < 0.6, 0.0, rng.exponential(40, n))
    change = rng.normal(0, 0.5, n)
    hhi = rng.beta(2, 2, n)
    age = rng.gamma(2, 8, n)
    sector = rng.choice(["culture", "social", "sport", "insertion"], n, p=[0.4, 0.3, 0.2, 0.1])
    effect = pl.Series(sector).replace_strict(
        {"culture": 0.0, "social": 0.3, "sport": -0.3, "insertion": 0.8}
    )
    score = base + 0.02 * overdue - 1.2 * change + 1.5 * (hhi > 0.7) * (change < 0)
    p6 = 1 / (1 + np.exp(-(score + effect.to_numpy())))
    truth = np.column_stack([1 - (1 - p6) ** (h / 6) for h in HORIZONS])
    draw = rng.random(n)  # one draw a row: an event within 6 months is one within 12
    days = [date(2015 + y, 1, 1) for y in range(years)]
    rows = pl.DataFrame(
        {
            "structure_id": np.repeat([f"{100_000_000 + i}" for i in range(structures)], years),
            "as_of": days * structures,
            "overdue_days": overdue,
            "change": change,
            "hhi": pl.Series(hhi).scatter(np.flatnonzero(rng.random(n) < 0.1), None),
            "age_years": age,
            "sector": sector,
        }
    )
    labels = pl.concat(
        rows.select("structure_id", "as_of").with_columns(
            horizon_months=pl.lit(months, dtype=pl.Int32),
            event=pl.Series((draw < truth[:, h]).astype(np.int8)),
        )
        for h, months in enumerate(HORIZONS)
    )
    return Panel(rows, labels, truth)


def fitted(panel: Panel, later: Panel | None = None, **options: object) -> RiskModel:
    settings = {"target": "failure", "features": FEATURES, "horizons_months": HORIZONS}
    settings |= {"params": FAST} | options
    rows, labels = (None, None) if later is None else (later.rows, later.labels)
    return RiskModel.fit(panel.rows, panel.labels, rows, labels, **settings)


@pytest.fixture(scope="session")
def make_panel() -> Callable[..., Panel]:
    return simulate


@pytest.fixture(scope="session")
def fit() -> Callable[..., RiskModel]:
    return fitted


@pytest.fixture(scope="session")
def panel() -> Panel:
    return simulate(900, 6)


@pytest.fixture(scope="session")
def model(panel: Panel) -> RiskModel:
    train = panel.between(date(2015, 1, 1), date(2018, 1, 1))
    return fitted(train, panel.between(date(2019, 1, 1), date(2019, 1, 1)))


@pytest.fixture(scope="session")
def later(panel: Panel) -> Panel:
    return panel.between(date(2020, 1, 1), date(2020, 1, 1))
