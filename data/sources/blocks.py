"""Read a separated text larger than memory, block by block, as the tables of `tabular`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import polars as pl

from data.sources.chunks import Chunk, Layout, read_chunk
from data.sources.grids import Score, delimited, is_binary
from data.sources.lines import whole_lines
from data.sources.tabular import Table, open_tables, table_of, unrecognised
from data.sources.text import decode

#: a text beyond this is read block by block; a smaller file, or another format, whole
LARGE_BYTES = 8_000_000
BLOCK_BYTES = 32_000_000
#: what is cut into records at once: small enough to stay in the processor's caches
CHUNK_BYTES = 4_000_000
_HEAD_BYTES = 1_000_000

_Item = TypeVar("_Item")


def open_blocks(
    path: Path,
    score: Score,
    *,
    expected: str,
    keep: Callable[[str], bool] | None = None,
    large: int = LARGE_BYTES,
    block: int = BLOCK_BYTES,
    chunk: int = CHUNK_BYTES,
) -> Iterator[Table]:
    """Yield the best table of a file: whole where the file is small, else in blocks of lines.

    Every block has the same `header` and continues the `source_row` of the one before. The rows
    are those of `open_tables`, with two reserves: a last column without a name and empty in the
    first lines is left out even where later lines fill it (these are then `ragged`), and a text of
    several encodings is decoded block by block.

    Parameters
    ----------
    path, score, expected
        As `open_tables`.
    keep : callable, optional
        Tells by its name whether a column is to be read. Without the others, which cost as much,
        `header` and `frame` are those of a file that would only have these columns, and `fields`
        counts them alone.
    large, block, chunk : int
        Sizes in bytes.

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
        yield kept(open_tables(path, score, expected=expected)[0], keep)
        return
    end = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    text, encoding = decode(head[:end] if len(head) == _HEAD_BYTES and end else head)
    grid = delimited(text.replace("\x00", ""), encoding, score)
    found = table_of(grid, score)
    if found is None:
        raise unrecognised(path, [grid], expected)
    table = kept(found, keep)
    layout = Layout(found.separator, tuple(found.header), _positions(found, keep))
    first = int(found.frame["source_row"][0]) if found.frame.height else len(grid.rows) + 1
    with path.open("rb") as stream:
        yield from _tables(_chunks(stream, layout, first, encoding, chunk), table, block)


def kept(table: Table, keep: Callable[[str], bool] | None) -> Table:
    """Return the table with the columns whose name `keep` accepts, all without it."""
    if keep is None:
        return table
    positions = _positions(table, keep)
    beyond = (pl.col("fields") - len(table.header)).clip(0)
    fields = sum((pl.col("fields") > at for at in positions), beyond)
    frame = table.frame.select(
        "source_row",
        fields.cast(pl.Int64).alias("fields"),
        *(pl.col(f"c{at}").alias(f"c{place}") for place, at in enumerate(positions)),
    )
    return replace(table, header=[table.header[at] for at in positions], frame=frame)


def _positions(table: Table, keep: Callable[[str], bool] | None) -> tuple[int, ...]:
    return tuple(at for at, name in enumerate(table.header) if keep is None or keep(name))


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _is_text(head: bytes) -> bool:
    binary = head.startswith(
        (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\xff\xfe", b"\xfe\xff")
    )
    return (
        not binary
        and not is_binary(head)
        and head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in {b"{", b"["}
    )


def _chunks(
    stream: io.BufferedReader, layout: Layout, first: int, encoding: str, size: int
) -> Iterator[Chunk]:
    """Yield the records of a text from line `first` on."""
    raw, line = b"", 1
    for more, final in _telling_last(whole_lines(stream, encoding, size)):
        raw += more
        while line < first and raw:
            raw, line = raw[raw.index(b"\n") + 1 :], line + 1
        while raw and (read := read_chunk(raw, line, layout, final=final)):
            yield read
            raw, line = raw[read.size :], line + read.lines


def _telling_last(items: Iterable[_Item]) -> Iterator[tuple[_Item, bool]]:
    """Yield each item, and whether it is the last."""
    rest = iter(items)
    for held in rest:
        current = held
        for following in rest:
            yield current, False
            current = following
        yield current, True


def _tables(chunks: Iterator[Chunk], table: Table, block: int) -> Iterator[Table]:
    """Put chunks together up to `block` bytes of text; one empty table where there is none."""
    held: list[Chunk] = []
    some = False
    for read, final in _telling_last(chunks):
        held.append(read)
        if final or sum(one.size for one in held) >= block:
            yield _table(held, table)
            held, some = [], True
    if not some:
        yield replace(table, frame=table.frame.clear(), ragged={})


def _table(held: list[Chunk], table: Table) -> Table:
    return replace(
        table,
        frame=pl.concat(one.frame for one in held).rename(
            dict(zip(held[0].frame.columns[2:], table.frame.columns[2:], strict=True))
        ),
        ragged={line: row for one in held for line, row in one.ragged.items()},
        titles=[],
        skipped=sum(one.skipped for one in held),
    )
