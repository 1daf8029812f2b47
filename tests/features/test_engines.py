"""Both engines of one machine compute the same panel from the same facts."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.catalogue import INDICATORS
from features.engines import ENGINES
from tests.features.worlds import World, differences, draw_world, panel_of

DAYS = (date(2018, 12, 31), date(2020, 2, 29))
EXACT = [i.name for i in INDICATORS.values() if i.unit in {"count", "category", "flag", "level"}]


def agree(world: World, *days: date) -> None:
    one, two = (panel_of(world, *days, engine=engine) for engine in ("polars", "duckdb"))
    keys = ["structure_id", "as_of"]
    assert one.height > 0
    assert_frame_equal(one.select(*keys, *EXACT), two.select(*keys, *EXACT), check_exact=True)
    assert_frame_equal(one, two, check_exact=False, rel_tol=1e-9, abs_tol=1e-12)


def test_duckdb_and_polars_agree() -> None:
    agree(draw_world(random.Random(5), 120), *DAYS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_duckdb_and_polars_agree_on_larger_worlds(seed: int) -> None:
    agree(draw_world(random.Random(seed), 40 * (seed + 1)), *DAYS, date(2019, 6, 30))


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_the_order_of_the_facts_changes_nothing(engine: str) -> None:
    rng = random.Random(8)
    world = draw_world(rng, 30)
    shuffled = {name: rng.sample(rows, len(rows)) for name, rows in world.items()}
    one, two = (panel_of(facts, DAYS[0], engine=engine) for facts in (world, shuffled))
    assert differences(one, two) == []


def test_a_structure_alone_has_the_numbers_it_has_among_others() -> None:
    # Strangers: another funder, another place. A frame of one row must not round otherwise.
    world = draw_world(random.Random(3), 40)
    only = {n: [r for r in rows if "siren" not in r] for n, rows in world.items()}
    chosen = panel_of(world, DAYS[0])["structure_id"][0]
    for name, rows in world.items():
        only[name] += [r for r in rows if r.get("siren") == chosen]
    alone = panel_of(only, DAYS[0]).row(0, named=True)
    among = panel_of(world, DAYS[0]).row(0, named=True)
    own = ("age_years", "budget_eur", "months_since_alert", "months_since_accounts")
    assert {n: alone[n] for n in own} == {n: among[n] for n in own}


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_no_file_is_an_empty_table(engine: str, tmp_path: Path) -> None:
    empty = pl.DataFrame(schema={"siren": pl.String, "known_day": pl.Int32})
    filled = pl.DataFrame({"siren": ["a"], "known_day": [3]}, schema=empty.schema)
    filled.write_parquet(tmp_path / "part-0.parquet")
    with ENGINES[engine]() as running:
        assert running.collect(running.scan([], empty)).height == 0
        found = running.collect(running.keep(running.scan([tmp_path / "part-0.parquet"], empty)))
    assert found.equals(filled)
