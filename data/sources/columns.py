"""The columns of use of a large published table, under our names, piece by piece."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.sources.openings import open_pieces
from data.sources.sample import Sample
from data.sources.spellings import Spellings, named, places, scorer
from data.sources.text import fold


@dataclass(frozen=True)
class Piece:
    """Rows of a table.

    `frame` has `source_row` (Int64), a text column for each of our names, `empty` and `miscut`
    (Boolean: a line without cells, with more or fewer fields than its header); `spelled` is how
    the file names the columns that it has.
    """

    frame: pl.DataFrame
    spelled: dict[str, str]

    def at_fault(self, reasons: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Return what `judged.rejects_of` asks for, from reason -> our name."""
        return {
            reason: (self.spelled[name], name)
            for reason, name in reasons.items()
            if name in self.spelled
        }


def pieces(
    path: Path, columns: Spellings, *, required: Collection[str], expected: str
) -> Iterator[Piece]:
    """Yield the rows of a table that has at least the columns `required`; the others are optional.

    Raises
    ------
    SourceError
        As `openings.open_pieces`.
    """
    read = {fold(spelled) for spellings in columns.values() for spelled in spellings}
    score = scorer(columns, required)
    for table in open_pieces(path, score, expected=expected, keep=lambda name: fold(name) in read):
        at = places(table.header, columns)
        yield Piece(
            named(table, at, columns).select("source_row", *columns, "empty", "miscut"),
            {name: table.header[place] for name, place in at.items()},
        )


def has_all(sample: Sample, columns: Spellings, required: Collection[str]) -> bool:
    """Tell whether one of the first rows of a sample names all the columns `required`."""
    wanted = [{fold(spelled) for spelled in columns[name]} for name in required]
    return any(all(names & cells for names in wanted) for _, cells in sample.rows)
