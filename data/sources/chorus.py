"""Payments of the State to those it subsidises, as its accounting system Chorus exports them.

A payment is known on the day of the last operation on its request for payment, and never before
its exercise opens; without that day, on 31 December of its exercise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError, merged
from data.sources.blocks import BLOCK_BYTES, CHUNK_BYTES, LARGE_BYTES, open_blocks
from data.sources.chorus_facts import facts_of
from data.sources.chorus_lines import COLUMNS, NEEDED, judge, labels
from data.sources.grids import read_grids
from data.sources.rules import rejects_of
from data.sources.spellings import cells_of, named, places
from data.sources.tabular import Table, column_name, table_of
from data.sources.text import fold

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "chorus"
TITLE = "Paiements de l'État aux bénéficiaires de subventions (Chorus)"

_EXPECTED = (
    "un export Chorus a les colonnes « Code taxe 1 », « Domaine fonctionnel », « Montant payé » "
    "et « Date de dernière opération sur la DP »."
)
#: European funds that the State pays outside its own budget
_OUTSIDE_BUDGET = "fehbe"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def _score(header: Sequence[str]) -> int:
    at = places([column_name(cell) for cell in header], COLUMNS)
    return len(at) if at.keys() >= NEEDED else 0


def sniff(sample: Sample) -> int:
    """Tell whether a file is an export of Chorus: its columns are those of no other file."""
    rows = (row for grid in sample.grids for row in grid.rows)
    return CERTAIN if any(map(_score, rows)) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one export into `grants`, stage "paid".

    Parameters
    ----------
    path : pathlib.Path
        Workbook or separated text; every sheet that has the columns is read, summaries are not.
    options : ReadOptions
        `known_on`: day every payment counts as known.

    Returns
    -------
    Parsed
        `source_row` is the line of the sheet, the lines of a second sheet following those of the
        first. Funder "etat", programme "163"; payments outside the State's budget (FEHBE) have the
        European Union as funder and the fund as programme.

    Raises
    ------
    SourceError
        The file is not an export of Chorus, or one of its sheets of payments lost its columns.
    """
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read an export piece by piece: a sheet, or a block of lines where a text is large.

    Raises
    ------
    SourceError
        As `read`.
    """
    seen = pl.Series(dtype=pl.UInt64)
    for table in _tables(path):
        at = places(table.header, COLUMNS)
        lines = named(table, at, COLUMNS).with_columns(*labels(table.header))
        lines = lines.with_columns(
            pl.struct(cells_of(lines)).hash().alias("hash"),
            pl.lit(_OUTSIDE_BUDGET in fold(table.name or path.stem)).alias("outside_budget"),
        )
        judged = judge(lines, seen, itemised="item" in at)
        seen = pl.concat([seen, judged["hash"]]).unique()
        yield Parsed(
            rows_in=judged.height,
            tables={"grants": facts_of(judged.filter(pl.col("reason").is_null()), options)},
            rejects=rejects_of(judged, table.header, at),
        )


def _tables(path: Path) -> Iterator[Table]:
    if _large_text(path):
        yield from open_blocks(
            path,
            _score,
            expected=_EXPECTED,
            large=LARGE_BYTES,
            block=BLOCK_BYTES,
            chunk=CHUNK_BYTES,
        )
        return
    offset = 0
    for sheet in _sheets(path):
        yield replace(
            sheet.table,
            frame=sheet.table.frame.with_columns(pl.col("source_row") + offset),
            ragged={line + offset: row for line, row in sheet.table.ragged.items()},
        )
        offset += sheet.last


def _large_text(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            workbook = stream.read(4) in _WORKBOOKS
        return not workbook and path.stat().st_size > LARGE_BYTES
    except OSError:
        return False


@dataclass(frozen=True)
class _Sheet:
    """A sheet of payments and the number of its last line."""

    table: Table
    last: int


def _sheets(path: Path) -> list[_Sheet]:
    found = []
    for grid in read_grids(path, _score):
        table = table_of(grid, _score)
        if table is not None:
            found.append(_Sheet(table, max(grid.lines, default=0)))
        elif "extraction" in fold(grid.name) and any(any(row) for row in grid.rows):
            raise _unknown(path, f"la feuille « {grid.name} » n'a pas ces colonnes")
    if not found:
        raise _unknown(path, "aucune feuille n'a ces colonnes")
    return found


def _unknown(path: Path, received: str) -> SourceError:
    return SourceError(
        f"« {path.name} » n'est pas un export Chorus : {_EXPECTED}",
        code="source-header",
        where=str(path),
        received=received,
        expected=_EXPECTED,
        todo="exportez de nouveau le fichier, sans changer le nom de ses colonnes",
    )
