"""The feature job on Spark beside DuckDB and Polars: ``python -m benchmarks.spark``.

One day of a synthetic France, on the same home: DuckDB, Polars, Spark on all cores of this machine,
Spark on a standalone cluster of two workers started for the occasion. Ratios are to DuckDB; each
side is run several times in one session and the last run counts, because Java compiles what it
runs often. The command fails if one value differs.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from benchmarks.cluster import Cluster
from data.lake import Lake
from features.engines import DuckdbEngine, Engine, PolarsEngine
from features.engines.spark_engine import SparkEngine
from features.facts import prepare
from features.lake_facts import LakeFacts
from features.panel import compute_day
from veille.demo import LAST, facts

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Run:
    """The panel of one side, and its wall seconds: to start, then by run."""

    panel: pl.DataFrame
    start: float
    walls: list[float]


def measured(home: Path, make: Callable[[], Engine], repeats: int) -> Run:
    """Compute the panel of one day `repeats` times in one engine."""
    lake, walls, panel = Lake(home), [], pl.DataFrame()
    begun = time.perf_counter()
    with make() as engine:
        start = time.perf_counter() - begun
        for _ in range(repeats):
            begun = time.perf_counter()
            panel = compute_day(prepare(LakeFacts(lake), engine), LAST)
            walls.append(time.perf_counter() - begun)
    return Run(panel, start, walls)


def difference(one: pl.DataFrame, two: pl.DataFrame) -> str:
    """Return how two panels differ, nothing when they do not: same rows, nulls, words, numbers."""
    try:
        assert_frame_equal(one, two, check_exact=False, rel_tol=TOLERANCE, abs_tol=1e-12)
    except AssertionError as error:
        return str(error)
    return ""


def main() -> int:
    """Measure the four sides on one synthetic home; return 1 when they disagree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=main.__doc__)
    parser.add_argument("--structures", type=int, default=2_000, help="structures (2000)")
    parser.add_argument("--repeats", type=int, default=2, help="runs of each side (2)")
    asked = parser.parse_args()
    # Asked to stop, it still stops the cluster.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as folder:
        home = Path(folder)
        facts(home, asked.structures, seed=1)
        runs = {
            "DuckDB": measured(home, DuckdbEngine, asked.repeats),
            "Polars": measured(home, PolarsEngine, asked.repeats),
            "Spark, local[*]": measured(home, lambda: SparkEngine("local[*]"), asked.repeats),
        }
        with Cluster() as cluster:
            runs["Spark, cluster of 2"] = measured(
                home, lambda: SparkEngine(cluster.url, partitions=4), asked.repeats
            )
    reference = runs["DuckDB"]
    print(f"{asked.structures} structures, {reference.panel.height} rows, one day, wall seconds")
    wrong = False
    for name, run in runs.items():
        found = difference(reference.panel, run.panel)
        wrong |= bool(found)
        print(
            f"  {name:20} start {run.start:5.1f}   first {run.walls[0]:6.2f}"
            f"   last {run.walls[-1]:6.2f}   ratio {run.walls[-1] / reference.walls[-1]:6.1f}"
            f"   same values: {'NO' if found else 'yes'}"
        )
        if found:
            print(found)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
