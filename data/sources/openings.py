"""Open a published table piece by piece whatever holds it: text, workbook, JSON or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from data.sources import parquet
from data.sources.base import SourceError
from data.sources.blocks import open_blocks
from data.sources.grids import Score
from data.sources.tabular import Table, texts

_PARQUET = b"PAR1"
#: rows of a Parquet file read at once
_ROWS = 250_000


def open_pieces(
    path: Path, score: Score, *, expected: str, keep: Callable[[str], bool] | None = None
) -> Iterator[Table]:
    """Yield the best table of a file in pieces that fit in memory, as `open_blocks`.

    A Parquet file, as open data portals export them, is read as text too: `source_row` is the
    number of the record, from 1.

    Raises
    ------
    SourceError
        As `open_blocks`.
    """
    try:
        with path.open("rb") as stream:
            is_parquet = stream.read(len(_PARQUET)) == _PARQUET
    except OSError:
        is_parquet = False
    if is_parquet:
        yield from _parquet(path, score, expected, keep or (lambda _: True))
    else:
        yield from open_blocks(path, score, expected=expected, keep=keep)


def open_whole(path: Path, score: Score, *, expected: str) -> Table:
    """Return the best table of a file, in memory.

    Raises
    ------
    SourceError
        As `open_blocks`.
    """
    pieces = list(open_pieces(path, score, expected=expected))
    return replace(
        pieces[0],
        frame=pl.concat(piece.frame for piece in pieces),
        ragged={line: row for piece in pieces for line, row in piece.ragged.items()},
    )


def _parquet(
    path: Path, score: Score, expected: str, keep: Callable[[str], bool]
) -> Iterator[Table]:
    try:
        plain = parquet.schema_of(path)
        _check_header(path, list(plain), score, expected)
        header = [name for name in plain if keep(name)]
        # At least one column, for the number of rows.
        needed = [name for name in header if plain[name]] or list(plain)[:1]
        table, first = Table("", header, pl.DataFrame(), {}, [], separator="", encoding=""), 1
        for piece in parquet.pieces(path, needed, _ROWS):
            numbered = piece.select(
                pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias("source_row"),
                pl.lit(len(header), dtype=pl.Int64).alias("fields"),
                *_cells(header, needed, plain),
            )
            first += len(piece)
            yield replace(table, frame=texts(numbered))
    except parquet.ParquetError as error:
        raise SourceError(
            f"Le fichier Parquet « {path.name} » ne se lit pas.",
            code="source-unreadable",
            where=str(path),
            received=str(error)[:200],
            expected="un fichier Parquet entier",
            todo="téléchargez-le de nouveau, ou exportez-le en csv",
        ) from error


def _check_header(path: Path, header: list[str], score: Score, expected: str) -> None:
    if not score(header):
        raise SourceError(
            f"Le fichier « {path.name} » n'a pas été reconnu : {expected}",
            code="source-header",
            where=str(path),
            received=" | ".join(header[:12])[:300] or "aucune colonne",
            expected=expected,
            todo="vérifiez que le fichier est bien le bon, ou renommez ses colonnes",
        )


def _cells(names: list[str], read: list[str], plain: dict[str, bool]) -> list[pl.Expr]:
    """Return the columns as texts; lists, structures and bytes (shapes on a map) as nulls."""
    places = {name: place for place, name in enumerate(read)}  # a name may mean more to Polars
    return [
        (pl.nth(places[name]) if plain[name] else pl.lit(None))
        .cast(pl.String, strict=False)
        .alias(f"c{at}")
        for at, name in enumerate(names)
    ]
