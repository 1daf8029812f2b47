"""The lake: every ingest is one immutable folder, committed by one atomic rename.

Layout under ``<home>/lake``::

    ingests/<source>/<ingest_id>/<table>/part-N.parquet    facts, sorted by structure in each part
                                 rejects/part-N.parquet    rows not kept, with their reason
                                 named/part-N.parquet      those that name their beneficiary
                                 manifest.json             what went in and out

The id hashes the source, the file's sha256 and the options that can change the result, so that
ingesting the same file twice changes nothing. Readers see only folders that were renamed into
place, hence whole ones: a killed ingest leaves a folder in ``pending/`` that nobody reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from data import identity
from data.contracts import TABLES
from data.drafts import SAME, Draft, draft, with_machine_columns
from data.manifest import Manifest, ingest_id, read_manifest, sha256_of
from data.rejects import empty_rejects
from data.repeated import drop_repeated
from data.sources.base import Parsed, ReadOptions

_LEFT_SECONDS = 86_400


class Lake:
    """The facts under one home folder."""

    def __init__(self, home: Path) -> None:
        self.root = home / "lake"
        self.pending = self.root / "pending"
        self._ingests = self.root / "ingests"
        self._manifests: dict[Path, Manifest] = {}
        self._keys: dict[tuple[str, str], pl.Series] = {}

    def sweep(self) -> None:
        """Remove what is over a day old and of no use: drafts of killed ingests, old identities."""
        limit = time.time() - _LEFT_SECONDS
        folders = sorted((self.root / "identity").glob("*"), key=lambda f: f.stat().st_mtime)
        for folder in [*self.pending.glob("*"), *folders[:-1]]:
            if folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)

    def manifest(self, source: str, identifier: str) -> Manifest | None:
        """Return the manifest of one ingest, or None."""
        path = self._ingests / source / identifier / "manifest.json"
        return self._manifest_at(path) if path.exists() else None

    def _manifest_at(self, path: Path) -> Manifest:
        # An ingest never changes: its manifest is read once, whatever the number of ingests after.
        if path not in self._manifests:
            self._manifests[path] = read_manifest(path)
        return self._manifests[path]

    def manifests(self) -> list[Manifest]:
        """Return every ingest, in order of source, file and id."""
        return sorted(
            map(self._manifest_at, self._ingests.glob("*/*/manifest.json")),
            key=lambda m: (m.source, m.file, m.ingest_id),
        )

    def find(self, source: str, file: Path, options: ReadOptions) -> Manifest | None:
        """Return the manifest of `file` if these bytes were ingested with these options."""
        return self.manifest(source, ingest_id(source, sha256_of(file), options))

    def commit(
        self,
        parsed: Parsed | Iterable[Parsed],
        *,
        source: str,
        file: Path,
        options: ReadOptions,
        name: str | None = None,
    ) -> Manifest:
        """Write one reading of `file`, whole or in pieces, and return its manifest.

        Nothing is visible before the end. Facts already brought by another file of the same list
        are rejected as duplicates, so that two exports that overlap are never added up.

        Raises
        ------
        data.drafts.LakeError
            The reading does not account for every row exactly once.
        data.schema.ContractError
            A table breaks its contract.
        """
        done = self.find(source, file, options)
        if done is not None:
            return done
        pieces = [parsed] if isinstance(parsed, Parsed) else parsed
        made = draft(self.pending, pieces, source=source, file=file, options=options, name=name)
        return self.accept([made])[0]

    def accept(self, drafts: Sequence[Draft]) -> list[Manifest]:
        """Make drafts visible, in order, each by one rename; return their manifests."""
        for table in SAME:
            made = [one for one in drafts if table in one.tables]
            if made:
                drop_repeated(
                    table, made, [self._keys_of(table, m) for m in self._like(table, made)]
                )
        return [self._publish(one) for one in drafts]

    def _like(self, table: str, drafts: Sequence[Draft]) -> list[Manifest]:
        """Return the ingests that may hold the same lines: of one list, or of one source."""
        lists = set().union(*(made.datasets for made in drafts))
        sources = {made.source for made in drafts}
        return [
            m
            for m in self.manifests()
            if m.tables.get(table)
            and (lists & set(m.datasets) if table == "grants" else m.source in sources)
        ]

    def _keys_of(self, table: str, manifest: Manifest) -> pl.Series:
        key = (table, manifest.ingest_id)
        if key not in self._keys:
            folder = self._ingests / manifest.source / manifest.ingest_id / table
            files = sorted(folder.glob("*.parquet"))
            rows = pl.read_parquet(files, columns=list(SAME[table])).select(SAME[table])
            self._keys[key] = rows.hash_rows()
        return self._keys[key]

    def _publish(self, made: Draft) -> Manifest:
        manifest = Manifest(
            ingest_id=made.ingest_id,
            source=made.source,
            file=made.file,
            sha256=made.sha256,
            options=made.options,
            rows_in=made.rows_in,
            rows_kept=made.rows_kept,
            rows_rejected=made.rows_rejected,
            reasons=dict(sorted(made.reasons.items())),
            tables=made.tables,
            known_from=min((first for first, _ in made.known.values()), default=None),
            known_to=max((last for _, last in made.known.values()), default=None),
            ingested_at=datetime.now(UTC).isoformat(timespec="seconds"),
            named=made.named,
            datasets=tuple(sorted(made.datasets)),
        )
        for table in {table for table, _ in made.keys}:
            parts = [pl.Series(keys) for (name, _), keys in made.keys.items() if name == table]
            self._keys[table, made.ingest_id] = pl.concat(parts)
        made.folder.mkdir(parents=True, exist_ok=True)
        (made.folder / "manifest.json").write_text(
            json.dumps(asdict(manifest), ensure_ascii=False, indent=1), "utf-8"
        )
        for path in made.folder.rglob("*"):
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        target = self._ingests / made.source / made.ingest_id
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            made.folder.rename(target)
        except OSError:
            shutil.rmtree(made.folder)
            if not (target / "manifest.json").exists():
                raise
            # else the same file was committed by another process meanwhile
        return manifest

    def raw_files(self, table: str) -> list[Path]:
        """Return the Parquet files of a table as the sources gave it, in a stable order."""
        return sorted(self._ingests.glob(f"*/*/{table}/*.parquet"))

    def files(self, table: str) -> list[Path]:
        """Return the Parquet files of a table, units identified (see `data.identity`)."""
        return identity.files(self, table)

    def raw_scan(self, table: str) -> pl.LazyFrame:
        """Return the facts of a table as the sources gave them; empty if there are none."""
        return _scan(self.raw_files(table), table)

    def scan(self, table: str) -> pl.LazyFrame:
        """Return the facts of a table, machine columns included; empty if there are none."""
        return _scan(self.files(table), table)

    def rejects(self, *, source: str | None = None, examples: int | None = None) -> pl.DataFrame:
        """Return rejected rows: source, file, source_row, column, value, reason, message.

        With `examples`, at most that many for each source and reason.
        """
        frames = [
            pl.scan_parquet(files).select(
                pl.lit(m.source).alias("source"), pl.lit(m.file).alias("file"), pl.all()
            )
            for m in self.manifests()
            if source in (None, m.source) and (files := self._reject_files(m))
        ]
        empty = empty_rejects().select(
            pl.lit(None, pl.String).alias("source"), pl.lit(None, pl.String).alias("file"), pl.all()
        )
        rows = pl.concat([empty.lazy(), *frames])
        if examples is not None:
            rows = rows.filter(pl.int_range(pl.len()).over("source", "reason") < examples)
        return rows.collect()

    def _reject_files(self, manifest: Manifest) -> list[Path]:
        folder = self._ingests / manifest.source / manifest.ingest_id / "rejects"
        return sorted(folder.glob("*.parquet"))

    def has_named(self) -> bool:
        """Tell whether some grants are known by the name of their beneficiary alone."""
        return next(self._ingests.glob("*/*/named/*.parquet"), None) is not None

    def named(self) -> pl.LazyFrame:
        """Return the grants whose beneficiary is known by name alone, as rows of `grants`."""
        files = sorted(self._ingests.glob("*/*/named/*.parquet"))
        return pl.scan_parquet(files) if files else TABLES["grants"].empty().lazy()

    def hash(self) -> str:
        """Return the hash of all that the lake holds (ids and sha256 of its ingests)."""
        content = [[m.source, m.ingest_id, m.sha256] for m in self.manifests()]
        return hashlib.sha256(json.dumps(sorted(content)).encode()).hexdigest()

    def sources(self) -> set[str]:
        """Return the names of the sources that have been ingested."""
        return {m.source for m in self.manifests()}


def _scan(files: Sequence[Path], table: str) -> pl.LazyFrame:
    if not files:
        return with_machine_columns(TABLES[table].empty()).lazy()
    return pl.scan_parquet(list(files))
