"""Parquet files read as the same tables as texts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from data.sources import openings
from data.sources.base import SourceError
from data.sources.openings import open_pieces, open_whole

if TYPE_CHECKING:
    from pathlib import Path


def score(header: object) -> int:
    return int("eur" in list(header))  # type: ignore[call-overload]


FRAME = pl.DataFrame(
    {
        "eur": [1.5, None, 1339679971.72],
        "day": [date(2024, 1, 1), None, date(2025, 1, 1)],
        "shape": [b"\xff\x00", None, b"x"],
        "codes": [["11", "31"], [], None],
        "*": [" a ", "", "b"],
    }
)


def test_a_parquet_file_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    FRAME.write_parquet(path)
    table = open_whole(path, score, expected="")
    assert table.header == ["eur", "day", "shape", "codes", "*"]
    assert table.frame["source_row"].to_list() == [1, 2, 3]
    assert table.frame["c0"].to_list() == ["1.5", None, "1339679971.72"]
    assert table.frame["c1"].to_list() == ["2024-01-01", None, "2025-01-01"]
    assert table.frame.select("c2", "c3").null_count().row(0) == (3, 3)
    assert table.frame["c4"].to_list() == ["a", None, "b"]


def test_pieces_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.parquet"
    FRAME.write_parquet(path)
    monkeypatch.setattr(openings, "_ROWS", 2)
    pieces = list(open_pieces(path, score, expected="", keep=lambda name: name == "day"))
    assert [piece.frame["source_row"].to_list() for piece in pieces] == [[1, 2], [3]]
    assert [piece.header for piece in pieces] == [["day"]] * 2
    whole = open_whole(path, score, expected="")
    assert whole.frame["c1"].to_list() == ["2024-01-01", None, "2025-01-01"]


def test_an_empty_table_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    FRAME.clear().write_parquet(path)
    assert open_whole(path, score, expected="").frame.height == 0


@pytest.mark.parametrize("size", [4, 100, 400])
def test_a_damaged_file_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.parquet"
    FRAME.write_parquet(path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(SourceError) as error:
        open_whole(path, score, expected="")
    assert error.value.code == "source-unreadable"


def test_a_file_of_other_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    FRAME.rename({"eur": "other"}).write_parquet(path)
    with pytest.raises(SourceError) as error:
        open_whole(path, score, expected="")
    assert error.value.code == "source-header"
    with pytest.raises(SourceError):
        open_whole(tmp_path / "absent.csv", score, expected="")
