"""What a side costs: it runs alone in a process, whose CPU, clock and memory are measured.

``python -m benchmarks.measured MODULE GRANTS PAYMENTS TARGET DAY...`` runs ``MODULE.panel``. Before
a module is first measured it runs once on a small country, unmeasured: its bytecode and compiled
kernels are then kept for the runs that count, as they would be on any machine that has run it.
"""

from __future__ import annotations

import functools
import importlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.core import THREADS

_ROOT = Path(__file__).parents[1]
_LIMITS = (
    "POLARS_MAX_THREADS",
    "NUMBA_NUM_THREADS",
    "OMP_NUM_THREADS",  # PyArrow's too
    "OPENBLAS_NUM_THREADS",
)


@dataclass(frozen=True)
class Measured:
    """Cost of one process: user and system CPU, clock, largest resident memory."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float


def run(module: str, grants: Path, payments: Path, days: Sequence[date], target: Path) -> Measured:
    """Run ``panel`` of `module` in a process of its own and measure it, start included.

    The peak is never below the memory that this process holds when it starts the other.

    Raises
    ------
    subprocess.CalledProcessError
        The process fails.
    """
    _warm(module)
    return _run(module, grants, payments, days, target)


@functools.cache
def _cache() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="veille-bench-")


@functools.cache
def _warm(module: str) -> None:
    folder = Path(_cache().name)
    grants, payments = folder / "grants.parquet", folder / "payments.parquet"
    if not grants.exists():
        from benchmarks.generated import write

        write(folder, structures=300, lines=3_000, payments=1_000)
    days = [date(2023, 12, 31), date(2024, 12, 31)]
    _run(module, grants, payments, days, folder / "panel.parquet")


def _run(module: str, grants: Path, payments: Path, days: Sequence[date], target: Path) -> Measured:
    paths = [str(path.resolve()) for path in (grants, payments, target)]
    command = [sys.executable, "-m", "benchmarks.measured", module, *paths, *map(str, days)]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= dict.fromkeys(_LIMITS, str(THREADS))
    env |= {"PYTHONPYCACHEPREFIX": _cache().name, "NUMBA_CACHE_DIR": _cache().name}
    start = time.perf_counter()
    child = subprocess.Popen(command, cwd=_ROOT, env=env)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return Measured(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def main(module: str, grants: str, payments: str, target: str, *days: str) -> None:
    """Write the panel of one side."""
    asked = [date.fromisoformat(day) for day in days]
    importlib.import_module(module).panel(Path(grants), Path(payments), asked, Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
