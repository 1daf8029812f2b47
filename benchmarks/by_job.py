"""The feature job itself: the facts of the lake, shards on disk, a file a day, the panel."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.core import CORE
from data.contracts import TABLES
from data.drafts import with_machine_columns
from features.engines import Engine, PolarsEngine
from features.engines.base import Frame
from features.job import Asked, build


@dataclass(frozen=True)
class Files:
    """Facts that are one Parquet file of grants and one of payments, every other table empty."""

    grants: Path
    payments: Path

    def paths(self, table: str) -> list[Path]:
        """Return the files of a table."""
        return {"grants": [self.grants], "payments": [self.payments]}.get(table, [])

    def load(self, engine: Engine, table: str) -> Frame:
        """Return table `table` with its machine columns, in `engine`."""
        return engine.scan(self.paths(table), with_machine_columns(TABLES[table].empty()))

    def known_hash(self, as_of: date) -> str:
        """Return the hash of the facts known by a day: these files never change."""
        return hashlib.sha256(str(as_of).encode()).hexdigest()


def job(home: Path, grants: Path, payments: Path, days: Sequence[date]) -> Path:
    """Run the job in a home, which keeps what it prepared; return the panel."""
    with PolarsEngine() as engine:
        made = build(
            Files(grants, payments),
            "benchmark",
            home,
            Asked(days, CORE),
            engine,
            "polars",
            synthetic=True,
            known_to=None,
        )
    return Path(made.panel)


def panel(grants: Path, payments: Path, days: Sequence[date], target: Path) -> None:
    """Write the core indicators of some days, from nothing."""
    with tempfile.TemporaryDirectory(dir=target.parent) as home:
        shutil.move(job(Path(home), grants, payments, days), target)
