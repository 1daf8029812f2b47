"""The benchmark compares like with like: all sides give the same values, and it would show."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest

from benchmarks.__main__ import SIDES
from benchmarks.core import CORE, differences
from benchmarks.generated import write
from benchmarks.measured import run

DAYS = [date(2022, 6, 30), date(2023, 12, 31)]
LINES, PAYMENTS = 8_000, 4_000


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    write(folder, structures=400, lines=LINES, payments=PAYMENTS)
    return folder


def made(country: Path, side: str) -> Path:
    target = country / f"{side}.parquet"
    if not target.exists():
        module = import_module(SIDES[side])
        module.panel(country / "grants.parquet", country / "payments.parquet", DAYS, target)
    return target


@pytest.mark.parametrize("side", ["sql", "pandas", "kernel"])
def test_the_job_and_its_peers_give_the_same_values(country: Path, side: str) -> None:
    job = pl.read_parquet(made(country, "job"))
    assert job.height > 300
    assert differences(made(country, "job"), made(country, side)) == {}
    # Every rule has had work to do: no column is constant or wholly missing.
    assert [name for name in CORE if job[name].drop_nulls().n_unique() < 2] == []


def test_a_wrong_value_and_a_missing_structure_are_told(country: Path, tmp_path: Path) -> None:
    job = made(country, "job")
    rows = pl.read_parquet(job)
    first = pl.int_range(pl.len()) < 3
    name = pl.col("grants_eur").fill_null(0)
    rows.with_columns(
        pl.when(first).then(name + 1).otherwise("grants_eur").alias("grants_eur")
    ).write_parquet(tmp_path / "raised")
    rows.head(-2).write_parquet(tmp_path / "shorter")
    assert differences(job, tmp_path / "raised") == {"grants_eur": 3}
    assert differences(job, tmp_path / "shorter") == {"structure_id": 2}


def test_a_side_is_measured_in_a_process_of_its_own(country: Path, tmp_path: Path) -> None:
    target = tmp_path / "panel.parquet"
    files = (country / "grants.parquet", country / "payments.parquet")
    cost = run(SIDES["sql"], *files, DAYS, target)
    assert differences(target, made(country, "sql")) == {}
    assert (cost.cpu_seconds > 0, cost.peak_mib > 50) == (True, True)


def test_the_generated_country_exercises_the_rules(country: Path, tmp_path: Path) -> None:
    lines = pl.read_parquet(country / "grants.parquet")
    assert lines.height == LINES
    write(tmp_path, structures=400, lines=LINES, payments=PAYMENTS)
    assert pl.read_parquet(tmp_path / "grants.parquet").equals(lines)
    years = lines.group_by("funder_id").agg(pl.col("fiscal_year").n_unique().alias("n"))["n"]
    assert years.min() < years.max()
    assert (lines["amount_cents"] < 0).any()
    assert 0 < lines["decided_on"].null_count() < LINES
    assert pl.read_parquet(country / "payments.parquet")["paid_on"].null_count() > 0
