"""Records of a piece of a large separated text, as the rows that `tabular` would make of them.

Where quotes are opened, closed and doubled as they should be, Polars and the csv module agree: the
piece is read by Polars. Elsewhere it is read line by line, by the same function as small files.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.sources.grids import MAX_FIELD_LINES, MAX_INNER_SEPARATORS, split
from data.sources.tabular import column_name, frame_of, texts, unwrapped

_LF, _QUOTE = 10, 34
#: a record cut by the end of a piece is only known for what it is with the lines that follow
_LOOK_AHEAD = MAX_FIELD_LINES + 2


@dataclass(frozen=True)
class Layout:
    """How the lines of a text are cut, and the positions of the columns to read."""

    separator: str
    header: tuple[str, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True)
class Chunk:
    """The records read at the start of a piece.

    `frame` has `source_row`, `fields` (kept columns that the line reaches, and those
    beyond the header) and one text column a
    kept column; `ragged` is that of `tabular.Table`; `size` and `lines` say how much of the piece
    was read; `skipped` counts repeated headers.
    """

    frame: pl.DataFrame
    ragged: dict[int, list[str]]
    size: int
    lines: int
    skipped: int


@dataclass(frozen=True)
class _Records:
    """Records whose quotes are regular: where they end, where they start, what they need."""

    size: int
    lines: int
    #: line of each record, from 0
    starts: NDArray[np.int64]
    #: fields of each record; None where all are as many as the header
    fields: NDArray[np.int64] | None
    quoted: bool
    blanks: bool


def read_chunk(raw: bytes, line: int, layout: Layout, *, final: bool) -> Chunk | None:
    """Read the whole records of `raw`, whose first line is number `line`.

    Parameters
    ----------
    raw : bytes
        Whole lines, UTF-8, LF ends, from the beginning of a record.
    line : int
        Number of its first line.
    layout : Layout
        Separator and columns.
    final : bool
        Nothing follows `raw`.

    Returns
    -------
    Chunk or None
        None: no record can be read without the lines that follow.
    """
    records = _regular(raw, layout, final=final)
    if records is not None:
        frame = _by_polars(raw[: records.size], records, layout)
        if frame is not None:
            frame = frame.with_columns(pl.col("source_row") + line)
            shown = _without_headers(frame, layout)
            return Chunk(
                shown.select("source_row", "fields", *_names(layout.kept)),
                {},
                records.size,
                records.lines,
                frame.height - shown.height,
            )
    return _by_lines(raw, line, layout, final=final)


# --- By Polars --------------------------------------------------------------------------------


def _regular(raw: bytes, layout: Layout, *, final: bool) -> _Records | None:
    """Measure the records, None where Polars could not be trusted with them."""
    width, separator = len(layout.header), ord(layout.separator)
    text = np.frombuffer(raw, np.uint8)
    # As signed numbers, the bytes of letters beyond ASCII are negative.
    low = np.flatnonzero(text.view(np.int8) <= ord(" "))
    is_end = text[low] == _LF
    ends, blanks = low[is_end], low[~is_end]
    closed, last, cuts, quoted = ends, np.arange(ends.size), text == separator, b'"' in raw
    if quoted:
        quotes = np.flatnonzero(text == _QUOTE)
        runs = np.diff(quotes, prepend=0, append=text.size)
        inside = np.repeat(np.arange(runs.size) % 2 == 1, runs)
        outside = ~inside[ends]
        if not outside.any() or (final and not outside[-1]):
            return None
        closed, last = ends[outside], np.flatnonzero(outside)
        blanks = np.concatenate([blanks, ends[~outside]])
        text = text[: closed[-1] + 1]
        quotes = quotes[: np.searchsorted(quotes, text.size)]
        cuts = cuts[: text.size] & ~inside[: text.size]
        # The byte before position 0 is read as the last one, a line end.
        sides = np.concatenate([text[quotes[::2] - 1], text[quotes[1::2] + 1]])
        if not np.isin(sides, (separator, _LF, _QUOTE)).all():
            return None
    if width < 2 or not closed.size:
        return None
    starts = np.concatenate([[0], last[:-1] + 1])
    if quoted and _runaway(raw, starts, last, ends, layout.separator):
        return None
    fields = _fields(np.flatnonzero(cuts), closed, width)
    if fields is not None and fields.max() > width:
        return None
    return _Records(
        size=text.size,
        lines=int(last[-1] + 1),
        starts=starts,
        fields=fields,
        quoted=quoted,
        blanks=_at_edges(text, blanks[blanks < text.size], separator),
    )


def _at_edges(text: NDArray[np.uint8], blanks: NDArray[np.int64], separator: int) -> bool:
    """Tell whether a cell may start or end with a blank (or with a letter beyond ASCII)."""
    blanks = blanks[text[blanks] != separator]
    if not blanks.size:
        return False
    sides = np.concatenate([text[blanks - 1], text[blanks + 1]])
    return bool(np.isin(sides, (separator, _LF, _QUOTE)).any())


def _runaway(
    raw: bytes,
    starts: NDArray[np.int64],
    last: NDArray[np.int64],
    ends: NDArray[np.int64],
    separator: str,
) -> bool:
    """Tell whether a record of several lines is one that `grids.split` would not take whole."""
    cut = separator.encode()
    for at in np.flatnonzero(last > starts + 1):
        first, end = int(starts[at]), int(last[at])
        if end - first >= MAX_FIELD_LINES:
            return True
        inner = raw[int(ends[first]) + 1 : int(ends[end - 1])].split(b"\n")
        if max(part.count(cut) for part in inner) > MAX_INNER_SEPARATORS:
            return True
    return False


def _fields(
    separators: NDArray[np.int64], closed: NDArray[np.int64], width: int
) -> NDArray[np.int64] | None:
    """Return the number of fields of each record, None where it is `width` for all."""
    if separators.size == closed.size * (width - 1):
        grid = separators.reshape(closed.size, width - 1)
        if (grid[:, -1] < closed).all() and (grid[1:, 0] > closed[:-1]).all():
            return None
    counts = np.diff(np.searchsorted(separators, closed), prepend=0)
    blank = closed == np.concatenate([[0], closed[:-1] + 1])
    return np.where(blank, 0, counts + 1)


def _by_polars(raw: bytes, records: _Records, layout: Layout) -> pl.DataFrame | None:
    """Read regular records; None where Polars sees others."""
    names = _names(range(len(layout.header)))
    try:
        frame = pl.read_csv(
            io.BytesIO(layout.separator.join(names).encode() + b"\n" + raw),
            separator=layout.separator,
            columns=_names(sorted({0, _lead(layout), *layout.kept})),
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if frame.height != records.starts.size:
        return None
    if records.quoted:
        within = frame["c0"].str.count_matches(layout.separator, literal=True)
        if (within >= len(layout.header) // 2).any():
            return None
    if records.blanks:
        frame = texts(frame)
    elif records.quoted:
        frame = frame.with_columns(
            pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)).name.keep()
        )
    fields = (
        pl.lit(len(layout.kept), pl.Int64)
        if records.fields is None
        else pl.Series(np.searchsorted(layout.kept, records.fields))
    )
    return frame.with_columns(
        pl.Series("source_row", records.starts, pl.Int64), fields.alias("fields")
    )


def _without_headers(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Leave out the lines that repeat the header."""
    lead = _lead(layout)
    again = pl.col(f"c{lead}") == layout.header[lead]
    if not frame.select(again.any()).item():
        return frame
    columns = [pl.col(f"c{at}") == layout.header[at] for at in layout.kept if layout.header[at]]
    return frame.filter(~pl.all_horizontal(again, *columns).fill_null(value=False))


def _lead(layout: Layout) -> int:
    return next(at for at, name in enumerate(layout.header) if name)


def _names(positions: range | list[int] | tuple[int, ...]) -> list[str]:
    return [f"c{at}" for at in positions]


# --- Line by line -----------------------------------------------------------------------------


def _by_lines(raw: bytes, line: int, layout: Layout, *, final: bool) -> Chunk | None:
    lines = [part + "\n" for part in raw.decode().removesuffix("\n").split("\n")]
    limit = len(lines) if final else len(lines) - _LOOK_AHEAD
    if limit <= 0:
        return None
    width, used, rows = len(layout.header), len(lines), []
    for number, row in split(lines, layout.separator):
        if number > limit:
            used = number - 1
            break
        rows.append((line + number - 1, unwrapped(row, layout.separator, width)))
    header = list(layout.header)
    kept = [
        (number, row)
        for number, row in rows
        if not row or [column_name(cell) for cell in row[:width]] != header
    ]
    reached = [
        int(np.searchsorted(layout.kept, len(row))) + max(len(row) - width, 0) for _, row in kept
    ]
    return Chunk(
        frame_of(kept, width).select(
            "source_row", pl.Series("fields", reached, pl.Int64), *_names(layout.kept)
        ),
        {number: row for number, row in kept if len(row) > width},
        len("".join(lines[:used]).encode()),
        used,
        len(rows) - len(kept),
    )
