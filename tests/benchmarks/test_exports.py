"""The benchmark of exports gives whole files; memory does not follow the length of the list."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from benchmarks.exports import FORMATS, measure

ROOT = Path(__file__).resolve().parents[2]


def published(home: Path, rows: int) -> str:
    command = [sys.executable, "-m", "benchmarks.exports", "publish", str(home), str(rows)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def rows_of(path: Path, ending: str) -> int:
    if ending == "parquet":
        return int(pq.read_metadata(path).num_rows)
    if ending == "csv":
        return len(path.read_bytes().splitlines()) - 1
    book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
    return len(book.get_sheet_by_name("Structures").to_python()) - 1


@pytest.mark.parametrize("ending", FORMATS)
def test_a_whole_file_is_measured(tmp_path: Path, ending: str) -> None:
    key = published(tmp_path, 300)
    cost = measure(tmp_path, key, ending, tmp_path / "list")
    assert rows_of(tmp_path / "list", ending) == 300
    assert cost.file_bytes == (tmp_path / "list").stat().st_size
    assert 0 < cost.own_mib < cost.peak_mib
    assert cost.idle_mib <= cost.peak_mib


@pytest.mark.slow
@pytest.mark.parametrize("ending", FORMATS)
def test_memory_does_not_follow_the_list(tmp_path: Path, ending: str) -> None:
    # 80,000 structures more, some 60 MB of CSV: far beyond what the difference may be.
    own = {}
    for rows in (20_000, 100_000):
        home = tmp_path / str(rows)
        cost = measure(home, published(home, rows), ending, tmp_path / "list")
        assert rows_of(tmp_path / "list", ending) == rows
        own[rows] = cost.own_mib
    assert own[100_000] < own[20_000] + 15
    assert own[100_000] < 200
