"""The tables and the `shap` package give the same reasons; a difference is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks import reasons


def test_both_sides_give_the_same_reasons(tmp_path: Path) -> None:
    assert reasons.compared(tmp_path, rows=300, members=2, rounds=8, large=False) == 0
    found = np.load(tmp_path / "tables.npz")["found"]
    assert found.shape == (300, reasons.WIDTH)
    assert (np.abs(found).max(0) > 0.05).sum() >= 4  # the columns that raise the events


def test_a_difference_is_seen(tmp_path: Path) -> None:
    found = np.zeros((3, 2))
    np.savez(tmp_path / "tables.npz", found=found, base=0.5)
    moved = found.copy()
    moved[1] = [0.25, -0.125]
    np.savez(tmp_path / "shap.npz", found=moved, base=0.5)
    assert reasons.differences(tmp_path) == (0.25, 0.125)
