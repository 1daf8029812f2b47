"""Closed forms on small arrays: parts of the Brier score, reliability, lists of the first."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.histories import FAILURE, FAST, failing_world, grants
from training.dataset import Dataset
from training.decomposition import brier_parts, reliability_curve
from training.evaluate import backtest
from training.fit import Recipe, catalogue_features
from training.lists import lists


def test_the_parts_of_the_brier_score_add_up_exactly() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(500).round(2)
    y = (rng.random(500) < p**2).astype(float)
    parts = brier_parts(y, p)
    whole = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
    assert whole == pytest.approx(np.mean((p - y) ** 2), abs=1e-12)
    assert min(parts.values()) > 0


def test_the_parts_by_hand() -> None:
    # 0.2 is announced where half happens, 0.8 where all does
    parts = brier_parts([0, 1, 1, 1], [0.2, 0.2, 0.8, 0.8])
    # recalibrated: 0.5, 0.5, 1, 1, whose score is 0.125; that of the announced ones is 0.19
    assert parts == pytest.approx(
        {"reliability": 0.065, "resolution": 0.0625, "uncertainty": 3 / 16}
    )


def test_a_reliability_bin_never_cuts_a_tie() -> None:
    curve = reliability_curve([0, 1, 0, 1, 1], [0.1, 0.5, 0.5, 0.5, 0.9], bins=5)
    assert [b["n"] for b in curve] == [1, 3, 1]
    assert [b["observed"] for b in curve] == pytest.approx([0, 2 / 3, 1])
    assert all(b["low"] <= b["observed"] <= b["high"] for b in curve)


def test_a_list_by_hand() -> None:
    y, p = np.zeros(100), np.linspace(1, 0, 100)
    y[[0, 2, 60, 70]] = 1
    fifty, hundred, capacity = lists(y, p, high_share=0.04)
    assert (fifty["k"], fifty["precision"], fifty["recall"], fifty["lift"]) == (50, 0.04, 0.5, 1.0)
    assert (hundred["recall"], hundred["lift"]) == (1.0, 1.0)
    assert (capacity["k"], capacity["capacity"], capacity["lift"]) == (4, True, 12.5)
    tied = lists(y, np.full(100, 0.5), high_share=0.04)[-1]
    assert (tied["worst"], tied["precision"], tied["best"], tied["tied"]) == (0, 0.04, 1, 100)


def test_a_backtest_tells_them_for_each_fold() -> None:
    panel, events = failing_world()
    data = Dataset(FAILURE, panel, grants(), events)
    found = backtest(data, Recipe(FAILURE, catalogue_features(data.rows), FAST), count=1)
    assert found["folds"]
    for fold in found["folds"]:
        parts = fold["brier_parts"]
        whole = parts["reliability"] - parts["resolution"] + parts["uncertainty"]
        assert whole == pytest.approx(fold["metrics"]["brier"]["value"], abs=1e-12)
        assert sum(b["n"] for b in fold["reliability"]) == fold["n"]
        by_length = {one["k"]: one["precision"] for one in fold["lists"]}
        assert by_length[100] == pytest.approx(fold["metrics"]["precision_at_k"]["value"])
        assert fold["lists"][-1]["capacity"]
