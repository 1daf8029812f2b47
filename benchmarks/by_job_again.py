"""The feature job in a home that is kept beside the panel: days that it has are not computed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.by_job import job


def panel(grants: Path, payments: Path, days: Sequence[date], target: Path) -> None:
    """Write the core indicators of some days, those of an earlier run as they are kept."""
    shutil.copy(job(target.parent / "home", grants, payments, days), target)
