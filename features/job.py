"""The job: any days, each computed once, in shards of structures, going on where it stopped.

Under ``<home>/features``: `days/<hash>` holds the rows of one day, told by the facts known
by that day (a later file does not touch it); `work/<hash>` the shards of a day being computed. All
is written under another name, then renamed: what is there is whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from data.errors import VeilleError
from data.whole import PENDING, whole_folder
from features.catalogue import catalogue_hash
from features.engines.base import Engine
from features.engines.polars_engine import PolarsEngine
from features.facts import FactFiles, prepare
from features.live import folder_of
from features.panel import compute_day
from features.panels import (
    FEATURES_VERSION,
    PanelManifest,
    input_hash,
    read_manifest,
    write_panel,
)
from features.progress import Progress, quiet
from features.shards import BEGUN, Shards
from features.store import StoredFacts
from features.wanted import Wanted, wanted

#: days kept for the panels to come, the last used
_KEPT_DAYS = 200
_LEFT_SECONDS = 86_400


@dataclass(frozen=True)
class Asked:
    """What a job computes: the days, and the indicators by name (None: the whole catalogue)."""

    days: Sequence[date]
    only: Collection[str] | None = None
    rows_per_shard: int | None = None


def build(
    files: FactFiles,
    lake_hash: str,
    home: Path,
    asked: Asked,
    engine: Engine,
    engine_name: str,
    *,
    synthetic: bool,
    known_to: str | None,
    progress: Progress = quiet,
) -> PanelManifest:
    """Compute and write the panel of some days, or return the one that these inputs gave already.

    Raises
    ------
    VeilleError
        No structure is known on any of the days, or an indicator does not exist.
    """
    wants = wanted(asked.only)
    digest = input_hash(lake_hash, asked.days, asked.only)
    folder = home / "panels" / digest[:16]
    existing = read_manifest(folder)
    if existing is not None:
        return existing
    manifest = PanelManifest(
        panel=str(folder / "panel.parquet"),
        rows=0,
        indicators=len(wants.indicators),
        as_of=[d.isoformat() for d in asked.days],
        input_hash=digest,
        engine=engine_name,
        synthetic=synthetic,
        known_to=known_to,
    )
    with alone(home):
        existing = read_manifest(folder)
        if existing is not None:
            return existing  # written by the job that this one waited for
        _sweep(home)
        paths = _days(files, lake_hash, home, asked, wants, engine, progress)
        pieces = [piece for path in paths for piece in sorted(path.iterdir())]
        if not any(pl.scan_ipc(piece).select(pl.len()).collect().item() for piece in pieces):
            raise VeilleError(
                "Aucune structure n'est connue à ces dates.",
                code="empty-panel",
                where=", ".join(str(d) for d in asked.days),
                todo="vérifier « veille sources » et les jours où les fichiers ont été connus",
            )
        progress("panel", 1.0)
        made = write_panel(folder, map(pl.read_ipc, pieces), manifest)
        _forget(home)
        return made


def _days(
    files: FactFiles,
    lake_hash: str,
    home: Path,
    asked: Asked,
    wants: Wanted,
    engine: Engine,
    progress: Progress,
) -> list[Path]:
    """Return the folder of each day, those that are missing computed."""
    stored = files if isinstance(files, StoredFacts) else None
    keys = {
        day: _key(wants, day, stored.known_hash(day) if stored else lake_hash) for day in asked.days
    }
    at = {day: home / "features" / "days" / key for day, key in keys.items()}
    missing = [day for day in asked.days if not at[day].exists()]
    for path in at.values():
        if path.exists():
            path.touch()  # used today: the last to be swept
    if stored and isinstance(engine, PolarsEngine):
        if missing:
            shards = Shards(stored, home, wants, asked.rows_per_shard)
            shards.begin({day: keys[day] for day in missing}, progress)
            for number, day in enumerate(missing):
                progress(day.isoformat(), BEGUN + (1 - BEGUN) * number / len(missing))
                shards.finish(day, at[day])
    elif missing:
        facts = prepare(files, engine)
        for number, day in enumerate(missing):
            progress(day.isoformat(), number / len(missing))
            rows = compute_day(facts, day, asked.only)
            _keep(rows, at[day])
    return list(at.values())


def _key(wants: Wanted, day: date, known_hash: str) -> str:
    """Return the name of a day computed from what is known by it."""
    code = [FEATURES_VERSION, catalogue_hash(), sorted(i.name for i in wants.indicators)]
    content = [*code, day.isoformat(), known_hash]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]


def context(files: StoredFacts, home: Path, day: date, progress: Progress = quiet) -> Path:
    """Return the folder of what all structures share on a day (`features.live.Context`).

    The job left it with the day's rows; it is computed where another engine made them.
    """
    wants = wanted()
    key = _key(wants, day, files.known_hash(day))
    folder = folder_of(home, key)
    if not folder.exists():
        with alone(home):
            shards = Shards(files, home, wants)
            shards.begin({day: key}, progress)
            shards.share(day)
            shards.clear(day)
    return folder


def _keep(rows: pl.DataFrame, target: Path) -> None:
    """Write the rows of a day that was computed at once."""
    with whole_folder(target) as pending:
        rows.write_ipc(pending / "000000.arrow", compression="lz4")


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Wait until no other job runs in this home, and keep others out; a killed job frees it."""
    (home / "features").mkdir(parents=True, exist_ok=True)
    with (home / "features" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(home: Path) -> None:
    """Remove what killed jobs left, but the shards of a day ago or less: they may go on."""
    folder = home / "features"
    for path in [*folder.glob(f"**/{PENDING}*"), *home.glob(f"panels/{PENDING}*")]:
        path.unlink() if path.is_file() else shutil.rmtree(path)
    for path in folder.glob("work/*/*"):
        if path.stat().st_mtime < time.time() - _LEFT_SECONDS:
            shutil.rmtree(path)


def _forget(home: Path) -> None:
    """Remove the days that were used the longest ago."""
    days = sorted(home.glob("features/days/*"), key=lambda p: p.stat().st_mtime_ns)
    for path in days[:-_KEPT_DAYS]:
        shutil.rmtree(path)
        shutil.rmtree(folder_of(home, path.name), ignore_errors=True)
