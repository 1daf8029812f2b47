"""What live scoring needs, invented: a small model on real indicators, and a context."""

from __future__ import annotations

import random
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import polars as pl

from features import job
from features.catalogue import INDICATORS
from models.risk_model import RiskModel
from models.spec import FeatureSpec, FitParams
from serving.publication_files import MODEL_FOLDER, SHARED_FOLDER
from tests.features.test_job import written
from tests.features.worlds import draw_world

HORIZONS = (6, 12, 18)
NAMES = ("grants_eur", "history_years", "grants_change_1y_ratio", "sector")
_DAY = date(2020, 12, 31)


@cache
def live_folders(as_of: date = date(2026, 6, 30)) -> dict[str, Path]:
    """Return the folders that `write_publication` copies, made once for the process."""
    home = Path(mkdtemp(prefix="veille-live-"))
    _model().save(home / MODEL_FOLDER)
    files = written(home / "facts", draw_world(random.Random(2), 30))
    return {MODEL_FOLDER: home / MODEL_FOLDER, SHARED_FOLDER: job.context(files, home, as_of)}


def _model() -> RiskModel:
    rng = np.random.default_rng(3)
    count = 400
    amounts, years = rng.exponential(50_000, count), rng.integers(1, 9, count)
    change = rng.normal(0, 0.4, count)
    risk = 1 / (1 + np.exp(2.0 + 1.5 * change))
    keys = pl.DataFrame({"structure_id": [f"s{i}" for i in range(count)], "as_of": [_DAY] * count})
    rows = keys.with_columns(
        pl.Series("grants_eur", amounts),
        pl.Series("history_years", years.astype(float)),
        pl.Series("grants_change_1y_ratio", change),
        pl.Series("sector", rng.choice(["culture", "sport"], count)),
    )
    draw = rng.random(count)
    labels = pl.concat(
        keys.with_columns(
            pl.lit(months, pl.Int32).alias("horizon_months"),
            pl.Series("event", (draw < risk * months / 18).astype(np.int8)),
        )
        for months in HORIZONS
    )
    features = [FeatureSpec(n, INDICATORS[n].kind, INDICATORS[n].direction) for n in NAMES]
    return RiskModel.fit(
        rows,
        labels,
        None,
        None,
        target="failure",
        features=features,
        horizons_months=HORIZONS,
        params=FitParams(members=2, max_rounds=10, patience=3),
    )
