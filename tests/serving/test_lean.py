"""What a server imports at rest: nothing heavy that it may never need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serving.cell.barometer.chance import COVERED, jobs
from serving.cell.scenarios.figures import _poisson

_ROOT = Path(__file__).parents[2]
_MADE = """
import json, sys
from pathlib import Path
from models.lean import import_lightgbm
from serving.app import ServingSettings, create_app
import_lightgbm()
create_app(ServingSettings(Path(sys.argv[1])))
print(json.dumps(sorted(sys.modules)))
"""
HEAVY = {
    *("pandas", "sklearn", "scipy.stats", "scipy.optimize", "mlflow", "shap", "duckdb", "pyspark"),
    *("matplotlib", "authlib", "requests", "xlsxwriter", "weasyprint", "numba"),
}


def _run(program: str, *words: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(_ROOT)}
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def test_a_server_at_rest_imports_nothing_heavy(tmp_path: Path) -> None:
    imported = set(json.loads(_run(_MADE, str(tmp_path))))
    assert {"lightgbm", "polars", "serving.app"} <= imported
    assert not HEAVY & imported


def test_what_lightgbm_went_without_can_be_imported_after_it() -> None:
    said = _run(
        "from models.lean import import_lightgbm as f; f(); f(); import sys, pandas, sklearn;"
        "import lightgbm.compat as c; print(c.SKLEARN_INSTALLED, pandas.DataFrame.__name__)"
    )
    assert said.split() == ["False", "DataFrame"]


def test_jobs_are_the_quantiles_of_the_gamma_law() -> None:
    from scipy.stats import gamma

    mean = np.array([0.0, 1e-9, 0.3, 4.0, 250.0, 1e6])
    variance = np.array([0.0, 1e-9, 2.0, 1.0, 9_000.0, 1e7])
    low, high = jobs(mean, variance)
    shape, scale = mean[1:] ** 2 / variance[1:], variance[1:] / mean[1:]
    tail = (1 - COVERED) / 2  # not 0.05 to the last bit
    assert low.tolist() == [0.0, *gamma.ppf(tail, shape, scale=scale)]
    assert high.tolist() == [0.0, *gamma.ppf(1 - tail, shape, scale=scale)]


@pytest.mark.parametrize("q", [0.05, 0.95])
def test_cases_are_the_quantiles_of_the_poisson_law(q: float) -> None:
    from scipy.stats import poisson

    means = [1e-6, 0.01, 0.05129, 0.5, 1.0, 2.9957, 7.25, 40.0, 1234.5, 1e6]
    assert [_poisson(q, m) for m in means] == [float(poisson.ppf(q, m)) for m in means]
