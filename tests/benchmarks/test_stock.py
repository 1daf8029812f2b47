"""The generated stock looks like the published one, and what is measured is what is read."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from benchmarks import stock
from data.identifiers import siren_holds
from data.sources import sirene
from data.sources.base import CERTAIN, ReadOptions
from data.sources.sample import sample_of


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, int]:
    monkeypatch.setattr(stock, "_UNITS", 2_000)
    path = tmp_path / "StockUniteLegale_utf8.csv"
    return path, stock.generate(path, 600_000)


def test_the_stock_is_read_as_the_published_one(generated: tuple[Path, int]) -> None:
    path, units = generated
    assert units >= 4_000
    assert path.stat().st_size >= 600_000
    lines = pl.read_csv(path, infer_schema=False)
    assert lines.height == units
    assert lines["siren"].is_unique().all()
    assert siren_holds(lines["siren"]).all()
    assert set(stock.READ) <= set(lines.columns)
    assert sirene.sniff(sample_of(path)) == CERTAIN
    parsed = sirene.read(path, ReadOptions())
    associations = lines.filter(pl.col("categorieJuridiqueUniteLegale") == "9220")
    assert parsed.tables["structures"]["siren"].to_list() == associations["siren"].to_list()
    assert 0.06 < associations.height / units < 0.1
    assert parsed.rejects["reason"].unique().to_list() == ["out_of_scope"]
    assert any('"LE LAC"' in name for name in parsed.tables["structures"]["name"].drop_nulls())


def test_a_command_is_measured_alone(generated: tuple[Path, int], tmp_path: Path) -> None:
    path, units = generated
    # A peak starts from that of the process that asks: nothing below it can be told.
    hungry, _ = stock.cost([sys.executable, "-c", "x = b'x' * 500_000_000"])
    _, printed = stock.cost([sys.executable, "-c", "print('bonjour')"])
    assert printed == "bonjour\n"
    assert hungry.peak > 470
    done, report = stock.ingest(path, tmp_path / "home")
    assert f'"rows_in": {units}' in report
    assert done.cpu > 0
    assert stock.scan(path).cpu > 0
