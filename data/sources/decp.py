"""Public contracts (données essentielles de la commande publique): JSON, CSV, Parquet.

A contract with one holder is a fact of `grants` of instrument "contract": an income, not a grant.
It counts as known the day its data were published, not before it was notified; without that day,
the day it was notified. A modification that changes the amount adds the difference, known in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from data.sources import parquet
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError, merged
from data.sources.blocks import open_blocks
from data.sources.decp_columns import NAMES, columns_of, is_ours, score
from data.sources.decp_facts import judge, parsed_of
from data.sources.decp_records import Row, changes, flat, is_nested, records, unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "decp"
TITLE = "Marchés publics (données essentielles de la commande publique)"
_EXPECTED = "un marché a un identifiant, un acheteur, un titulaire, un montant et une date."
_BATCH = 50_000
#: rows of one piece
_PIECE = 200_000
_HEAD_MARKS = ('"acheteur"', '"titulaires"')
_TEXTS = (
    *("id", "buyer", "buyer_name", "nature", "purpose", "amount", "duration", "notified"),
    *("published", "techniques", "modalities", "framework", "holder_id", "holder_type"),
)
_FLAT = pl.Schema(
    {
        "source_row": pl.Int64(),
        **{name: pl.String() for name in _TEXTS},
        "holders": pl.Int64(),
        "concession": pl.Boolean(),
        "broken": pl.Boolean(),
    }
)
_CHANGES = pl.Schema(
    {"source_row": pl.Int64(), **{key: pl.String() for key in ("amount", "notified", "published")}}
)


def sniff(sample: Sample) -> int:
    """Tell whether a file is a list of public contracts."""
    if sample.kind in {"table", "parquet"}:
        rows = [row for grid in sample.grids for row in grid.rows]
        return CERTAIN if any(map(score, rows)) else NO
    if sample.kind != "json":
        return NO
    if sample.content is None:
        return CERTAIN if all(mark in sample.head for mark in _HEAD_MARKS) else NO
    if "$schema" in sample.keys or "definitions" in sample.keys:
        return NO
    try:
        first = list(islice(records(sample.path), 20))
    except SourceError:
        return NO
    flattened = any(score(row) for grid in sample.grids for row in grid.rows)
    return CERTAIN if flattened or any(map(is_nested, first)) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one list of public contracts.

    Parameters
    ----------
    path : pathlib.Path
        JSON of the official format (any size), CSV or Parquet of the consolidated list.
    options : ReadOptions
        `known_on` overrides the day every fact counts as known.

    Returns
    -------
    Parsed
        `source_row` is the number of the record, or the line of the file. A contract whose amount
        was modified gives several facts: the first amount, then each difference.

    Raises
    ------
    SourceError
        The file is not a list of public contracts.
    """
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read a list piece by piece. The columns read are held in memory, the file is not.

    Raises
    ------
    SourceError
        As `read`.
    """
    lines, modified = _opened(path)
    judged = judge(lines, modified)
    last = max(judged["source_row"].to_list(), default=0)
    for start in range(0, last + 1, _PIECE):
        rows = judged.filter(pl.col("source_row").is_between(start, start + _PIECE, closed="left"))
        yield parsed_of(rows, options, path.stem)


def _opened(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the contracts of a file, flattened, and the modifications told inside them."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise unreadable(path, f"lecture impossible ({error.strerror})") from error
    none = pl.DataFrame(schema=_CHANGES)
    if head.startswith(b"PAR1"):
        return _parquet(path), none
    if head[:1] not in {b"[", b"{"}:
        return _table(path), none
    first = next(iter(records(path)), None)
    return _nested(path) if first is None or is_nested(first) else (_table(path), none)


def _nested(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    found, modified = [pl.DataFrame(schema=_FLAT)], [pl.DataFrame(schema=_CHANGES)]
    numbered = enumerate(records(path), 1)
    while batch := list(islice(numbered, _BATCH)):
        flattened = [flat(record, number) for number, record in batch]
        found.append(pl.DataFrame(flattened, schema=_FLAT))
        news: list[Row] = [change for number, record in batch for change in changes(record, number)]
        modified.append(pl.DataFrame(news, schema=_CHANGES))
    return pl.concat(found), pl.concat(modified)


def _table(path: Path) -> pl.DataFrame:
    """Return the lines of a table, with our names."""
    frames = []
    for table in open_blocks(path, score, expected=_EXPECTED, keep=is_ours):
        columns = columns_of(table.header)
        ragged = pl.col("source_row").is_in(list(table.ragged))
        short = pl.col("fields") < len(table.header) if table.separator else pl.lit(value=False)
        frames.append(
            table.frame.select(
                "source_row",
                *(pl.col(f"c{at}").alias(key) for key, at in columns.items()),
                (ragged | short).alias("broken_line"),
            )
        )
    return _completed(pl.concat(frames))


def _parquet(path: Path) -> pl.DataFrame:
    try:
        names = list(parquet.schema_of(path))
        columns = columns_of(names)
        if not columns:
            raise unreadable(path, "colonnes d'un autre fichier Parquet")
        frame = parquet.read(path, [names[at] for at in columns.values()])
    except parquet.ParquetError as error:
        raise unreadable(path, f"Parquet illisible ({str(error)[:100]})") from error
    named = frame.select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_row"),
        *(_text(frame.schema[names[at]], names[at]).alias(key) for key, at in columns.items()),
        pl.lit(value=False).alias("broken_line"),
    )
    return _completed(named)


def _text(dtype: pl.DataType, name: str) -> pl.Expr:
    """Return a column of a Parquet file as text, lists as their texts separated by commas."""
    column = pl.col(name)
    if isinstance(dtype, pl.List):
        return column.cast(pl.List(pl.String)).list.join(", ")
    return column.cast(pl.String, strict=False)


def _completed(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines with all our columns, and the number of holders of each contract."""
    absent = [name for name in NAMES if name not in lines.columns]
    text = pl.col(pl.String).str.strip_chars()
    lines = lines.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    lines = lines.with_columns(pl.when(text != "").then(text).name.keep())
    lines = lines.with_columns(
        pl.when(pl.col(name).str.to_lowercase().is_in(["nc", "cdl", "null", "nan", "none"]))
        .then(None)
        .otherwise(name)
        .alias(name)
        for name in ("holder_id", "holder_2", "holder_3", "buyer", "id", "framework")
    )
    others = pl.col("holder_2").is_not_null().cast(pl.Int64) + pl.col("holder_3").is_not_null()
    together = pl.col("holder_id").drop_nulls().n_unique().over("buyer", "id", "version")
    return lines.with_columns(
        (together + others).cast(pl.Int64).alias("holders"),
        (pl.col("kind").fill_null("") + " " + pl.col("nature").fill_null(""))
        .str.contains("(?i)concession|d[ée]l[ée]gation de service")
        .alias("concession"),
        pl.lit(value=False).alias("broken"),
    )
