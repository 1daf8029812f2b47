"""Reading of small files written by a test: exact account first, then what is told."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from data.contracts import conform
from data.sources.base import Parsed, ReadOptions, merged

OPTIONS = ReadOptions()


def checked(parsed: Parsed) -> Parsed:
    """Return a reading whose tables keep their contract and which accounts for each row once."""
    kept: set[int] = set()
    for name, frame in parsed.tables.items():
        kept |= set(conform(frame, name)["source_row"])
    refused = parsed.rejects["source_row"].to_list()
    assert not kept & set(refused)
    assert len(kept) + len(refused) == parsed.rows_in
    return parsed


def reading(module: ModuleType, path: Path, options: ReadOptions = OPTIONS) -> Parsed:
    """Read a file by a connector; whole and in pieces are the same."""
    parsed = checked(module.read(path, options))
    if hasattr(module, "parts"):
        pieces = merged(module.parts(path, options))
        assert pieces.rejects.equals(parsed.rejects)
        assert all(pieces.tables[name].equals(frame) for name, frame in parsed.tables.items())
    return parsed


def lines(
    module: ModuleType, folder: Path, header: str, *rows: str, options: ReadOptions = OPTIONS
) -> Parsed:
    """Read a CSV made of a header and rows; row 2 is the first."""
    path = folder / "fichier.csv"
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return reading(module, path, options)


def said(parsed: Parsed, *columns: str) -> list[tuple[object, ...]]:
    """Return columns of the only table read, after the row of each fact, in order of row."""
    (frame,) = parsed.tables.values()
    return frame.sort("source_row", maintain_order=True).select("source_row", *columns).rows()


def refused(parsed: Parsed) -> list[tuple[object, ...]]:
    """Return (row, column, value, reason) of each reject, in order of row."""
    return (
        parsed.rejects.sort("source_row").select("source_row", "column", "value", "reason").rows()
    )


def reasons(parsed: Parsed) -> dict[int, str]:
    """Return row -> reason of the rejects."""
    return dict(parsed.rejects.select("source_row", "reason").iter_rows())
