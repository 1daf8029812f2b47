"""An ingest being written: facts, rejects and counts of one file, in a folder nobody reads yet.

A file comes in pieces (one for a file that fits in memory): each is checked, accounted and written
before the next is read, so that memory is that of a piece.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.contracts import conform
from data.errors import VeilleError
from data.manifest import ingest_id, said, sha256_of
from data.rejects import REJECTS
from data.schema import EUR
from data.sources.base import Parsed, ReadOptions

ROW_GROUP = 128_000
#: table -> what makes two lines of one published list the same fact
SAME = {
    "grants": (
        *("dataset", "siren", "rna", "funder_id", "programme", "amount_eur", "fiscal_year"),
        "stage",
    ),
    "payments": ("source", "siren", "funder_id", "payment_id", "due_on", "paid_on", "amount_eur"),
}


class LakeError(VeilleError):
    """The lake refuses an ingest or cannot be read."""


@dataclass
class Draft:
    """An ingest written under `folder`, not yet visible.

    `known` holds the first and last day known of each part written; `keys`, for each part of a
    table of `SAME`, one 64-bit hash a line, in the order written.
    """

    ingest_id: str
    source: str
    file: str
    sha256: str
    options: dict[str, str]
    folder: Path
    rows_in: int = 0
    rows_kept: int = 0
    rows_rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    named: int = 0
    known: dict[str, tuple[str, str]] = field(default_factory=dict)
    datasets: set[str] = field(default_factory=set)
    keys: dict[tuple[str, int], NDArray[np.uint64]] = field(default_factory=dict)
    parts: int = 0
    last_row: int = 0

    def add(self, piece: Parsed) -> None:
        """Check, account and write one piece.

        Raises
        ------
        LakeError
            The piece does not account for every row exactly once, or goes back over rows.
        data.schema.ContractError
            A table breaks its contract.
        """
        tables = {
            name: conform(frame, name) for name, frame in piece.tables.items() if frame.height
        }
        rejects = piece.rejects.select(list(REJECTS)).cast(REJECTS)
        kept, refused = self._account(piece.rows_in, tables, rejects)
        self.rows_in += piece.rows_in
        self.rows_kept += kept
        self.rows_rejected += refused.height
        for reason, count in refused.group_by("reason").len().sort("reason").iter_rows():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        for name, frame in tables.items():
            self._write(name, frame)
        if rejects.height:
            write_part(rejects, self.folder / "rejects", self.parts)
        if piece.named is not None and piece.named.height:
            named = conform(piece.named, "grants", identified=False)
            self.named += named.height
            write_part(named, self.folder / "named", self.parts)
        self.parts += 1

    def _write(self, name: str, frame: pl.DataFrame) -> None:
        order = "siren" if "siren" in frame.columns else frame.columns[0]
        frame = frame.sort(order, "source_row", maintain_order=True)
        self.tables[name] = self.tables.get(name, 0) + frame.height
        self.known[f"{name}/{self.parts}"] = known_days(frame)
        if name == "grants":
            self.datasets |= set(frame["dataset"].unique())
        if name in SAME:
            self.keys[name, self.parts] = frame.select(SAME[name]).hash_rows().to_numpy()
        write_part(with_machine_columns(frame), self.folder / name, self.parts)

    def _account(
        self, rows_in: int, tables: dict[str, pl.DataFrame], rejects: pl.DataFrame
    ) -> tuple[int, pl.DataFrame]:
        """Return the number of rows kept, and one reject (the first) a row that is not."""
        rows = [frame["source_row"] for frame in tables.values()]
        kept = pl.concat(rows) if rows else pl.Series("source_row", [], dtype=pl.Int64)
        both = pl.concat([kept, rejects["source_row"]])
        if both.len() == rows_in == both.n_unique():
            refused = rejects
        else:
            # A row that gave several facts, some of them repeated, is kept.
            kept = kept.unique()
            refused = rejects.unique("source_row", keep="first", maintain_order=True).join(
                kept.to_frame("source_row"), on="source_row", how="anti"
            )
        seen = [series for series in (kept, refused["source_row"]) if series.len()]
        first = min((int(series.min()) for series in seen), default=self.last_row + 1)  # type: ignore[arg-type]
        if kept.len() + refused.height != rows_in or first <= self.last_row:
            raise LakeError(
                "La lecture ne rend pas compte de chaque ligne exactement une fois.",
                code="accounting",
                where=self.file,
                received=f"{rows_in} lignes lues, {kept.len()} gardées, {refused.height} rejetées",
                expected="lues = gardées + rejetées",
                todo="signaler ce fichier : le connecteur est en défaut, rien n'a été écrit",
            )
        self.last_row = max((int(series.max()) for series in seen), default=self.last_row)  # type: ignore[arg-type]
        return kept.len(), refused


def known_days(frame: pl.DataFrame) -> tuple[str, str]:
    """Return the first and the last day on which facts became known."""
    return str(frame["known_on"].min()), str(frame["known_on"].max())


def write_part(frame: pl.DataFrame, folder: Path, number: int) -> None:
    """Write one Parquet file of a folder that is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(
        folder / f"part-{number}.parquet",
        compression="zstd",
        compression_level=1,
        row_group_size=ROW_GROUP,
    )


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


def draft(
    pending: Path,
    pieces: Iterable[Parsed],
    *,
    source: str,
    file: Path,
    options: ReadOptions,
    name: str | None = None,
    sha256: str | None = None,
) -> Draft:
    """Write the pieces of one file under `pending`; nothing is left there when it fails.

    Parameters
    ----------
    pending : pathlib.Path
        Folder of the ingests being written.
    pieces : iterable of Parsed
        What the source reads, piece by piece.
    source, file, options
        What makes the id of the ingest.
    name : str, optional
        Name to show for the file, where it comes out of an archive.
    sha256 : str, optional
        That of the file, where it is known.

    Raises
    ------
    LakeError, data.schema.ContractError, data.sources.base.SourceError
        As `Draft.add`, and what the source raises.
    """
    sha = sha256 or sha256_of(file)
    identifier = ingest_id(source, sha, options)
    folder = pending / f"{identifier}-{uuid.uuid4().hex[:8]}"
    made = Draft(identifier, source, name or file.name, sha, said(options), folder)
    try:
        for piece in pieces:
            made.add(piece)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return made
