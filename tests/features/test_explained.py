"""What made a number: its very facts, in the worked world, where each is known by hand."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.errors import VeilleError
from data.lake import Lake
from data.rejects import empty_rejects
from data.sources.base import Parsed, ReadOptions
from features.catalogue import INDICATORS
from features.explained import Explanation, explain
from features.lake_facts import LakeFacts
from features.progress import quiet
from features.wanted import wanted
from tests.features.test_panel import JUNE, WORLD, YEAR_END, A, C, E, payment
from tests.features.worlds import World, draw_world, panel_of, tables


def lake_of(folder: Path, world: World) -> Lake:
    """Return a lake that holds a world, each table as one file of its own."""
    lake = Lake(folder)
    for table, frame in tables(world).items():
        if frame.is_empty():
            continue
        file = folder / f"{table}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(table, "utf-8")
        numbered = frame.with_columns(pl.int_range(2, pl.len() + 2).alias("source_row"))
        parsed = Parsed(frame.height, {table: numbered}, empty_rejects())
        lake.commit(parsed, source="fictif", file=file, options=ReadOptions())
    return lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return lake_of(tmp_path_factory.mktemp("home"), WORLD)


def of(lake: Lake, indicator: str, who: str = A, day: date = YEAR_END) -> Explanation:
    return explain(LakeFacts(lake), lake.root.parent, indicator, who, day, quiet)


def made(found: Explanation, table: str, flag: str = "counts") -> list[dict[str, Any]]:
    """Return the rows of the world that carry a flag, found again by file and line."""
    if table not in found.facts:
        return []
    rows = found.facts[table].filter(flag)
    assert set(rows["file"]) <= {f"{table}.csv"}
    return [WORLD[table][line - 2] for line in rows.sort("source_row")["source_row"]]


def amounts(found: Explanation, flag: str = "counts") -> list[float]:
    return [float(row["amount_eur"]) for row in made(found, "grants", flag)]


@pytest.mark.parametrize("day", [YEAR_END, pytest.param(JUNE, marks=pytest.mark.slow)])
def test_every_number_is_that_of_the_panel(lake: Lake, day: date) -> None:
    panel = panel_of(LakeFacts(lake), day)
    row = panel.row(by_predicate=pl.col("structure_id") == A, named=True)
    found = {name: of(lake, name, day=day).value for name in INDICATORS}
    assert found == {name: row[name] for name in INDICATORS}


def test_a_sum_is_made_of_its_lines(lake: Lake) -> None:
    found = of(lake, "grants_eur")
    assert amounts(found) == [30_000, 7_164, 10_000.50]
    assert amounts(found, "decisive") == amounts(found)
    assert set(found.facts) == {"grants"}
    assert found.steps["funder"].height == 3


def test_the_lines_of_another_day_are_others(lake: Lake) -> None:
    assert sorted(amounts(of(lake, "grants_eur", day=JUNE))) == [7_164, 12_000, 30_000]


def test_a_mean_is_made_of_all_its_payments_even_of_the_mean_itself(tmp_path: Path) -> None:
    # delays of 10, 20, 30: without the 20 the mean is the same, and yet it is made of three
    due = date(2019, 6, 1)
    rows = [
        r
        for n, d in ((1, 10), (2, 20), (3, 30))
        for r in payment(n, due, 100, due.replace(day=1 + d - 1))
    ]
    lake = lake_of(tmp_path, {**WORLD, "payments": rows})
    found = of(lake, "payment_delay_days")
    paid = found.facts["payments"].filter("counts")
    assert paid["payment_id"].sort().to_list() == ["p1", "p2", "p3"]
    assert paid["paid_on"].null_count() == 0


def test_a_maximum_is_made_of_the_payment_that_is_it(lake: Lake) -> None:
    found = of(lake, "payment_delay_max_days", day=JUNE)
    assert [row["payment_id"] for row in made(found, "payments")] == ["p3"]


def test_all_lines_of_the_only_funder_make_its_share(lake: Lake) -> None:
    found = of(lake, "largest_funder_share_ratio", who=C)
    assert found.value == 1
    assert amounts(found) == [10_000]


def test_a_share_of_everything_is_made_of_all_of_it(tmp_path: Path) -> None:
    more = [
        {**row, "siren": C, "purpose": f"n° {n}"} for n, row in enumerate(WORLD["grants"][:1] * 3)
    ]
    lake = lake_of(tmp_path, {**WORLD, "grants": [*WORLD["grants"], *more]})
    found = of(lake, "largest_funder_share_ratio", who=C)
    assert found.value == 1
    rows = found.facts["grants"]
    assert rows.filter("counts").height == 4
    assert rows.filter("decisive").height == 0


def test_what_a_directory_said_before_does_not_count(lake: Lake) -> None:
    found = of(lake, "employees", day=JUNE)
    assert [row["employees_band"] for row in made(found, "structures")] == ["21"]
    found = of(lake, "employees")
    assert [row["employees_band"] for row in made(found, "structures")] == ["12"]


def test_votes_that_made_a_change_are_shown(lake: Lake) -> None:
    found = of(lake, "voted_change_ratio")
    votes = {(r["programme"], r["year"]) for r in made(found, "budgets")}
    assert votes == {("163", 2018), ("163", 2019), (None, 2018), (None, 2019)}
    assert found.steps["budget"].height == 4
    assert {"voted_ppm", "weight_ppm", "all_p0"} <= set(found.steps["budget"].columns)


def test_delays_that_made_a_mean_are_shown(lake: Lake) -> None:
    found = of(lake, "funder_delay_days")
    assert {(r["funder_id"], r["year"]) for r in made(found, "funder_delays")} == {
        ("etat", 2019),
        ("slug:region", 2019),
    }


def test_a_missing_number_is_made_of_nothing(lake: Lake) -> None:
    found = of(lake, "debt_ratio", who=C)
    assert (found.value, found.facts) == (None, {})


def test_a_structure_that_failed_is_explained_and_is_not_in_the_panel(lake: Lake) -> None:
    assert of(lake, "grants_eur").in_panel
    assert not of(lake, "age_years", who=E).in_panel


def test_nothing_known_later_is_shown(lake: Lake) -> None:
    for name in list(INDICATORS)[::8]:
        for rows in of(lake, name).facts.values():
            assert rows["known_on"].max() <= YEAR_END  # type: ignore[operator]


def test_rates_of_all_are_shown_with_their_counts(lake: Lake) -> None:
    step = of(lake, "sector_failure_rate_ratio").steps["sector"].row(0, named=True)
    assert (step["sector"], step["failed"], step["size"]) == ("culture", 1, 4)
    peers = of(lake, "peer_loss_rate_ratio").steps["peer"].row(0, named=True)
    assert peers["size"] > 0


@pytest.mark.parametrize(
    ("indicator", "who", "code"),
    [("inconnu", A, "unknown-indicator"), ("grants_eur", "000000000", "nothing-known")],
)
def test_unknown_names_are_refused(lake: Lake, indicator: str, who: str, code: str) -> None:
    with pytest.raises(VeilleError) as error:
        of(lake, indicator, who)
    assert error.value.code == code
    assert list(lake.root.parent.glob("features/work/*/*")) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_facts_that_count_are_enough(tmp_path: Path, seed: int) -> None:
    # The structure left with the facts that count only has the same number, but for what all share.
    world = draw_world(random.Random(seed), 12, late=0.1)
    day = date(2020, 12, 31)
    lake = lake_of(tmp_path / "all", world)
    who = panel_of(LakeFacts(lake), day)["structure_id"][0]
    tried = 0
    for name in INDICATORS:
        if wanted([name]).shared:
            continue
        found = of(lake, name, who, day)
        lines = {t: set(rows.filter("counts")["source_row"]) for t, rows in found.facts.items()}
        kept = {
            table: [
                row
                for at, row in enumerate(rows, start=2)
                if row.get("siren") != who or table == "events" or at in lines.get(table, ())
            ]
            for table, rows in world.items()
        }
        rows = panel_of(kept, day).filter(structure_id=who)
        if rows.height:  # without its other lines it may not be in the list
            tried += 1
            assert rows[name][0] == found.value, name
    assert tried > 10
