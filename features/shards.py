"""Days computed shard by shard in Polars: begun one shard at a time, finished with what all share.

Under ``<home>/features/work/<cuts>/<key of a day>/<shard>``: what `features.panel.begin` gives,
written under another name, then renamed, so that a killed job goes on from the shards it had.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl

from data.whole import whole_folder
from features import coverage
from features.engines.polars_engine import PolarsEngine
from features.facts import of_funders
from features.frames import covered, known
from features.live import Context, folder_of
from features.panel import Begun, begin, dated, finish
from features.progress import Progress
from features.shared import Shared, Sums, share
from features.store import Store, StoredFacts
from features.wanted import Wanted

#: share of a day's work that is done once its shards are begun
BEGUN = 0.8
_SUMS = "sum-"


class Shards:
    """The shards of one home, for the indicators wanted."""

    def __init__(
        self, files: StoredFacts, home: Path, wants: Wanted, rows_per_shard: int | None = None
    ) -> None:
        self._files = files
        self._store = Store(home, files, rows_per_shard)
        self._home = home
        self._engine = PolarsEngine()
        self._wants = wants
        self._work = home / "features" / "work" / self._store.cuts_hash
        self._keys: Mapping[date, str] = {}
        self.slots: dict[date, pl.DataFrame] = {}

    def begin(self, keys: Mapping[date, str], progress: Progress) -> None:
        """Begin every shard of some days, each told by the key of what it is computed from."""
        self._keys = keys
        progress("faits", 0.0)
        self._store.sweep()
        self._store.sync()
        calendar, lists = self._engine.keep(self._store.calendar()), self._store.lists()
        self.slots = {
            day: coverage.slots(covered(calendar, lists, self._engine, day)) for day in keys
        }
        for shard in range(self._store.shards):
            left = [day for day in keys if not self._piece(day, shard).exists()]
            if not left:
                continue
            facts = self._store.facts(shard, self._wants.line_columns, len(left))
            for number, day in enumerate(left):
                done = (shard + number / len(left)) / self._store.shards
                progress(day.isoformat(), BEGUN * done)
                self._save(begin(facts, day, self.slots[day], self._wants), day, shard)

    def _piece(self, day: date, shard: int) -> Path:
        return self._work / self._keys[day] / str(shard)

    def _save(self, begun: Begun, day: date, shard: int) -> None:
        if self._wants.shared:
            frames = {"rows": self._engine.collect(begun.rows)}
        else:  # nothing to wait for
            frames = {"rows": self._done(begun, None, day)}
        if begun.programmes is not None:
            frames["programmes"] = self._engine.collect(begun.programmes)
        for name, part in (begun.sums or {}).items():
            frames[_SUMS + name] = part
        with whole_folder(self._piece(day, shard)) as pending:
            for name, frame in frames.items():
                frame.write_ipc(pending / name, compression="lz4")

    def parts(self, day: date) -> list[Sums]:
        """Return the part of each shard in what all structures share on a day."""
        return [
            {
                part.name.removeprefix(_SUMS): pl.read_ipc(part)
                for part in self._piece(day, shard).glob(f"{_SUMS}*")
            }
            for shard in range(self._store.shards)
        ]

    def budgets(self, day: date) -> pl.DataFrame:
        """Return the public budgets known by a day."""
        rows = of_funders(self._files, self._engine)["budgets"]
        return self._engine.collect(known(rows.rename({"amount_cents": "cents"}), day))

    def share(self, day: date) -> Shared:
        """Return what all structures share on a day that is begun, and keep it for `live`."""
        shared = share(self.parts(day), self.budgets(day), day)
        if self._wants.whole:
            delays = of_funders(self._files, self._engine)["funder_delays"]
            told = self._engine.collect(known(delays, day))
            kept = folder_of(self._home, self._keys[day])
            Context(day, self.slots[day], shared, told).save(kept)
        return shared

    def finish(self, day: date, target: Path) -> None:
        """Write the panel rows of a day, a file a shard, hence sorted."""
        shared = self.share(day) if self._wants.shared else None
        with whole_folder(target) as pending:
            for shard in range(self._store.shards):
                piece, file = self._piece(day, shard), pending / f"{shard:06}.arrow"
                if shared is None:
                    shutil.copyfile(piece / "rows", file)
                    continue
                path = piece / "programmes"
                programmes = self._engine.small(pl.read_ipc(path)) if path.exists() else None
                rows = self._engine.small(pl.read_ipc(piece / "rows"))
                begun = Begun(rows=rows, programmes=programmes, sums=None)
                self._done(begun, shared, day).write_ipc(file, compression="lz4")
        shutil.rmtree(self._work / self._keys[day])

    def _done(self, begun: Begun, shared: Shared | None, day: date) -> pl.DataFrame:
        rows = self._engine.collect(finish(begun, shared, self._engine, day, self._wants))
        named = pl.col("structure_id").cast(pl.String).str.zfill(9)  # from its number
        return dated(rows.sort("structure_id").with_columns(named), day)

    def clear(self, day: date) -> None:
        """Remove the shards of a day."""
        shutil.rmtree(self._work / self._keys[day])
