"""What every connector takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from data.errors import VeilleError
from data.rejects import empty_rejects

if TYPE_CHECKING:
    from data.sources.sample import Sample

#: what `sniff` answers: the columns can be of no other format; the format is recognised by names
#: that others may share; it could be, and no better is found
CERTAIN, LIKELY, POSSIBLE, NO = 90, 60, 30, 0


class SourceError(VeilleError):
    """A file that cannot be read as the source it was given for."""


def panicked(error: BaseException) -> bool:
    """Tell whether a reader written in Rust gave up on a damaged file.

    Its panic is not an Exception in Python, and has no class to import.
    """
    return type(error).__name__ == "PanicException"


@dataclass(frozen=True)
class ReadOptions:
    """Options of one reading that can change its result (hashed into the ingest).

    `known_on` overrides the day every row counts as known; `extra` holds options of one source.
    """

    known_on: date | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """What a connector read: canonical tables and rejects, every source row in exactly one side.

    `rows_in` counts the data rows of the file (headers and title rows are not data). `named` holds
    rejected rows that say a beneficiary by name alone, in the shape of the table `grants`, for
    `data.identity` to match once it is certain whom they name.
    """

    rows_in: int
    tables: dict[str, pl.DataFrame]
    rejects: pl.DataFrame
    named: pl.DataFrame | None = None


@dataclass(frozen=True)
class Source:
    """A published format: its name on the command line, its French title, its readers.

    `sniff` tells from a sample how sure it is that a file is of this format (0 to 100). `parts`,
    for files larger than memory, reads a file piece by piece: the pieces' rows follow each other;
    `batch`, for lists published in many small files, reads several at once and gives one result a
    file, in order.
    """

    name: str
    title: str
    read: Callable[[Path, ReadOptions], Parsed]
    sniff: Callable[[Sample], int]
    parts: Callable[[Path, ReadOptions], Iterator[Parsed]] | None = None
    batch: Callable[[Sequence[Path], ReadOptions], Iterator[Parsed]] | None = None

    def pieces(self, path: Path, options: ReadOptions) -> Iterator[Parsed]:
        """Read a file piece by piece; in one piece where the source knows no other way."""
        if self.parts is None:
            yield self.read(path, options)
        else:
            yield from self.parts(path, options)


def merged(parts: Iterable[Parsed]) -> Parsed:
    """Put the pieces of one file together, in memory."""
    pieces = list(parts)
    names = dict.fromkeys(name for piece in pieces for name in piece.tables)
    named = [piece.named for piece in pieces if piece.named is not None]
    return Parsed(
        rows_in=sum(piece.rows_in for piece in pieces),
        tables={
            name: pl.concat(
                [piece.tables[name] for piece in pieces if name in piece.tables], how="diagonal"
            )
            for name in names
        },
        rejects=pl.concat([empty_rejects(), *(piece.rejects for piece in pieces)]),
        named=pl.concat(named, how="diagonal") if named else None,
    )
