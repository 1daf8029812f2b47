"""Print the ratios: ``python -m benchmarks [--lines N] [--repeats N] [--engine NAME]``."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.features import CORE, Timed, by_hand, by_job, differences, timed
from benchmarks.grants import AS_OF, generate
from features.catalogue import INDICATORS
from features.engines import ENGINES


def main() -> int:
    """Measure both sides alternately on one generated file; return 1 when they disagree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--lines", type=int, default=200_000, help="grant lines (200000)")
    parser.add_argument("--repeats", type=int, default=3, help="alternate runs of each side (3)")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="duckdb")
    asked = parser.parse_args()
    job: list[Timed] = []
    hand: list[Timed] = []
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as folder:
        path = Path(folder) / "grants.parquet"
        generate(asked.lines).write_parquet(path)
        for _ in range(asked.repeats):
            hand.append(timed(lambda: by_hand(path, AS_OF)))
            job.append(timed(lambda: by_job(path, AS_OF, asked.engine)))
    wrong = differences(job[-1].result, hand[-1].result)
    structures = job[-1].result.height
    print(f"{asked.lines} grant lines, {structures} structures, one day, median of {asked.repeats}")
    for name, runs in (
        (f"feature job, {len(INDICATORS)} indicators, {asked.engine}", job),
        (f"SQL by hand, {len(CORE)} indicators, duckdb", hand),
    ):
        cpu = statistics.median(run.cpu for run in runs)
        wall = statistics.median(run.wall for run in runs)
        print(f"  {name:42}  CPU {cpu:7.2f} s   wall {wall:7.2f} s")
    ratios = sorted(a.cpu / b.cpu for a, b in zip(job, hand, strict=True))
    each = statistics.median(ratios) * len(CORE) / len(INDICATORS)
    print(
        f"  CPU ratio {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}); "
        f"for one indicator {each:.2f}"
    )
    print(f"  same values: {'yes' if not wrong else f'NO, structures that differ: {wrong}'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
