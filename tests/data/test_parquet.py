"""Parquet files that others wrote: read whole, or refused in one line."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.sources.parquet import ParquetError, pieces, read, schema_of

FRAME = pl.DataFrame(
    {"a": [1, 2, 3], "*": ["x", None, "é"], "l": [[1], [], None], "b": [b"\xff"] * 3}
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    FRAME.write_parquet(tmp_path / "a.parquet", row_group_size=2)
    return tmp_path / "a.parquet"


def test_it_is_read_as_polars_reads_it(path: Path) -> None:
    assert read(path).equals(FRAME)
    assert read(path, ["*", "l"]).equals(FRAME.select(pl.nth(1, 2)))
    assert schema_of(path) == {"a": True, "*": True, "l": False, "b": False}
    for rows in (1, 2, 5):
        found = list(pieces(path, ["a", "*"], rows))
        assert max(map(len, found)) <= rows
        assert pl.concat(found).equals(FRAME.select(pl.nth(0, 1)))


def test_an_empty_file_is_one_empty_piece(tmp_path: Path) -> None:
    FRAME.clear().write_parquet(tmp_path / "a.parquet")
    (found,) = pieces(tmp_path / "a.parquet", ["a", "*"], 10)
    assert found.equals(FRAME.clear().select(pl.nth(0, 1)))


def test_texts_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    raw = pa.array([b"bon", b"mal \xff"])
    broken = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    pq.write_table(pa.table({"a": broken}), tmp_path / "a.parquet")
    with pytest.raises(ParquetError, match="UTF8"):
        read(tmp_path / "a.parquet")
    with pytest.raises(ParquetError, match="UTF8"):
        list(pieces(tmp_path / "a.parquet", ["a"], 10))


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(table, tmp_path / "a.parquet")
    for one in (schema_of, read):
        with pytest.raises(ParquetError):
            one(tmp_path / "a.parquet")


def test_what_is_no_parquet_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 rien de plus")
    for one in (schema_of, read):
        with pytest.raises(ParquetError) as error:
            one(tmp_path / "a.parquet")
        assert str(error.value)
        assert "\n" not in str(error.value)
    with pytest.raises(ParquetError):
        read(tmp_path / "absent.parquet")
