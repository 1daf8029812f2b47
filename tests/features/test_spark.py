"""Spark computes the panel of the other engines, from the same facts, with the same expressions."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from data.errors import VeilleError
from data.lake import Lake
from features.catalogue import INDICATORS
from features.engines import ENGINES, Engine, SparkEngine
from features.facts import FactFiles, MemoryFacts, prepare
from features.lake_facts import LakeFacts
from features.panel import compute_day
from tests.features.test_panel import EXPECTED, JUNE, MOVED, WORLD, YEAR_END, wrong
from tests.features.worlds import World, differences, draw_world, panel_of, tables, tampered
from veille import demo, line
from veille.cli import app

ROOT = Path(__file__).parents[2]
DAYS = (date(2018, 12, 31), date(2020, 2, 29))
SIZE = 120
EXACT = [i.name for i in INDICATORS.values() if i.unit in {"count", "category", "flag", "level"}]
#: Java compiles less what runs once: half of the processor time of this module
LIGHT = (
    "--driver-java-options '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    # With one tier Java keeps 48 MB of code, which all these plans fill: Spark then stops.
    " -XX:ReservedCodeCacheSize=240m' pyspark-shell"
)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkEngine]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYSPARK_SUBMIT_ARGS", LIGHT)
        engine = SparkEngine("local[2]", memory="1g")
    with engine:
        yield engine


def computed(engine: Engine, facts: World | FactFiles, *days: date) -> pl.DataFrame:
    files = MemoryFacts(tables(facts)) if isinstance(facts, dict) else facts
    prepared = prepare(files, engine)
    return pl.concat([compute_day(prepared, day) for day in days])


def agree(one: pl.DataFrame, two: pl.DataFrame) -> None:
    keys = ["structure_id", "as_of"]
    assert one.height > 0
    assert_frame_equal(one.select(*keys, *EXACT), two.select(*keys, *EXACT), check_exact=True)
    assert_frame_equal(one, two, check_exact=False, rel_tol=1e-9, abs_tol=1e-12)


@pytest.fixture(scope="module")
def drawn() -> World:
    return draw_world(random.Random(5), SIZE)


@pytest.fixture(scope="module")
def panel(spark: SparkEngine, drawn: World) -> pl.DataFrame:
    return computed(spark, drawn, *DAYS)


def test_every_indicator_is_that_of_duckdb(panel: pl.DataFrame, drawn: World) -> None:
    agree(panel_of(drawn, *DAYS, engine="duckdb"), panel)
    # Every indicator has had something to say.
    assert [name for name in INDICATORS if panel[name].null_count() == panel.height] == []


def test_the_worked_world_has_its_values(spark: SparkEngine) -> None:
    worked = computed(spark, WORLD, YEAR_END, JUNE)
    assert wrong(worked, YEAR_END, EXPECTED) == {}
    assert wrong(worked, JUNE, {**EXPECTED, **MOVED}) == {}


@pytest.mark.parametrize("as_of", DAYS)
def test_nothing_known_later_changes_an_indicator(
    spark: SparkEngine, panel: pl.DataFrame, drawn: World, as_of: date
) -> None:
    other = tampered(random.Random(6), drawn, as_of, SIZE)
    before = panel.filter(pl.col("as_of") == as_of)
    assert differences(before, computed(spark, other, as_of)) == []


def test_the_command_writes_the_same_panel(spark: SparkEngine, tmp_path: Path) -> None:
    # The panel's name is that of its inputs, not of its engine: each engine has its own home.
    homes = {name: tmp_path / name for name in ("duckdb", "spark")}
    demo.facts(homes["duckdb"], 60, seed=4)
    shutil.copytree(homes["duckdb"], homes["spark"])
    panels = []
    for name, home in homes.items():
        command = ["--home", str(home), "features", "--as-of", "2023-12-31"]
        ran = CliRunner().invoke(app, [*command, "--engine", name, "--json"])
        assert ran.exit_code == 0, ran.output
        panels.append(pl.read_parquet(json.loads(ran.stdout)["panel"]))
    agree(*panels)
    assert spark.collect(spark.small(pl.DataFrame({"a": [1]}))).height == 1  # still running


def test_columns_are_found_by_name_under_any_path(spark: SparkEngine, tmp_path: Path) -> None:
    folder = tmp_path / "l'été [2] {a,b} 100%25 *"
    folder.mkdir()
    empty = pl.DataFrame(schema={"siren": pl.String, "known_day": pl.Int32, "cents": pl.Int64})
    old = pl.DataFrame({"known_day": [1], "siren": ["a"]}, schema_overrides={"known_day": pl.Int32})
    new = pl.DataFrame({"cents": [5], "more": [0], "siren": ["b"]})
    old.write_parquet(folder / "0.parquet")
    new.write_parquet(folder / "1.parquet")
    found = spark.collect(spark.scan([folder / "0.parquet", folder / "1.parquet"], empty))
    expected = pl.concat([empty, old, new.drop("more")], how="diagonal")
    assert_frame_equal(found, expected, check_row_order=False)


def test_pyspark_is_loaded_by_none_but_its_engine() -> None:
    code = "import sys, veille.line; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_what_is_missing_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as absent:
        absent.setitem(sys.modules, "pyspark.sql", None)
        with pytest.raises(VeilleError) as error:
            ENGINES["spark"]()
    assert error.value.code == "spark-missing"
    assert "pyspark" in str(error.value.received)
    assert "veille-ess[spark]" in error.value.todo
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    with pytest.raises(VeilleError) as error:
        ENGINES["spark"]()
    assert error.value.code == "spark-missing"
    assert "java" in str(error.value.received)
    assert "default-jre-headless" in error.value.todo


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [("SPARK_MASTER", "sparc://nowhere", "spark-unreachable"), ("JAVA_HOME", "", "spark-missing")],
)
def test_a_session_that_cannot_start_is_said(
    setting: str, value: str, code: str, tmp_path: Path
) -> None:
    # In its own process: here a session is active, and would be used.
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'Error: LinkageError: made for another Java' >&2\nexit 1\n")
    old.chmod(0o755)
    code_run = "from features.engines import ENGINES; ENGINES['spark']()"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code_run],
        env=os.environ | {setting: value or str(tmp_path)},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert f"[{code}]" in ran.stderr
    assert value in ran.stderr
    assert ("LinkageError" in ran.stderr) == (setting == "JAVA_HOME")
    assert "Warning" not in ran.stderr


@pytest.mark.slow
def test_a_cluster_gives_the_same_and_leaves_no_process(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.spark", "--structures", "150", "--repeats", "1"],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("same values: yes") == 4
    assert running_under(tmp_path) == []


def running_under(folder: Path) -> list[str]:
    """Return the processes that name a folder, or run in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            said = (process / "cmdline").read_text("utf-8", errors="replace")
            found += [said] if str(folder) in f"{said} {(process / 'cwd').readlink()}" else []
    return found


@pytest.mark.real
def test_the_published_grants_give_the_same(
    spark: SparkEngine, shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "panel" / "grants"
    if not folder.is_dir():
        pytest.skip(f"no harvest at {folder}")
    line.ingest(tmp_path, "grants", [folder / "00.parquet", folder / "63.parquet"])
    day = Lake(tmp_path).scan("grants").select(pl.col("known_on").max()).collect().item()
    facts = LakeFacts(Lake(tmp_path))
    with ENGINES["duckdb"]() as engine:
        expected = computed(engine, facts, day)
    assert expected.height > 100
    agree(expected, computed(spark, facts, day))
