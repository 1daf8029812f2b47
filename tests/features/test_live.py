"""Live: a structure's own facts and what all share give the rows of the panel, to the last bit."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features import job
from features.catalogue import INDICATORS
from features.engines import ENGINES
from features.facts import BY_STRUCTURE
from features.job import Asked, build
from features.live import CONTEXT_FILES, Context, folder_of
from tests.features.test_job import Files, written
from tests.features.worlds import World, differences, draw_world, tables

DAY = date(2020, 12, 31)
SIZE = 60


def made(folder: Path, world: World, engine: str = "polars") -> tuple[Files, pl.DataFrame]:
    files = written(folder / "facts", world)
    with ENGINES[engine]() as running:
        manifest = build(
            files, "lake", folder, Asked([DAY]), running, engine, synthetic=True, known_to=None
        )
    return files, pl.read_parquet(manifest.panel)


def live(context: Context, world: World, sirens: list[str]) -> pl.DataFrame:
    """Compute some structures from their own facts alone, as a caller gives them."""
    own = {
        name: frame.filter(pl.col("siren").is_in(sirens))
        for name, frame in tables(world).items()
        if name in BY_STRUCTURE
    }
    return context.rows(own, sirens)


@pytest.mark.parametrize("seed", range(6))
def test_live_rows_are_those_of_the_panel(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    world = draw_world(rng, SIZE)
    files, panel = made(tmp_path, world)
    context = Context.load(job.context(files, tmp_path, DAY), DAY)
    sirens = panel["structure_id"].to_list()
    assert differences(live(context, world, sirens), panel) == []
    for siren in rng.sample(sirens, min(5, len(sirens))):
        one = panel.filter(pl.col("structure_id") == siren)
        assert differences(live(context, world, [siren]), one) == []


def test_any_engine_leaves_the_same_context(tmp_path: Path) -> None:
    world = draw_world(random.Random(11), SIZE)
    folders = []
    for engine in ("polars", "duckdb"):
        home = tmp_path / engine
        files, _ = made(home, world, engine)
        folders.append(job.context(files, home, DAY))
    for name in CONTEXT_FILES:
        one, other = (pl.read_ipc(folder / name) for folder in folders)
        assert one.sort(one.columns).equals(other.sort(one.columns)), name


def test_the_job_leaves_the_context_and_computes_it_no_more(tmp_path: Path) -> None:
    files, _ = made(tmp_path, draw_world(random.Random(3), SIZE))
    (kept,) = (tmp_path / "features" / "shared").iterdir()
    before = kept.stat().st_mtime_ns
    assert job.context(files, tmp_path, DAY) == kept == folder_of(tmp_path, kept.name)
    assert kept.stat().st_mtime_ns == before
    assert sorted(path.name for path in kept.iterdir()) == sorted(CONTEXT_FILES)


def test_a_structure_without_any_fact_has_no_indicator(tmp_path: Path) -> None:
    world = draw_world(random.Random(5), SIZE)
    files, _ = made(tmp_path, world)
    context = Context.load(job.context(files, tmp_path, DAY), DAY)
    row = context.rows({}, ["990000001"]).row(0, named=True)
    assert row["structure_id"] == "990000001"
    assert row["as_of"] == DAY
    assert row["grants_eur"] is None
    assert set(INDICATORS) <= set(row)


def test_facts_known_later_change_nothing(tmp_path: Path) -> None:
    world = draw_world(random.Random(7), SIZE, late=0.0)
    files, panel = made(tmp_path, world)
    context = Context.load(job.context(files, tmp_path, DAY), DAY)
    siren = panel["structure_id"][0]
    later = {
        name: [{**row, "known_on": date(2021, 1, 1)} for row in rows if row.get("siren") == siren]
        for name, rows in world.items()
        if name in BY_STRUCTURE
    }
    both = {name: [*rows, *later.get(name, [])] for name, rows in world.items()}
    assert differences(live(context, both, [siren]), live(context, world, [siren])) == []
