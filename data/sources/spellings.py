"""Columns of a published table, found by the names they go by."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache

import polars as pl

from data.sources.tabular import Table
from data.sources.text import fold

#: our name -> the spellings it goes by, the best first (case, accents, spaces, punctuation aside)
Spellings = Mapping[str, Sequence[str]]

_folded = lru_cache(maxsize=8192)(fold)


def places(header: Sequence[str], columns: Spellings) -> dict[str, int]:
    """Return our name -> place in the header, for the columns that are there."""
    at = {name: place for place, name in reversed(list(enumerate(map(_folded, header))))}
    found = {
        name: next((at[_folded(spelled)] for spelled in spellings if _folded(spelled) in at), None)
        for name, spellings in columns.items()
    }
    return {name: place for name, place in found.items() if place is not None}


def scorer(
    columns: Spellings, needed: Collection[str], *, either: Collection[str] = ()
) -> Callable[[Sequence[str]], int]:
    """Return what scores a header: its columns recognised, 0 unless it has all those needed.

    With `either`, at least one of these too.
    """

    def score(header: Sequence[str]) -> int:
        at = places(header, columns)
        known = at.keys() >= set(needed) and (not either or bool(at.keys() & set(either)))
        return len(at) if known else 0

    return score


def named(table: Table, at: Mapping[str, int], columns: Spellings) -> pl.DataFrame:
    """Return the frame of a table with our names beside its own.

    Returns
    -------
    polars.DataFrame
        What `Table.frame` holds, and one text column a name of `columns` (null where the table has
        none), `empty` (the line has no cell) and `miscut` (a text line with more or fewer fields
        than the header: its cells may not be where they seem).
    """
    cells = [f"c{place}" for place in range(len(table.header))]
    miscut = pl.col("source_row").is_in(list(table.ragged))
    if table.separator:
        miscut |= pl.col("fields") < len(cells)
    return table.frame.with_columns(
        *(
            (pl.col(f"c{at[name]}") if name in at else pl.lit(None, dtype=pl.String)).alias(name)
            for name in columns
        ),
        pl.all_horizontal(pl.col(cells).is_null()).alias("empty"),
        miscut.alias("miscut"),
    )


def cells_of(frame: pl.DataFrame) -> list[str]:
    """Return the names of the columns that hold the cells of the file."""
    return [name for name in frame.columns if re.fullmatch(r"c\d+", name)]
