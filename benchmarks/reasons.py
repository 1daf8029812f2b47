"""Reasons of many rows beside the `shap` package: ``python -m benchmarks.reasons [--rows N]``.

The same trees (a bag of members with the depth, leaves, rate and penalties of our fit, invented
rows), the same rows, one thread, each side alone in a process: tables of `models.treeshap`, made
and looked up, against `shap.TreeExplainer`. The command fails if a contribution or a sum differs
by more than 1e-4. It then says what a bounded depth of the trees costs and saves.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.stock import cost

Floats = NDArray[np.float64]
NUMERIC, CATEGORICAL = 38, 2
WIDTH = NUMERIC + CATEGORICAL
LEARNT = 50_000
TOLERANCE, AIM = 1e-4, 10.0
SIDES = ("tables", "shap")
DEPTHS = range(3, 9)
_LEAVES = 63  # 62 splits, the most that a table's key holds
_MONTHS = 12


def invented(count: int, seed: int) -> tuple[Floats, Floats]:
    """Return codes (count, WIDTH) with values missing, and events that depend on some of them."""
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(count, WIDTH))
    codes[:, NUMERIC:] = rng.integers(0, 12, (count, CATEGORICAL))
    log_odds = (
        -3.0
        + codes[:, 0]
        - 0.8 * codes[:, 1]
        + 1.2 * (codes[:, 2] > 0) * (codes[:, 3] > 0.5)
        + 1.5 * (codes[:, 4] < -0.5) * (codes[:, 5] > 0) * (codes[:, 6] < 0.5)
        + 0.6 * np.isin(codes[:, NUMERIC], [1, 4, 7])
        + 0.2 * codes[:, 7:20].sum(1)
    )
    codes[:, :NUMERIC][rng.random((count, NUMERIC)) < 0.1] = np.nan
    return codes, (rng.random(count) < 1 / (1 + np.exp(-log_odds))).astype(np.float64)


def grown(depth: int, leaves: int, members: int, rounds: int) -> list[str]:
    """Return the LightGBM texts of a bag, trained as our members are: with a horizon, last."""
    import lightgbm as lgb

    from models.spec import FitParams

    params = FitParams()
    codes, events = invented(LEARNT, seed=1)
    matrix = np.column_stack([codes, np.full(len(codes), float(_MONTHS))])
    categorical = list(range(NUMERIC, WIDTH))
    texts = []
    for member in range(members):
        weight = np.random.default_rng([2, member]).exponential(size=len(codes))
        data = lgb.Dataset(matrix, events, weight=weight, categorical_feature=categorical)
        options = {
            "objective": "binary",
            "learning_rate": params.learning_rate,
            "num_leaves": leaves,
            "max_depth": depth,
            "feature_fraction": params.feature_fraction,
            "lambda_l2": params.lambda_l2,
            "min_sum_hessian_in_leaf": params.min_leaf_weight,
            "num_threads": 1,
            "seed": member,
            "verbosity": -1,
        }
        texts.append(lgb.train(options, data, rounds).model_to_string())
    return texts


def side(name: str, folder: Path) -> None:
    """Explain the rows kept in `folder`; print the processor seconds after the imports."""
    import lightgbm as lgb

    from models.trees import Forest

    if name == "shap":
        import shap
    rows = np.load(folder / "rows.npy")
    text = (folder / "forest.txt").read_text("utf-8")
    start = time.process_time()
    if name == "shap":
        padded = np.column_stack([rows, np.zeros(len(rows))])
        explainer = shap.TreeExplainer(lgb.Booster(model_str=text))
        found = np.asarray(explainer.shap_values(padded))[:, :WIDTH]
        base = float(np.ravel(explainer.expected_value)[-1])
    else:
        blocks = text.split("end of trees", 1)[0].split("Tree=")[1:]
        kept = tuple(block.split("\n", 1)[1].strip() for block in blocks)
        forest = Forest(lgb.Booster(model_str=text), (len(kept),), 1.0, kept)
        tables = forest.batch
        if tables is None:
            raise SystemExit("a tree is too deep for the tables")
        found, base = tables.values(rows), tables.base
    print(time.process_time() - start)
    np.savez(folder / f"{name}.npz", found=found, base=base)


def compared(folder: Path, rows: int, members: int, rounds: int, *, large: bool) -> int:
    """Run both sides, print their cost and differences; return 1 when they differ."""
    from models.spec import LARGE_EVENTS, FitParams
    from models.trees import forest_at

    params = FitParams().sizes(LARGE_EVENTS if large else 0, 0)[""]
    texts = grown(params.max_depth, params.num_leaves, members, rounds)
    forest = forest_at(texts, _MONTHS, WIDTH, 1.0)
    forest.booster.save_model(folder / "forest.txt")
    np.save(folder / "rows.npy", invented(rows, seed=3)[0])
    print(f"{rows} rows, {WIDTH} indicators, {forest.ends[-1]} trees of {members} members")
    inside = {}
    for name in SIDES:
        words = [sys.executable, "-m", "benchmarks.reasons", "--side", name, "--folder"]
        spent, printed = cost([*words, str(folder)])
        inside[name] = float(printed.split()[-1])
        print(
            f"  {name:8} CPU {inside[name]:8.2f} s   with start and imports {spent.cpu:8.2f} s"
            f"   peak {spent.peak:6.0f} MB",
            flush=True,
        )
    ratio = inside["shap"] / inside["tables"]
    print(f"  shap.TreeExplainer costs {ratio:.1f} times the CPU of the tables (aim {AIM:.0f})")
    gap, total = differences(folder)
    print(f"  largest difference: a contribution {gap:.1e}, base + contributions {total:.1e}")
    return int(max(gap, total) > TOLERANCE)


def differences(folder: Path) -> tuple[float, float]:
    """Return the largest difference of a contribution, and of base + contributions."""
    ours, theirs = (np.load(folder / f"{name}.npz") for name in SIDES)
    gap = np.abs(ours["found"] - theirs["found"]).max()
    sums = [one["found"].sum(1) + one["base"] for one in (ours, theirs)]
    return float(gap), float(np.abs(sums[0] - sums[1]).max())


def bounded(rows: int, members: int, rounds: int) -> None:
    """Print, for each depth, the AUC on new rows and the CPU of training and of the reasons."""
    from sklearn.metrics import roc_auc_score

    from models.trees import forest_at

    codes, events = invented(rows, seed=3)
    print(f"depth of the trees, at most {_LEAVES} leaves; AUC on {rows} rows never learnt from")
    for depth in DEPTHS:
        start = time.process_time()
        texts = grown(depth, min(2**depth, _LEAVES), members, rounds)
        trained = time.process_time() - start
        forest: Any = forest_at(texts, _MONTHS, WIDTH, 1.0)
        auc = roc_auc_score(events, forest.members(codes, num_threads=1).mean(1))
        start = time.process_time()
        forest.batch.values(codes)
        explained = time.process_time() - start
        print(
            f"  {depth}: AUC {auc:.4f}   training CPU {trained:6.1f} s"
            f"   reasons CPU {explained:6.1f} s",
            flush=True,
        )


def main() -> int:
    """Run both sides, then the depths; return 1 when the sides disagree."""
    os.environ["OMP_NUM_THREADS"] = "1"  # before LightGBM is loaded; the sides inherit it
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reasons", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows to explain (100000)")
    parser.add_argument("--members", type=int, default=8, help="members of the bag (8)")
    parser.add_argument("--rounds", type=int, default=100, help="trees of a member (100)")
    parser.add_argument("--large", action="store_true", help="the trees of many events")
    parser.add_argument("--no-depths", action="store_true", help="without the depths")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        side(asked.side, asked.folder)
        return 0
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as name:
        wrong = compared(Path(name), asked.rows, asked.members, asked.rounds, large=asked.large)
    if not asked.no_depths:
        bounded(min(asked.rows, 20_000), 1, asked.rounds)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
