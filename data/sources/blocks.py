"""Read a separated text larger than memory, block by block, as the tables of `tabular`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from data.sources.base import SourceError
from data.sources.grids import Score, delimited, split
from data.sources.tabular import Table, frame_of, open_tables, table_of, texts
from data.sources.text import decode

#: a text beyond this is read block by block; a smaller file, or another format, whole
LARGE_BYTES = 64_000_000
BLOCK_BYTES = 32_000_000
_HEAD_BYTES = 1_000_000
#: a quoted field runs no further: beyond, the quote was never closed
_MAX_FIELD_BYTES = 65_536


def open_blocks(
    path: Path,
    score: Score,
    *,
    expected: str,
    large: int = LARGE_BYTES,
    block: int = BLOCK_BYTES,
) -> Iterator[Table]:
    """Yield the best table of a file: whole where the file is small, else in blocks of lines.

    Every block has the same `header` and continues the `source_row` of the one before. In a
    block, a line shorter than the header has nulls at its end and counts as full.

    Raises
    ------
    SourceError
        As `open_tables`.
    """
    try:
        small = path.stat().st_size <= large
    except OSError:
        small = True
    head = b"" if small else _head(path)
    if small or not _is_text(head):
        yield open_tables(path, score, expected=expected)[0]
        return
    text, encoding = decode(head[: head.rfind(b"\n") + 1])
    grid = delimited(text, encoding, score)
    found = table_of(grid, score)
    if found is None:
        raise SourceError(
            f"Le fichier « {path.name} » n'a pas été reconnu : {expected}",
            code="source-header",
            where=str(path),
            received=" | ".join(grid.rows[0][:12])[:300] if grid.rows else "aucune ligne",
            expected="un tableau dont une des 40 premières lignes porte le nom des colonnes",
            todo="vérifiez que le fichier est bien le bon, ou renommez ses colonnes",
        )
    first = int(found.frame["source_row"][0]) if found.frame.height else len(grid.rows) + 1
    with path.open("rb") as stream:
        for _ in range(first - 1):
            stream.readline()
        yield from _blocks(stream, found, first, block)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _is_text(head: bytes) -> bool:
    binary = head.startswith(
        (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\xff\xfe", b"\xfe\xff")
    )
    return not binary and head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in {b"{", b"["}


def _blocks(stream: io.BufferedReader, found: Table, first: int, block: int) -> Iterator[Table]:
    line = first
    while raw := stream.read(block):
        raw += stream.readline()
        # A line end inside a quoted field is no end: take the lines that close the quote.
        tail = b""
        while (raw.count(b'"') + tail.count(b'"')) % 2 and len(tail) < _MAX_FIELD_BYTES:
            more = stream.readline()
            if not more:
                break
            tail += more
        if (raw.count(b'"') + tail.count(b'"')) % 2 == 0:
            raw += tail
        else:
            stream.seek(-len(tail), io.SEEK_CUR)
        lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
        yield _block(raw, found, line, lines)
        line += lines


def _block(raw: bytes, found: Table, line: int, lines: int) -> Table:
    width = len(found.header)
    text = raw if _is_utf8(raw) else decode(raw)[0].encode()
    try:
        frame = pl.read_csv(
            io.BytesIO(text),
            has_header=False,
            separator=found.separator,
            schema={f"c{at}": pl.String for at in range(width)},
            encoding="utf8",
        )
    except pl.exceptions.PolarsError:
        frame = pl.DataFrame()
    if frame.height == lines:
        numbered = frame.select(
            pl.int_range(line, line + lines, dtype=pl.Int64).alias("source_row"),
            pl.lit(width, dtype=pl.Int64).alias("fields"),
            pl.all(),
        )
        return replace(found, frame=texts(numbered), ragged={}, titles=[])
    # Lines with too many fields, empty ones, or fields over several lines: one by one.
    plain = text.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    kept = [
        (line + at - 1, row)
        for at, row in split(
            [part + "\n" for part in plain.removesuffix("\n").split("\n")], found.separator
        )
    ]
    return replace(
        found,
        frame=frame_of(kept, width),
        ragged={at: row for at, row in kept if len(row) > width},
        titles=[],
    )


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
