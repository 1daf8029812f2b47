"""Narrow facts on disk, cut in shards of structures: what a job reads, prepared once a file.

Layout under ``<home>/features/store-<hash of this code>``::

    cuts.json                            where the shards are cut (SIREN)
    lists.arrow                          every list of grants met, under a number it keeps
    <cuts>/<table>/<file>/N-M.arrow      narrow rows of shard N that come from that file of the lake
    <cuts>/grants/<file>/days-M.arrow    days of each list, and when each was known

A shard is a range of SIREN, so that shards end to end are sorted. A file of the lake never changes:
one that is new adds its own folder, by one rename, and touches no other.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path
from typing import Protocol, runtime_checkable

import narwhals as nw
import polars as pl
import pyarrow.parquet as pq

from data.contracts import GRANT_STAGES, TABLES
from data.drafts import with_machine_columns
from data.whole import whole_file, whole_folder
from features.catalogue import catalogue_hash
from features.engines.base import Frame
from features.engines.polars_engine import PolarsEngine
from features.facts import (
    BY_STRUCTURE,
    LIST,
    FactFiles,
    Facts,
    gathered,
    narrowed,
    of_funders,
    with_funders,
)

#: rows of facts that one shard holds, about: a job's memory is that of a shard
ROWS_PER_SHARD = 1_500_000
#: a lake this much larger than when the shards were cut is cut again
_OUTGROWN = 2
_CHUNK_ROWS = 400_000
_LISTS = pl.Schema(
    {"list": pl.Int32, "funder_id": pl.String, "stage": pl.String, "partial": pl.Boolean}
)
_NO_DAYS = pl.DataFrame(schema={"list": pl.Int32, "event_day": pl.Int32, "known_day": pl.Int32})


@runtime_checkable
class StoredFacts(FactFiles, Protocol):
    """Facts that are Parquet files."""

    def paths(self, table: str) -> list[Path]:
        """Return the files of a table, none of which ever changes."""
        ...

    def known_hash(self, as_of: date) -> str:
        """Return the hash of the facts known by a day."""
        ...


class Store:
    """The prepared facts of one home, for one content of its lake."""

    def __init__(self, home: Path, files: StoredFacts, rows_per_shard: int | None = None) -> None:
        self._folder = home / "features" / f"store-{catalogue_hash()[:12]}"
        self._files = files
        self._paths = {table: files.paths(table) for table in BY_STRUCTURE}
        self._engine = PolarsEngine()
        self._cuts = self._cut(rows_per_shard or ROWS_PER_SHARD)
        self._entries = self._folder / self.cuts_hash

    @property
    def shards(self) -> int:
        """Return the number of shards."""
        return len(self._cuts) + 1

    @property
    def cuts_hash(self) -> str:
        """Return the hash of where the shards are cut."""
        return hashlib.sha256(json.dumps(self._cuts).encode()).hexdigest()[:12]

    def _cut(self, rows_per_shard: int) -> list[int]:
        rows = sum(
            pq.read_metadata(path).num_rows
            for table in ("grants", "payments", "structures")
            for path in self._paths[table]
        )
        shards = max(1, -(-rows // rows_per_shard))
        path = self._folder / "cuts.json"
        if path.exists():
            found = json.loads(path.read_text("utf-8"))
            asked = found["rows_per_shard"] == rows_per_shard
            if asked and len(found["cuts"]) + 1 >= shards / _OUTGROWN:
                return list(map(int, found["cuts"]))
        cuts = self._quantiles(shards)
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as pending:
            pending.write_text(
                json.dumps({"rows_per_shard": rows_per_shard, "cuts": cuts}), "utf-8"
            )
        return cuts

    def _quantiles(self, shards: int) -> list[int]:
        named = [path for table in ("grants", "structures") for path in self._paths[table]]
        if shards == 1 or not named:
            return []
        sirens = (
            pl.concat(pl.scan_parquet(path).select("siren").gather_every(7) for path in named)
            .drop_nulls()
            .select(pl.col("siren").cast(pl.Int64).sort())
            .collect()
            .to_series()
        )
        places = [sirens.len() * k // shards for k in range(1, shards)]
        return sirens.gather(places).unique().sort().to_list() if sirens.len() else []

    def sync(self) -> None:
        """Prepare the files of the lake that are not yet."""
        for table, paths in self._paths.items():
            for path in paths:
                if not self._entry(table, path).exists():
                    self._prepare(table, path)

    def _entry(self, table: str, path: Path) -> Path:
        stat = path.stat()
        key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
        return self._entries / table / hashlib.sha256(key.encode()).hexdigest()[:20]

    def _prepare(self, table: str, path: Path) -> None:
        target = self._entry(table, path)
        with whole_folder(target) as pending:
            for at, found in enumerate(self._chunks(table, path)):
                rows = found
                if table == "grants":
                    rows = self._listed(found)
                    days = rows.group_by("list", "event_day").agg(pl.col("known_day").min())
                    days.write_ipc(pending / f"days-{at}.arrow", compression="lz4")
                for shard, piece in self._split(rows):
                    piece.write_ipc(pending / f"{shard}-{at}.arrow")

    def _chunks(self, table: str, path: Path) -> Iterator[pl.DataFrame]:
        for start in range(0, pq.read_metadata(path).num_rows, _CHUNK_ROWS):
            part = nw.from_native(pl.scan_parquet(path).slice(start, _CHUNK_ROWS))
            yield _numbered(self._engine.collect(narrowed(part, self._engine, table)))

    def _listed(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Return lines with the number of their list in place of its names.

        A list that is met for the first time gets the next number, kept before any line bears it.
        """
        funder = pl.col("funder_id").cast(pl.Categorical).to_physical().cast(pl.Int64)
        awarded = pl.col("stage") == GRANT_STAGES[0]
        coded = lines.with_columns((funder * 4 + awarded * 2 + pl.col("partial")).alias("_code"))
        met = coded.select("_code", *LIST)[coded["_code"].arg_unique()]
        known = self.lists()
        new = met.select(LIST).join(known, on=LIST, how="anti").sort(LIST)
        if new.height:
            numbers = pl.int_range(known.height, known.height + new.height, dtype=pl.Int32)
            known = pl.concat([known, new.with_columns(list=numbers).select(_LISTS.names())])
            self._folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self._folder / "lists.arrow") as pending:
                known.write_ipc(pending)
        numbered = met.join(known, on=LIST).select("_code", "list")
        return coded.drop(LIST).join(numbered, on="_code", how="left").drop("_code")

    def lists(self) -> pl.DataFrame:
        """Return the number of each list of grants that was met."""
        path = self._folder / "lists.arrow"
        return pl.read_ipc(path) if path.exists() else _LISTS.to_frame()

    def _split(self, rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
        if not self._cuts:
            yield 0, rows
            return
        places = pl.Series(self._cuts).search_sorted(rows["siren"], side="right")
        parts = rows.with_columns(places.alias("_shard")).partition_by(
            "_shard", as_dict=True, include_key=False
        )
        for (shard,), piece in parts.items():
            yield int(shard), piece

    def facts(self, shard: int, read: Collection[str] = (), days: int = 1) -> Facts:
        """Return the facts of a shard, in Polars; the rest as in `features.facts.gathered`."""
        narrow = {table: self._rows(table, f"{shard}-*.arrow") for table in BY_STRUCTURE}
        lists = with_funders(self.lists())
        funders = of_funders(self._files, self._engine)
        return gathered(narrow, funders, self._engine, lists, read, days)

    def calendar(self) -> Frame:
        """Return the days of each list of grants, and when each was first known."""
        entries = (self._entry("grants", path) for path in self._paths["grants"])
        found = [piece for at in entries for piece in at.glob("days-*.arrow")]
        return nw.from_native(pl.scan_ipc(found)) if found else self._engine.small(_NO_DAYS)

    def _rows(self, table: str, pattern: str) -> Frame:
        found = [
            piece
            for path in self._paths[table]
            for piece in sorted(self._entry(table, path).glob(pattern))
        ]
        if found:
            return nw.from_native(pl.scan_ipc(found))
        raw = self._engine.small(with_machine_columns(TABLES[table].empty()))
        empty = _numbered(self._engine.collect(narrowed(raw, self._engine, table)))
        return self._engine.small(self._listed(empty) if table == "grants" else empty)

    def sweep(self) -> None:
        """Remove what this store does not read: files gone from the lake, other cuts and code."""
        live = {self._entry(table, path) for table, paths in self._paths.items() for path in paths}
        for entry in self._folder.parent.glob("store-*/*/*/*"):
            if entry not in live:
                shutil.rmtree(entry)


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with their SIREN as a number: grouping by it costs half."""
    return rows.with_columns(pl.col("siren").cast(pl.Int64))
