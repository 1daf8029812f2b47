"""The feature job beside its peers: ``python -m benchmarks [--structures N]``.

The same 28 indicators over eight quarters, from the same two Parquet files to one, each side alone
in a process. The command fails if one value differs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path

from benchmarks.core import CORE, differences
from benchmarks.generated import write
from benchmarks.measured import Measured, run
from features.asof import as_of_days

DAYS = as_of_days(date(2024, 12, 31), since=date(2023, 3, 31), every="quarter")
_NEXT = [date(2025, 3, 31), date(2025, 6, 30)]
SIDES = {
    "job": "benchmarks.by_job",
    "sql": "benchmarks.by_sql",
    "pandas": "benchmarks.by_pandas",
    "kernel": "benchmarks.by_kernel",
}
#: what the job may cost, as a part of each side: CPU, memory
AIMS = {"sql": (1.2, None), "pandas": (0.75, 0.5), "kernel": (4.0, None)}
_LINES, _PAYMENTS = 20, 10


def _country(folder: Path, structures: int) -> tuple[Path, Path]:
    write(
        folder,
        structures=structures,
        lines=structures * _LINES,
        payments=structures * _PAYMENTS,
    )
    return folder / "grants.parquet", folder / "payments.parquet"


def compared(folder: Path, structures: int, sides: list[str], repeats: int) -> int:
    """Measure the sides in turn, print their ratios; return 1 when values differ."""
    grants, payments = _country(folder, structures)
    costs: dict[str, list[Measured]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side in sides:
            target = folder / f"{side}.parquet"
            costs[side].append(run(SIDES[side], grants, payments, DAYS, target))
    print(
        f"{structures} structures, {structures * _LINES} grant lines, "
        f"{structures * _PAYMENTS} payments, {len(DAYS)} days, {len(CORE)} indicators, "
        f"median of {repeats}"
    )
    wrong = 0
    for side in sides:
        cpu, wall, peak = _median(costs[side])
        line = f"  {side:8} CPU {cpu:7.1f} s   wall {wall:7.1f} s   peak {peak:6.0f} MiB"
        if side != "job":
            pairs = list(zip(costs["job"], costs[side], strict=True))
            by_cpu = statistics.median(a.cpu_seconds / b.cpu_seconds for a, b in pairs)
            by_peak = statistics.median(a.peak_mib / b.peak_mib for a, b in pairs)
            aim, aim_peak = AIMS[side]
            line += f"   job: {by_cpu:.2f} of its CPU (aim {aim}), {by_peak:.2f} of its memory"
            line += f" (aim {aim_peak})" if aim_peak else ""
            found = differences(folder / "job.parquet", folder / f"{side}.parquet")
            line += "   same values" if not found else f"   OTHER VALUES: {found}"
            wrong += bool(found)
        print(line, flush=True)
    return int(wrong > 0)


def _median(costs: list[Measured]) -> tuple[float, float, float]:
    rows = [(c.cpu_seconds, c.wall_seconds, c.peak_mib) for c in costs]
    cpu, wall, peak = (statistics.median(values) for values in zip(*rows, strict=True))
    return cpu, wall, peak


def scaled(folder: Path, structures: int) -> None:
    """Print what five times the structures cost."""
    costs = []
    for factor in (1, 5):
        files = _country(folder, structures * factor)
        costs.append(run(SIDES["job"], *files, DAYS, folder / "job.parquet"))
    cpu = costs[1].cpu_seconds / costs[0].cpu_seconds
    peaks = " then ".join(f"{cost.peak_mib:.0f}" for cost in costs)
    print(f"{structures} structures, then 5 times as many: CPU {cpu:.2f} times, peak {peaks} MiB")


def quarter(folder: Path, structures: int) -> None:
    """Print what one more quarter costs, in a home that has the seven before it."""
    files = _country(folder, structures)
    module, target = "benchmarks.by_job_again", folder / "job.parquet"
    whole = run(module, *files, DAYS, target).cpu_seconds
    alone = run(module, *files, [_NEXT[0]], target).cpu_seconds / whole
    among = run(module, *files, [*DAYS, *_NEXT], target).cpu_seconds / whole
    print(
        f"one more quarter: {alone:.2f} of the CPU of {len(DAYS)} (aim {1 / 6:.2f}); "
        f"the next, in a panel with all before it: {among:.2f}"
    )


def main() -> int:
    """Run what is asked; return 1 when two sides disagree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--structures", type=int, default=200_000, help="structures (200000)")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each side, in turn (1)")
    parser.add_argument("--sides", nargs="+", choices=sorted(SIDES), default=list(SIDES))
    parser.add_argument("--scale", action="store_true", help="what five times as much costs")
    parser.add_argument("--quarter", action="store_true", help="what one more quarter costs")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as name:
        if asked.scale:
            scaled(Path(name), asked.structures)
        if asked.quarter:
            quarter(Path(name), asked.structures)
        if asked.scale or asked.quarter:
            return 0
        return compared(
            Path(name),
            asked.structures,
            ["job", *(s for s in asked.sides if s != "job")],
            asked.repeats,
        )


if __name__ == "__main__":
    sys.exit(main())
