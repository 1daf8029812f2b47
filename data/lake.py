"""The lake: every ingest is one immutable folder, committed by one atomic rename.

Layout under ``<home>/lake``::

    ingests/<source>/<ingest_id>/<table>/part-0.parquet   facts, sorted by structure
                                 rejects.parquet          rows not kept, with their reason
                                 manifest.json            what went in and out

The id hashes the source, the file's sha256 and the options that can change the result, so that
ingesting the same file twice changes nothing. Readers see only folders that were renamed into
place, hence whole ones: a killed ingest leaves a folder in ``pending/`` that nobody reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from data.contracts import TABLES, conform
from data.errors import VeilleError
from data.rejects import REJECTS, empty_rejects, reject
from data.schema import EUR
from data.sources.base import Parsed, ReadOptions

#: part of the ingest id: raise it when the canonical tables change meaning
LAKE_VERSION = 2
_ROW_GROUP = 128_000


class LakeError(VeilleError):
    """The lake refuses an ingest or cannot be read."""


@dataclass(frozen=True)
class Manifest:
    """What one ingest took in and gave out."""

    ingest_id: str
    source: str
    file: str
    sha256: str
    options: dict[str, str]
    rows_in: int
    rows_kept: int
    rows_rejected: int
    reasons: dict[str, int]
    tables: dict[str, int]
    known_from: str | None
    known_to: str | None
    ingested_at: str
    lake_version: int = LAKE_VERSION

    def summary(self) -> dict[str, object]:
        """Return the stable keys of ``veille ingest --json``."""
        return {
            "file": self.file,
            "source": self.source,
            "rows_in": self.rows_in,
            "rows_kept": self.rows_kept,
            "rows_rejected": self.rows_rejected,
            "reasons": self.reasons,
        }


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _options(options: ReadOptions) -> dict[str, str]:
    known = {"known_on": options.known_on.isoformat()} if options.known_on else {}
    return {**known, **options.extra}


def ingest_id(source: str, sha256: str, options: ReadOptions) -> str:
    """Return the id of an ingest: same source, bytes and options give the same id."""
    content = json.dumps([LAKE_VERSION, source, sha256, sorted(_options(options).items())])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def with_machine_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `X_day` (days since 1970-01-01) for each date `X_on` and `X_cents` for each `X_eur`.

    Integers are what every engine computes alike (DuckDB, Polars, Spark).
    """
    days = [
        pl.col(name).cast(pl.Int32).alias(f"{name.removesuffix('_on')}_day")
        for name, dtype in frame.schema.items()
        if dtype == pl.Date
    ]
    cents = [
        (pl.col(name) * 100).cast(pl.Int64).alias(f"{name.removesuffix('_eur')}_cents")
        for name, dtype in frame.schema.items()
        if dtype == EUR
    ]
    return frame.with_columns(*days, *cents)


class Lake:
    """The facts under one home folder."""

    def __init__(self, home: Path) -> None:
        self.root = home / "lake"
        self._ingests = self.root / "ingests"

    def manifest(self, source: str, identifier: str) -> Manifest | None:
        """Return the manifest of one ingest, or None."""
        path = self._ingests / source / identifier / "manifest.json"
        return Manifest(**json.loads(path.read_text("utf-8"))) if path.exists() else None

    def manifests(self) -> list[Manifest]:
        """Return every ingest, in order of source, file and id."""
        found = [
            Manifest(**json.loads(path.read_text("utf-8")))
            for path in self._ingests.glob("*/*/manifest.json")
        ]
        return sorted(found, key=lambda m: (m.source, m.file, m.ingest_id))

    def find(self, source: str, file: Path, options: ReadOptions) -> Manifest | None:
        """Return the manifest of `file` if these bytes were ingested with these options."""
        return self.manifest(source, ingest_id(source, sha256_of(file), options))

    def commit(self, parsed: Parsed, *, source: str, file: Path, options: ReadOptions) -> Manifest:
        """Write one reading of `file` and return its manifest; nothing is visible before the end.

        Facts already brought by another file of the same list are rejected as duplicates, so
        that two exports that overlap are never added up.

        Raises
        ------
        LakeError
            The reading does not account for every row exactly once.
        data.contracts.ContractError
            A table breaks its contract.
        """
        sha = sha256_of(file)
        identifier = ingest_id(source, sha, options)
        done = self.manifest(source, identifier)
        if done is not None:
            return done
        tables = {
            name: conform(frame, name) for name, frame in parsed.tables.items() if frame.height
        }
        tables, repeated = self._without_known(tables)
        rejects = pl.concat([parsed.rejects.select(list(REJECTS)).cast(REJECTS), repeated])
        kept, rejected = _account(parsed.rows_in, tables, rejects, file)
        known = sorted(
            str(day)
            for frame in tables.values()
            if frame.height
            for day in (frame["known_on"].min(), frame["known_on"].max())
        )
        manifest = Manifest(
            ingest_id=identifier,
            source=source,
            file=file.name,
            sha256=sha,
            options=_options(options),
            rows_in=parsed.rows_in,
            rows_kept=kept,
            rows_rejected=rejected,
            reasons=_reasons(rejects),
            tables={name: frame.height for name, frame in tables.items()},
            known_from=known[0] if known else None,
            known_to=known[-1] if known else None,
            ingested_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._write(manifest, tables, rejects)
        return manifest

    def _without_known(
        self, tables: dict[str, pl.DataFrame]
    ) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
        grants = tables.get("grants")
        repeated = pl.DataFrame(schema=REJECTS)
        if grants is None:
            return tables, repeated
        # One list may come twice: by its own connector and inside the national harvest.
        key = ["siren", "rna", "funder_id", "programme", "amount_eur", "fiscal_year", "stage"]
        same = ["dataset", *key]
        earlier = self.scan("grants").select(same)
        lines = grants.lazy().select(same).unique()
        rank = pl.int_range(pl.len()).over(same).alias("_rank")
        known = (
            earlier.join(lines, on=same, how="semi", nulls_equal=True).with_columns(rank).collect()
        )
        if known.is_empty():
            return tables, repeated
        numbered = grants.with_columns(rank)
        on = [*same, "_rank"]
        again = numbered.join(known, on=on, how="semi", nulls_equal=True)
        fresh = numbered.join(known, on=on, how="anti", nulls_equal=True).drop("_rank")
        return {**tables, "grants": fresh}, reject(again, "duplicate_line", column="dataset")

    def _write(
        self, manifest: Manifest, tables: dict[str, pl.DataFrame], rejects: pl.DataFrame
    ) -> None:
        pending = self.root / "pending" / f"{manifest.ingest_id}-{uuid.uuid4().hex[:8]}"
        for name, frame in tables.items():
            folder = pending / name
            folder.mkdir(parents=True)
            key = "siren" if "siren" in frame.columns else frame.columns[0]
            with_machine_columns(frame.sort(key, "source_row", maintain_order=True)).write_parquet(
                folder / "part-0.parquet", compression="zstd", row_group_size=_ROW_GROUP
            )
        pending.mkdir(parents=True, exist_ok=True)
        rejects.write_parquet(pending / "rejects.parquet", compression="zstd")
        (pending / "manifest.json").write_text(
            json.dumps(asdict(manifest), ensure_ascii=False, indent=1), "utf-8"
        )
        for path in pending.rglob("*"):
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        target = self._ingests / manifest.source / manifest.ingest_id
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            pending.rename(target)
        except OSError:
            shutil.rmtree(pending)
            if not (target / "manifest.json").exists():
                raise
            # else the same file was committed by another process meanwhile

    def files(self, table: str) -> list[Path]:
        """Return the Parquet files of a table, in a stable order."""
        return sorted(self._ingests.glob(f"*/*/{table}/*.parquet"))

    def scan(self, table: str) -> pl.LazyFrame:
        """Return the facts of a table, machine columns included; empty if there are none."""
        files = self.files(table)
        if not files:
            return with_machine_columns(TABLES[table].empty()).lazy()
        return pl.scan_parquet(files)

    def rejects(self) -> pl.DataFrame:
        """Return every rejected row: source, file, source_row, column, value, reason, message."""
        frames = [
            pl.read_parquet(self._ingests / m.source / m.ingest_id / "rejects.parquet").select(
                pl.lit(m.source).alias("source"), pl.lit(m.file).alias("file"), *REJECTS
            )
            for m in self.manifests()
        ]
        empty = empty_rejects().select(
            pl.lit(None, pl.String).alias("source"), pl.lit(None, pl.String).alias("file"), pl.all()
        )
        return pl.concat([empty, *frames])

    def hash(self) -> str:
        """Return the hash of all that the lake holds (ids and sha256 of its ingests)."""
        content = [[m.source, m.ingest_id, m.sha256] for m in self.manifests()]
        return hashlib.sha256(json.dumps(sorted(content)).encode()).hexdigest()

    def sources(self) -> set[str]:
        """Return the names of the sources that have been ingested."""
        return {m.source for m in self.manifests()}


def _reasons(rejects: pl.DataFrame) -> dict[str, int]:
    # A row rejected for several reasons counts once, under the first.
    counts = (
        rejects.unique("source_row", keep="first", maintain_order=True)
        .group_by("reason")
        .len()
        .sort("reason")
    )
    return dict(counts.iter_rows())


def _account(
    rows_in: int, tables: dict[str, pl.DataFrame], rejects: pl.DataFrame, file: Path
) -> tuple[int, int]:
    rows = [frame["source_row"] for frame in tables.values()]
    kept = pl.concat(rows).unique() if rows else pl.Series(dtype=pl.Int64)
    # A row that gave several facts, some of them repeated, is kept.
    rejected = rejects.filter(~pl.col("source_row").is_in(kept.implode()))["source_row"].unique()
    if kept.len() + rejected.len() != rows_in:
        raise LakeError(
            "La lecture ne rend pas compte de chaque ligne exactement une fois.",
            code="accounting",
            where=str(file),
            received=f"{rows_in} lignes lues, {kept.len()} gardées, {rejected.len()} rejetées",
            expected="lues = gardées + rejetées",
            todo="signaler ce fichier : le connecteur est en défaut, rien n'a été écrit",
        )
    return kept.len(), rejected.len()
