"""Open a published table piece by piece whatever holds it: text, workbook, JSON or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl

from data.sources.base import SourceError, panicked
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
            parquet = stream.read(len(_PARQUET)) == _PARQUET
    except OSError:
        parquet = False
    if parquet:
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
    with _readable(path):
        lines = pl.scan_parquet(path)
        schema = lines.collect_schema()
        rows = int(lines.select(pl.len()).collect().item())
    header = list(schema)
    if not score(header):
        raise SourceError(
            f"Le fichier « {path.name} » n'a pas été reconnu : {expected}",
            code="source-header",
            where=str(path),
            received=" | ".join(header[:12])[:300] or "aucune colonne",
            expected=expected,
            todo="vérifiez que le fichier est bien le bon, ou renommez ses colonnes",
        )
    header = [name for name in header if keep(name)]
    table = Table("", header, pl.DataFrame(), {}, [], separator="", encoding="")
    for first in range(0, max(rows, 1), _ROWS):
        with _readable(path):
            piece = lines.slice(first, _ROWS).select(_cells(schema, header)).collect()
        numbered = piece.select(
            pl.int_range(first + 1, first + 1 + pl.len(), dtype=pl.Int64).alias("source_row"),
            pl.lit(len(header), dtype=pl.Int64).alias("fields"),
            pl.all(),
        )
        yield replace(table, frame=texts(numbered))


def _cells(schema: pl.Schema, names: list[str]) -> list[pl.Expr]:
    """Return the columns as texts; lists, structures and bytes (shapes on a map) as nulls."""
    order = {name: place for place, name in enumerate(schema)}
    return [
        (
            pl.when(pl.nth(order[name]).is_null() & False).then(pl.lit(""))
            if schema[name].is_nested() or schema[name] in {pl.Binary, pl.Object}
            else pl.nth(order[name]).cast(pl.String, strict=False)
        ).alias(f"c{place}")
        for place, name in enumerate(names)
    ]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn any failure of the Parquet reader into an error of the source."""
    try:
        yield
    except BaseException as error:
        if not (isinstance(error, Exception) or panicked(error)):
            raise
        raise SourceError(
            f"Le fichier Parquet « {path.name} » ne se lit pas.",
            code="source-unreadable",
            where=str(path),
            received=str(error)[:200],
            expected="un fichier Parquet entier",
            todo="téléchargez-le de nouveau, ou exportez-le en csv",
        ) from error
