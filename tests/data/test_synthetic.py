"""The synthetic France: same seed same world, honest facts, causal cuts, an oracle that does not
peek."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.contracts import TABLES
from data.lake import Lake
from data.sources.base import ReadOptions
from data.synthetic import ORACLE, OracleError, Shock, SyntheticError, World, simulate, write
from data.synthetic.emit import end_days, sirens
from data.synthetic.funders import make_lines
from data.synthetic.life import MERGER, UNSEEN
from data.synthetic.oracle import posterior
from data.synthetic.structures import BANDS

N = 2500


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(N, seed=7)


@pytest.fixture(scope="module")
def tables(world: World) -> dict[str, pl.DataFrame]:
    return world.tables()


def month_end(world: World, month: int) -> date:
    year, in_year = divmod(month + 1, 12)
    return date(world.start.year + year, in_year + 1, 1) - timedelta(days=1)


def luhn(code: str) -> bool:
    digits = [int(c) for c in reversed(code)]
    return sum(sum(divmod(d * (1 + k % 2), 10)) for k, d in enumerate(digits)) % 10 == 0


def test_same_seed_same_world() -> None:
    first, again = simulate(150, seed=3), simulate(150, seed=3)
    for name, frame in first.tables().items():
        assert_frame_equal(frame, again.tables()[name])
    days = [date(2020, 12, 31)]
    assert_frame_equal(first.oracle(days, replicates=2), again.oracle(days, replicates=2))


def test_another_seed_another_world() -> None:
    first, other = simulate(150, seed=3).tables(), simulate(150, seed=4).tables()
    assert not first["grants"].equals(other["grants"])


def test_every_table_is_written_and_numbered_once(tables: dict[str, pl.DataFrame]) -> None:
    # What the simulation has no use for: its units are never continued, rated nor taken back.
    absent = {"successions", "retractions", "ratings", "workforce"}
    assert set(tables) == set(TABLES) - absent
    assert all(frame.height > 0 for frame in tables.values())
    assert all((frame["source"] == "synthetic").all() for frame in tables.values())
    rows = pl.concat([frame["source_row"] for frame in tables.values()])
    assert rows.sort().to_list() == list(range(1, rows.len() + 1))


def test_identifiers_are_valid_and_fictitious(tables: dict[str, pl.DataFrame]) -> None:
    codes = tables["structures"]["siren"].unique().to_list()
    assert all(luhn(code) for code in codes)
    assert all(code.startswith("000") for code in codes)
    funders = set(tables["budgets"]["funder_id"]) - {"etat"}
    assert all(luhn(code) and code[2:4] == "99" for code in funders)
    names = tables["structures"]["name"].drop_nulls()
    assert names.str.contains("fictive").all()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("structures", "created_on"),
        ("structures", "ceased_on"),
        ("grants", "decided_on"),
        ("payments", "due_on"),
        ("payments", "paid_on"),
        ("events", "occurred_on"),
        ("accounts", "filed_on"),
        ("alerts", "raised_on"),
    ],
)
def test_nothing_is_known_before_it_happens(
    tables: dict[str, pl.DataFrame], table: str, column: str
) -> None:
    dated = tables[table].drop_nulls(column)
    assert dated.height > 0
    assert (dated["known_on"] >= dated[column]).all()


def test_nothing_happens_to_a_structure_that_has_ended(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    ended = pl.DataFrame(
        {"siren": sirens(world), "end": pl.Series(end_days(world).astype(np.int32)).cast(pl.Date)}
    )
    for table, column in (
        ("grants", "known_on"),
        ("payments", "known_on"),
        ("alerts", "raised_on"),
        ("debts", "known_on"),
        ("accounts", "filed_on"),
    ):
        late = tables[table].join(ended, on="siren").filter(pl.col(column) >= pl.col("end"))
        slack = 7 if table == "grants" else 0  # a decision is published within a week
        late = late.filter(pl.col(column) >= pl.col("end") + pl.duration(days=slack))
        assert late.is_empty(), table


def test_unpaid_and_paid_states_share_their_payment_id(tables: dict[str, pl.DataFrame]) -> None:
    payments = tables["payments"]
    states = payments.group_by("payment_id").agg(
        pl.len(), pl.col("paid_on").null_count().alias("owed"), pl.col("amount_eur").n_unique()
    )
    assert (states["owed"] == 1).all()
    assert states["len"].is_in([1, 2]).all()
    assert (states["amount_eur"] == 1).all()
    assert (states["len"] == 1).any()  # some are never paid


def test_budgets_are_voted_then_cancelled_then_executed(tables: dict[str, pl.DataFrame]) -> None:
    wide = tables["budgets"].pivot(
        "stage", index=["funder_id", "programme", "year"], values="amount_eur"
    )
    done = wide.drop_nulls("executed")
    assert (done["executed"] <= done["voted"]).all()
    cut = wide.drop_nulls("cancelled")
    assert 0 < cut.height < wide.height
    assert (cut["cancelled"] < cut["voted"]).all()


def test_a_merger_comes_with_a_cessation_the_same_day(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    events = tables["events"]
    merged = events.filter(pl.col("kind") == "merger")
    known = merged.join(
        events.filter(pl.col("kind") == "cessation"), on=["siren", "occurred_on"], how="semi"
    )
    assert merged.height == known.height > 0
    codes = sirens(world)[world.life.end == MERGER]
    assert set(merged["siren"]) <= set(codes)


def test_stuck_payments_can_be_read_in_the_facts(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    """The filter knows of stuck payments exactly when the payments table says so, no sooner."""
    codes, checked = sirens(world), 0
    for month in (40, 71, 100, 131):
        day, first = month_end(world, month), month_end(world, month - 1)
        owed = (
            tables["payments"]
            .filter(pl.col("known_on") <= day)
            .group_by("siren", "payment_id")
            .agg(pl.col("due_on").first(), pl.col("paid_on").max())
            .filter(pl.col("paid_on").is_null() & (pl.col("due_on") <= first))
        )
        late = np.isin(codes, owed["siren"].unique().to_list())
        seen = world.life.seen_stuck[:, month]
        alive = (world.life.end_month > month) & (seen != UNSEEN)
        np.testing.assert_array_equal(late[alive], seen[alive] == 1)
        checked += int(late[alive].sum())
    assert checked > 20


def test_pressure_can_be_computed_from_the_facts(
    world: World, tables: dict[str, pl.DataFrame]
) -> None:
    """What a fall of grants does to cash uses only grants and budgets known on that day."""
    month, law = 95, world.law.life
    days = [month_end(world, month - lag) for lag in (0, 12, 24)]
    grants = tables["grants"].with_columns(pl.col("amount_eur").cast(pl.Float64))
    last = grants.filter(pl.col("known_on").is_between(days[1], days[0], closed="right"))
    before = grants.filter(pl.col("known_on").is_between(days[2], days[1], closed="right"))
    by_funder = last.group_by("siren", "funder_id").agg(pl.col("amount_eur").sum())
    facts = (
        tables["structures"]
        .filter(pl.col("ceased_on").is_null())
        .select("siren", pl.col("budget_eur").cast(pl.Float64))
        .join(before.group_by("siren").agg(before=pl.col("amount_eur").sum()), on="siren")
        .join(
            by_funder.group_by("siren").agg(
                now=pl.col("amount_eur").sum(), squares=(pl.col("amount_eur") ** 2).sum()
            ),
            on="siren",
            how="left",
        )
        .with_columns(pl.col("now", "squares").fill_null(0.0))
    )
    lost = (1.0 - facts["now"] / facts["before"]).clip(0.0, 1.0)
    weight = (0.7 + 0.75 * facts["before"] / facts["budget_eur"]).clip(0.7, 1.3).fill_null(1.0)
    hhi = (facts["squares"] / facts["now"] ** 2).fill_nan(0.0)
    up = (law.up_cut * lost * (0.7 + 0.5 * hhi) * weight).to_numpy()
    position = np.searchsorted(sirens(world), facts["siren"].to_numpy())
    old = (world.population.entry[position] <= month - 23) & (
        world.life.end_month[position] > month
    )
    assert old.sum() > N / 3
    np.testing.assert_allclose(up[old], world.pressures[month].up[position][old], atol=2e-3)


def test_a_cut_hurts_those_it_pays_and_nobody_else() -> None:
    region = make_lines().funder_id[16 + 5]
    base = simulate(3000, seed=5)
    hit = simulate(3000, seed=5, shocks=[Shock(region, 2018, 0.8)])
    line = base.lines.funder_id.index(region)
    paid = (base.population.slot_line == line) & (base.awards.amount[:, :, 3] > 0)
    paid = paid.any(axis=1) & (base.population.entry == 0)
    other = ~(base.population.slot_line == line).any(axis=1)
    assert paid.sum() > 30
    np.testing.assert_array_equal(hit.life.end_month[other], base.life.end_month[other])
    np.testing.assert_array_equal(hit.life.tension[other], base.life.tension[other])
    after = slice(54, 84)
    np.testing.assert_array_equal(hit.life.tension[:, :48], base.life.tension[:, :48])
    assert hit.awards.amount[paid][:, :, 4].sum() < 0.95 * base.awards.amount[paid][:, :, 4].sum()
    rise = hit.life.tension[paid, after].mean() - base.life.tension[paid, after].mean()
    assert rise > 0.05


@pytest.mark.parametrize("day", [date(2014, 8, 31), date(2020, 6, 30), date(2024, 12, 31)])
def test_oracle_covers_the_structures_alive(world: World, day: date) -> None:
    found = world.oracle([day], (6, 12, 18), replicates=2)
    month = world.month_of(day)
    alive = (world.population.entry < month) & (world.life.end_month > month)
    assert found.height == 3 * alive.sum()
    assert set(found["siren"]) == set(sirens(world)[alive])
    wide = found.pivot("horizon_months", index="siren", values=["p_true", "p_observable"])
    for kind in ("p_true", "p_observable"):
        assert (wide[f"{kind}_6"] > 0).all()
        assert (wide[f"{kind}_6"] < wide[f"{kind}_12"]).all()
        assert (wide[f"{kind}_12"] < wide[f"{kind}_18"]).all()
        assert (wide[f"{kind}_18"] < 1).all()


def test_observable_is_the_mean_of_the_truth(world: World) -> None:
    days = [date(year, 12, 31) for year in range(2016, 2024)]
    found = world.oracle(days, (12,), replicates=2)
    gap = (found["p_true"] - found["p_observable"]).to_numpy()
    by_structure = found.with_columns(gap=gap).group_by("siren").agg(pl.col("gap").sum())["gap"]
    error = float(by_structure.std()) * len(by_structure) ** 0.5  # type: ignore[arg-type]
    assert abs(gap.sum()) < 3.5 * error
    assert found["p_true"].std() > found["p_observable"].std()  # type: ignore[operator]


def test_filter_follows_the_hidden_states(world: World) -> None:
    month = 95
    rows = np.flatnonzero((world.population.entry < month) & (world.life.end_month > month))
    law = posterior(world, rows, [month])[month]
    by_tension = law.sum(axis=(0, 2))
    np.testing.assert_allclose(by_tension.sum(axis=0), 1.0, atol=1e-4)
    for level in range(by_tension.shape[0]):
        chance = by_tension[level]
        seen = (world.life.tension[rows, month] == level).sum()
        assert abs(seen - chance.sum()) < 4.5 * np.sqrt((chance * (1 - chance)).sum())


def test_filter_ignores_what_comes_after(world: World) -> None:
    month, rows = 70, np.arange(400)
    before = posterior(world, rows, [month])[month]
    life = replace(
        world.life,
        **{
            name: np.where(np.arange(world.months) > month, 1, getattr(world.life, name)).astype(
                np.int8
            )
            for name in ("alert", "debt", "filing", "seen_stuck")
        },
    )
    blind = replace(world, life=life, pressures=world.pressures[:month] + world.pressures[:1] * 80)
    np.testing.assert_array_equal(posterior(blind, rows, [month])[month], before)


def test_some_values_are_missing(tables: dict[str, pl.DataFrame]) -> None:
    structures = tables["structures"]
    for column in ("rna", "esus", "naf", "commune", "employees_band", "budget_eur"):
        assert 0 < structures[column].null_count() < structures.height / 2 + N / 4, column
    assert 0.3 * N < tables["payments"]["siren"].n_unique() < 0.7 * N
    assert 0.3 * N < tables["debts"]["siren"].n_unique() < 0.8 * N
    bands = structures["employees_band"].drop_nulls().unique()
    assert set(bands) <= {code for code, *_ in BANDS}


def test_write_puts_the_oracle_apart_and_returns_the_facts(tmp_path: Path) -> None:
    world = simulate(120, seed=2)
    told: list[float] = []
    day = date(2022, 12, 31)
    parsed = write(
        tmp_path, world, [day], horizons_months=(12,), replicates=1,
        progress=lambda _step, share: told.append(share),
    )  # fmt: skip
    assert parsed.rows_in == sum(frame.height for frame in parsed.tables.values())
    assert parsed.rejects.is_empty()
    oracle = pl.read_parquet(tmp_path / ORACLE)
    assert oracle.columns == ["siren", "as_of", "horizon_months", "p_true", "p_observable"]
    assert json.loads((tmp_path / "oracle" / "synthetic.json").read_text("utf-8"))["synthetic"]
    assert sorted(path.name for path in (tmp_path / "oracle").iterdir()) == [
        "oracle.parquet",
        "synthetic.json",
    ]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_the_lake_takes_the_facts(tmp_path: Path) -> None:
    parsed = write(tmp_path, simulate(60, seed=2), [])
    made = tmp_path / "oracle" / "synthetic.json"
    manifest = Lake(tmp_path).commit(parsed, source="synthetic", file=made, options=ReadOptions())
    assert manifest.rows_kept == parsed.rows_in
    assert manifest.rows_rejected == 0
    assert not (tmp_path / ORACLE).exists()


def test_write_says_what_it_could_not_write(tmp_path: Path) -> None:
    (tmp_path / "oracle").write_text("occupé", "utf-8")
    with pytest.raises(OracleError, match="oracle-write"):
        write(tmp_path, simulate(20, seed=2), [])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"structures": 0}, "synthetic-size"),
        ({"start": date(2014, 2, 1)}, "synthetic-period"),
        ({"end": date(2015, 12, 31)}, "synthetic-period"),
        ({"shocks": [Shock("000000000", 2018, 0.5)]}, "synthetic-shock"),
        ({"shocks": [Shock("etat", 2018, 1.5)]}, "synthetic-shock"),
    ],
)
def test_impossible_worlds_are_refused(options: dict[str, object], code: str) -> None:
    with pytest.raises(SyntheticError, match=code):
        simulate(**{"structures": 10, **options})  # type: ignore[arg-type]


def test_oracle_refuses_a_day_inside_a_month(world: World) -> None:
    with pytest.raises(SyntheticError, match="synthetic-as-of"):
        world.oracle([date(2020, 6, 15)])
    with pytest.raises(SyntheticError, match="synthetic-as-of"):
        world.oracle([date(2030, 12, 31)])
