"""Open any published table (csv, tsv, xlsx, xls, ods, json) as text cells with line numbers.

Nothing is converted: cells are texts as published, so that the reading of numbers, dates and
identifiers is decided in one place and a rejected value can be shown as it was.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from data.sources.base import SourceError
from data.sources.grids import HEADER_WITHIN, Grid, Score, read_grids
from data.sources.text import mend


@dataclass(frozen=True)
class Table:
    """A table found in a file.

    `frame` has `source_row` (Int64), `fields` (Int64, fields present on the line) and one text
    column "c0", "c1"… a header name (stripped cells, null when empty); `ragged` holds, by
    `source_row`, the cells of the lines with more fields than the header; `titles` are the lines
    above the header; `skipped` counts headers repeated inside the data.
    """

    name: str
    header: list[str]
    frame: pl.DataFrame
    ragged: dict[int, list[str]]
    titles: list[str]
    separator: str
    encoding: str
    skipped: int = 0


def open_tables(path: Path, score: Score, *, expected: str) -> list[Table]:
    """Return the tables of the file whose header `score` recognises, best header first.

    Parameters
    ----------
    path : pathlib.Path
        The published file; its content tells its format, whatever its name.
    score : callable
        Number of names recognised in a list of cells; 0 when it cannot be a header.
    expected : str
        What the error says when no header is recognised (French).

    Raises
    ------
    SourceError
        The file is absent, empty, not a table, or holds no recognised header.
    """
    grids = read_grids(path, score)
    tables = [table for grid in grids if (table := table_of(grid, score)) is not None]
    if not tables:
        raise unrecognised(path, grids, expected)
    return sorted(tables, key=lambda table: -score(table.header))


def unrecognised(path: Path, grids: Sequence[Grid], expected: str) -> SourceError:
    """Return the error of a file in which no header is recognised: its first line is shown."""
    seen = next((row for grid in grids for row in grid.rows if any(row)), [])
    return SourceError(
        f"Le fichier « {path.name} » n'a pas été reconnu : {expected}",
        code="source-header",
        where=str(path),
        received=" | ".join(cell for cell in seen[:12] if cell)[:300] or "aucune ligne",
        expected="un tableau dont une des 40 premières lignes porte le nom des colonnes",
        todo="vérifiez que le fichier est bien le bon, ou renommez ses colonnes",
    )


def table_of(grid: Grid, score: Score) -> Table | None:
    """Find the header of a grid and build its table; None when there is none."""
    top = [[column_name(cell) for cell in row] for row in grid.rows[:HEADER_WITHIN]]
    scores = [score(row) for row in top]
    depth = 1
    if not any(scores):
        # Two lines of header: the name is in the second one, or in the first where that is empty.
        top = [
            [low or high for low, high in zip(below, _spread(above, len(below)), strict=True)]
            for above, below in pairwise(top)
        ]
        scores = [score(row) for row in top]
        depth = 2
    if not any(scores):
        return None
    at = scores.index(max(scores))
    header = top[at]
    body, lines = grid.rows[at + depth :], grid.lines[at + depth :]
    while (
        header
        and not header[-1]
        and all(not "".join(row[len(header) - 1 :]).strip() for row in body)
    ):
        header = header[:-1]
    if grid.separator:
        body = [unwrapped(row, grid.separator, len(header)) for row in body]
    if grid.separator == "," and header[-1].endswith(";"):
        # Lines exported twice: a trail of empty semicolon fields ends each of them.
        header = [*header[:-1], header[-1].rstrip(";")]
        body = [[*row[:-1], row[-1].rstrip(";")] if row else row for row in body]
    lead = next(place for place, name in enumerate(header) if name)
    spelt = {grid.rows[at][lead] if lead < len(grid.rows[at]) else "", header[lead]}
    again = [
        len(row) > lead
        and row[lead] in spelt
        and [column_name(cell) for cell in row[: len(header)]] == header
        for row in body
    ]
    kept = [(line, row) for line, row, repeat in zip(lines, body, again, strict=True) if not repeat]
    return Table(
        name=grid.name,
        header=header,
        frame=frame_of(kept, len(header)),
        ragged={line: row for line, row in kept if grid.separator and len(row) > len(header)},
        titles=[" ".join(filter(None, row)) for row in top[:at] if any(row)],
        separator=grid.separator,
        encoding=grid.encoding,
        skipped=sum(again),
    )


def unwrapped(row: list[str], separator: str, width: int) -> list[str]:
    """Split a line put whole (or for its first part) between quotes by a spreadsheet."""
    if not row or row[0].count(separator) < width // 2:
        return row
    line = separator.join(row).replace("\n", " ")
    return next(csv.reader([line], delimiter=separator))


def column_name(cell: str) -> str:
    """Return a name as a header gives it: mended, its spaces single."""
    return " ".join(mend(cell.replace("\ufeff", "")).split())


def _spread(row: list[str], width: int) -> list[str]:
    return (row + [""] * width)[:width]


def frame_of(rows: list[tuple[int, list[str]]], width: int) -> pl.DataFrame:
    """Return `source_row`, `fields` and `width` text columns from numbered rows of cells."""
    columns = [
        pl.Series(f"c{at}", [row[at] if at < len(row) else "" for _, row in rows], dtype=pl.String)
        for at in range(width)
    ]
    frame = pl.DataFrame(
        [
            pl.Series("source_row", [line for line, _ in rows], dtype=pl.Int64),
            pl.Series("fields", [len(row) for _, row in rows], dtype=pl.Int64),
            *columns,
        ]
    )
    return texts(frame)


def texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with its texts stripped, null where empty."""
    text = pl.col(pl.String).str.strip_chars()
    return frame.with_columns(pl.when(text != "").then(text).name.keep())
