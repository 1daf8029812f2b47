"""The job: any days, each computed once, in shards of structures, going on where it stopped.

Under ``<home>/features``: `days/<hash>.parquet` holds the rows of one day, told by the facts known
by that day (a later file does not touch it); `work/<hash>` the shards of a day being computed. All
is written under another name, then renamed: what is there is whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import narwhals as nw
import polars as pl

from data.errors import VeilleError
from features import coverage
from features.catalogue import catalogue_hash
from features.engines.base import Engine, Frame
from features.engines.polars_engine import PolarsEngine
from features.facts import FactFiles, of_funders, prepare
from features.frames import covered, known
from features.panel import Begun, begin, compute_day, dated, finish
from features.panels import (
    FEATURES_VERSION,
    PanelManifest,
    input_hash,
    read_manifest,
    read_rows,
    write_panel,
    write_rows,
)
from features.shared import share as shared_figures
from features.store import Store, StoredFacts
from features.wanted import Wanted, wanted

#: told what is being done, and the share of the job that is done
Progress = Callable[[str, float], None]
_SUMS = "sum-"
#: share of a day's work that is done once its shards are begun
_BEGUN = 0.8
#: days kept for the panels to come, the last used
_KEPT_DAYS = 200
_LEFT_SECONDS = 86_400


@dataclass(frozen=True)
class Asked:
    """What a job computes: the days, and the indicators by name (None: the whole catalogue)."""

    days: Sequence[date]
    only: Collection[str] | None = None
    rows_per_shard: int | None = None


def quiet(_step: str, _share: float) -> None:
    """Report no progress."""


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
    with _alone(home):
        existing = read_manifest(folder)
        if existing is not None:
            return existing  # written by the job that this one waited for
        _sweep(home)
        paths = _days(files, lake_hash, home, asked, engine, progress)
        found = [path for path in paths if path.exists()]
        if not found:
            raise VeilleError(
                "Aucune structure n'est connue à ces dates.",
                code="empty-panel",
                where=", ".join(str(d) for d in asked.days),
                todo="vérifier « veille sources » et les jours où les fichiers ont été connus",
            )
        progress("panel", 1.0)
        rows = (rows for path in found for rows in read_rows(path))
        made = write_panel(folder, rows, manifest)
        _forget(home)
        return made


def _days(
    files: FactFiles,
    lake_hash: str,
    home: Path,
    asked: Asked,
    engine: Engine,
    progress: Progress,
) -> list[Path]:
    """Return the file of each day, those that are missing computed; a day without rows has none."""
    stored = files if isinstance(files, StoredFacts) else None
    names = sorted(i.name for i in wanted(asked.only).indicators)
    keys = {}
    for day in asked.days:
        known_hash = stored.known_hash(day) if stored else lake_hash
        content = [FEATURES_VERSION, catalogue_hash(), day.isoformat(), names, known_hash]
        keys[day] = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]
    at = {day: home / "features" / "days" / f"{key}.parquet" for day, key in keys.items()}
    missing = [day for day in asked.days if not at[day].exists()]
    for path in at.values():
        if path.exists():
            path.touch()  # used today: the last to be swept
    if stored and isinstance(engine, PolarsEngine):
        if missing:
            sharded = _Sharded(stored, home, asked, keys)
            for day, pieces in sharded.days(missing, progress):
                write_rows(pieces, at[day], "lz4")
                sharded.clear(day)
    elif missing:
        facts = prepare(files, engine)
        for number, day in enumerate(missing):
            progress(day.isoformat(), number / len(missing))
            rows = compute_day(facts, day, asked.only)
            if rows.height:
                write_rows([rows], at[day], "lz4")
    return list(at.values())


class _Sharded:
    """Days computed shard by shard, in Polars."""

    def __init__(self, files: StoredFacts, home: Path, asked: Asked, keys: dict[date, str]) -> None:
        self._files = files
        self._store = Store(home, files, asked.rows_per_shard)
        self._engine = PolarsEngine()
        self._wants: Wanted = wanted(asked.only)
        self._work = home / "features" / "work" / self._store.cuts_hash
        self._keys = keys

    def days(
        self, days: Sequence[date], progress: Progress
    ) -> Iterator[tuple[date, Iterator[pl.DataFrame]]]:
        """Begin every shard of every day, then yield each day with its rows."""
        progress("faits", 0.0)
        self._store.sweep()
        self._store.sync()
        calendar = self._engine.keep(self._store.calendar())
        slots = {day: coverage.slots(self._engine.collect(covered(calendar, day))) for day in days}
        for shard in range(self._store.shards):
            left = [day for day in days if not self._piece(day, shard).exists()]
            if not left:
                continue
            facts = self._store.facts(shard)
            for number, day in enumerate(left):
                progress(
                    day.isoformat(), _BEGUN * (shard + number / len(left)) / self._store.shards
                )
                self._save(begin(facts, day, slots[day], self._wants), self._piece(day, shard))
        for number, day in enumerate(days):
            progress(day.isoformat(), _BEGUN + (1 - _BEGUN) * number / len(days))
            yield day, self._finished(day)

    def _piece(self, day: date, shard: int) -> Path:
        return self._work / self._keys[day] / str(shard)

    def _save(self, begun: Begun, path: Path) -> None:
        pending = path.with_name(f".pending-{uuid.uuid4().hex[:8]}")
        pending.mkdir(parents=True)
        frames = {"rows": self._engine.collect(begun.rows)}
        if begun.programmes is not None:
            frames["programmes"] = self._engine.collect(begun.programmes)
        for name, part in (begun.sums or {}).items():
            frames[_SUMS + name] = part
        for name, frame in frames.items():
            frame.write_ipc(pending / name, compression="lz4")
        pending.rename(path)

    def _load(self, path: Path) -> Begun:
        def frame(name: str) -> Frame:
            return nw.from_native(pl.read_ipc(path / name).lazy())

        programmes = frame("programmes") if (path / "programmes").exists() else None
        return Begun(rows=frame("rows"), programmes=programmes, sums=None)

    def _finished(self, day: date) -> Iterator[pl.DataFrame]:
        """Yield the rows of a day, shard by shard, hence sorted by structure."""
        places = [self._piece(day, shard) for shard in range(self._store.shards)]
        shared = None
        if self._wants.shared:
            budgets = of_funders(self._files, self._engine)["budgets"]
            table = self._engine.collect(known(budgets.rename({"amount_cents": "cents"}), day))
            parts = [
                {
                    part.name.removeprefix(_SUMS): pl.read_ipc(part)
                    for part in place.glob(f"{_SUMS}*")
                }
                for place in places
            ]
            shared = shared_figures(parts, table, day)
        for place in places:
            rows = finish(self._load(place), shared, self._engine, day, self._wants)
            found = self._engine.collect(rows)
            if found.height:
                yield dated(found, day)

    def clear(self, day: date) -> None:
        """Remove the shards of a day that is finished."""
        shutil.rmtree(self._work / self._keys[day], ignore_errors=True)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Wait until no other job runs in this home, and keep others out; a killed job frees it."""
    (home / "features").mkdir(parents=True, exist_ok=True)
    with (home / "features" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(home: Path) -> None:
    """Remove what killed jobs left, but the shards of a day ago or less: they may go on."""
    folder = home / "features"
    for path in [*folder.glob("**/.pending-*"), *home.glob("panels/.pending-*")]:
        path.unlink() if path.is_file() else shutil.rmtree(path)
    for path in folder.glob("work/*/*"):
        if path.stat().st_mtime < time.time() - _LEFT_SECONDS:
            shutil.rmtree(path)


def _forget(home: Path) -> None:
    """Remove the days that were used the longest ago."""
    days = sorted(home.glob("features/days/*.parquet"), key=lambda p: p.stat().st_mtime_ns)
    for path in days[:-_KEPT_DAYS]:
        path.unlink()
