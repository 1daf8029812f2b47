"""The lake's facts, as the jobs read them, and the hash of those known by a day."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import polars as pl

from data.lake import Lake
from data.provenance import with_file
from features.asof import to_day
from features.engines import Engine
from features.engines.base import Frame
from features.facts import BY_FUNDER, BY_STRUCTURE


class LakeFacts:
    """Facts of a lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._first: dict[Path, date] = {}

    def paths(self, table: str) -> list[Path]:
        """Return the Parquet files of a table, units identified."""
        return self._lake.files(table)

    def load(self, engine: Engine, table: str) -> Frame:
        """Return table `table` with its machine columns, in `engine`."""
        return engine.scan(self._lake.files(table), self._lake.scan(table).head(0).collect())

    def known(self, table: str, as_of: date, siren: str | None = None) -> pl.DataFrame:
        """Return the facts of a table known by a day, of one structure or all, with their file."""
        facts = with_file(self._lake, table)
        if facts is None:
            return self._lake.scan(table).with_columns(file=pl.lit("")).head(0).collect()
        if siren is not None:
            facts = facts.filter(pl.col("siren") == siren)
        return facts.filter(pl.col("known_on") <= as_of).collect()

    def known_hash(self, as_of: date) -> str:
        """Return the hash of the facts known by a day: a later one does not change it."""
        digest = hashlib.sha256()
        for table in sorted({*BY_STRUCTURE, *BY_FUNDER}):
            told = [self._told(path, as_of) for path in self._lake.files(table)]
            digest.update(json.dumps([table, sorted(filter(None, told))]).encode())
        return digest.hexdigest()

    def _told(self, path: Path, as_of: date) -> str | None:
        """Return what tells the rows of a file known by a day, None where there are none.

        An ingest never changes: its place tells it. What identity derives is written again with
        every ingest: its rows tell it.
        """
        if path not in self._first:
            found = pl.scan_parquet(path).select(pl.col("known_on").min()).collect().item()
            self._first[path] = found or date.max
        if self._first[path] > as_of:
            return None
        place = path.relative_to(self._lake.root)
        if place.parts[0] != "identity":
            return str(place)
        rows = pl.scan_parquet(path).filter(pl.col("known_on") <= as_of).collect()
        for name in set(rows.columns) & {"retracted_on", "retracted_day"}:
            # A notice taken back later was not, by then.
            late = pl.lit(to_day(as_of) if name.endswith("_day") else as_of)
            rows = rows.with_columns(pl.when(pl.col(name) <= late).then(name).alias(name))
        hashes = rows.hash_rows().sort().to_numpy().tobytes()
        return hashlib.sha256(hashes).hexdigest()
