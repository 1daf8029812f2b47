"""The whole line on 20,000 structures comes near the best that can be known, and is calibrated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-c", "from veille.cli import main; main()")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return the folds at 12 months of `veille evaluate` on the demonstration's champion."""
    home = str(tmp_path_factory.mktemp("france") / "home")
    found: dict[str, Any] = {}
    for command in (
        ("demo", "--structures", "20000", "--no-serve"),
        ("evaluate", "champion", "--target", "failure"),
    ):
        done = subprocess.run(
            [*PROGRAM, *command, "--home", home, "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
    return [fold for fold in found["folds"] if fold["horizon_months"] == 12]


def test_two_test_days_are_out_of_time(evaluated: list[dict[str, Any]]) -> None:
    assert len(evaluated) == 2
    for fold in evaluated:
        assert fold["train_until"] < fold["test_as_of"]
        assert fold["n"] > 10_000


def test_ranking_comes_near_the_observable_oracle(evaluated: list[dict[str, Any]]) -> None:
    gaps = [
        fold["baselines"]["oracle_observable"]["roc_auc"]["value"]
        - fold["metrics"]["roc_auc"]["value"]
        for fold in evaluated
    ]
    assert max(gaps) < 0.02, gaps


def test_probabilities_are_calibrated(evaluated: list[dict[str, Any]]) -> None:
    found = [fold["metrics"]["ece"]["value"] for fold in evaluated]
    assert max(found) < 0.005, found
