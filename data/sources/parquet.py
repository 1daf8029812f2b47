"""Read a Parquet file that somebody else wrote: a damaged one is an error, and nothing worse.

Through Arrow: of 15,000 files damaged at random, Polars' own reader takes the whole process with it
for one, and no error can then be told. Arrow's is fuzzed all year; its texts are checked here,
which it does not do while it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data.sources.base import panicked


class ParquetError(ValueError):
    """A Parquet file that does not read; the message says why, on one line."""


def schema_of(path: Path) -> dict[str, bool]:
    """Return the columns in their order, and whether each holds plain values.

    Lists, structures and bytes (shapes on a map) are not plain.

    Raises
    ------
    ParquetError
    """
    with _readable(), pq.ParquetFile(path, pre_buffer=False) as file:
        fields = list(file.schema_arrow)
        if len({field.name for field in fields}) < len(fields):
            raise ParquetError("deux colonnes ont le même nom")
        return {field.name: _plain(field.type) for field in fields}


def read(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Return a whole file, or some of its columns.

    Raises
    ------
    ParquetError
    """
    with _readable(), pq.ParquetFile(path, pre_buffer=False) as file:
        return _frame(file.read(columns=None if columns is None else list(columns)))


def pieces(path: Path, columns: Sequence[str], rows: int) -> Iterator[pl.DataFrame]:
    """Yield some columns of a file, at most `rows` rows at once; one empty piece for no row.

    Raises
    ------
    ParquetError
    """
    with _readable(), pq.ParquetFile(path, pre_buffer=False) as file:
        empty = True
        for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
            yield _frame(pa.Table.from_batches([batch]))
            empty = False
        if empty:
            yield _frame(file.schema_arrow.empty_table().select(list(columns)))


def _plain(kind: pa.DataType) -> bool:
    raw = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return not (pa.types.is_nested(kind) or any(is_raw(kind) for is_raw in raw))


def _frame(table: pa.Table) -> pl.DataFrame:
    table.validate(full=True)
    return pl.DataFrame(table)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except ParquetError:
        raise
    except BaseException as error:
        if not (isinstance(error, Exception) or panicked(error)):
            raise
        lines = str(error).splitlines() or [type(error).__name__]
        raise ParquetError(lines[0]) from error
