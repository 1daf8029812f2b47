"""The benchmark compares like with like: both sides give the same values, and it would show."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmarks.features import CORE, by_hand, by_job, differences
from benchmarks.grants import AS_OF, FUNDERS, generate
from features.engines import ENGINES

LINES = 4_000


@pytest.fixture(scope="module")
def grants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "grants.parquet"
    generate(LINES).write_parquet(path)
    return path


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_the_job_and_the_sql_by_hand_give_the_same_values(grants: Path, engine: str) -> None:
    job, hand = by_job(grants, AS_OF, engine), by_hand(grants, AS_OF)
    assert job.height > 100
    assert differences(job, hand) == {}
    # Every rule has had work to do: no column is constant or wholly missing.
    assert all(job[name].drop_nulls().n_unique() > 1 for name in CORE)


def test_a_wrong_value_and_a_missing_structure_are_told(grants: Path) -> None:
    hand = by_hand(grants, AS_OF)
    raised = hand.with_columns(
        pl.when(pl.int_range(pl.len()) < 3)
        .then(pl.col("grants_eur") + 0.01)
        .otherwise("grants_eur")
        .alias("grants_eur")
    )
    assert differences(raised, hand) == {"grants_eur": 3}
    assert differences(hand.head(-2), hand) == {"structure_id": 2}


def test_the_generated_lines_exercise_the_rules() -> None:
    lines = generate(LINES)
    assert lines.height == LINES
    assert lines.equals(generate(LINES))
    years = lines.group_by("funder_id").agg(pl.col("fiscal_year").n_unique().alias("n"))["n"]
    assert years.len() <= FUNDERS
    assert years.min() < years.max()
    assert set(lines["stage"].unique()) == {"awarded", "paid"}
    assert (lines["amount_cents"] < 0).any()
    assert lines["decided_on"].null_count() > 0
