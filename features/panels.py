"""Panels on disk: what one was computed from, and how its rows are written.

A panel is a folder ``<home>/panels/<input hash>``: ``panel.parquet`` and ``manifest.json``. The
hash covers the lake, the catalogue, the days and the feature code's version, so that the same
inputs give the same folder; the engine and its options are not part of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.whole import whole_folder
from features.catalogue import catalogue_hash

FEATURES_VERSION = 2
#: rows of a row group, whatever the shards and the days were: same rows, same bytes
_ROW_GROUP = 100_000


@dataclass(frozen=True)
class PanelManifest:
    """What a panel was computed from."""

    panel: str
    rows: int
    indicators: int
    as_of: list[str]
    input_hash: str
    engine: str
    synthetic: bool
    known_to: str | None


def input_hash(lake_hash: str, days: Sequence[date], only: Collection[str] | None = None) -> str:
    """Return the hash of everything that can change a panel."""
    content = [
        *(FEATURES_VERSION, lake_hash, catalogue_hash(), [d.isoformat() for d in days]),
        *([] if only is None else [sorted(only)]),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _write_rows(pieces: Iterable[pl.DataFrame], path: Path) -> int:
    """Write pieces end to end into one Parquet file and return its rows.

    Only one row group is held in memory.
    """
    writer: pq.ParquetWriter | None = None
    rows, left = 0, pl.DataFrame()
    for piece in pieces:
        left = piece if left.is_empty() else pl.concat([left, piece])
        whole = left.height - left.height % _ROW_GROUP
        if writer is None:
            writer = _writer(path, left)
        if whole:
            writer.write_table(_arrow(left.head(whole)), row_group_size=_ROW_GROUP)
            rows, left = rows + whole, left.slice(whole)
    if writer is not None:
        if left.height:
            writer.write_table(_arrow(left), row_group_size=_ROW_GROUP)
        writer.close()
    return rows + left.height


def _writer(path: Path, rows: pl.DataFrame) -> pq.ParquetWriter:
    # A dictionary of numbers that are nearly all different costs and saves nothing.
    repeated = [name for name, kind in rows.schema.items() if kind in {pl.String, pl.Date}]
    return pq.ParquetWriter(
        path,
        _arrow(rows).schema,
        compression="zstd",
        use_dictionary=[name for name in repeated if name != "structure_id"],
    )


def _arrow(rows: pl.DataFrame) -> pa.Table:
    # Plain strings: the views of Polars would be written with their own type.
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest())


def write_panel(
    folder: Path, pieces: Iterable[pl.DataFrame], manifest: PanelManifest
) -> PanelManifest:
    """Write a panel, visible once whole; return its manifest, the number of rows set."""
    with whole_folder(folder) as pending:
        rows = _write_rows(pieces, pending / "panel.parquet")
        made = replace(manifest, rows=rows)
        (pending / "manifest.json").write_text(json.dumps(asdict(made), indent=1), "utf-8")
    return made


def read_manifest(folder: Path) -> PanelManifest | None:
    """Return the manifest of a panel folder, or None."""
    path = folder / "manifest.json"
    return PanelManifest(**json.loads(path.read_text("utf-8"))) if path.exists() else None
