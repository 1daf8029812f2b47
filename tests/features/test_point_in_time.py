"""No fact reaches an indicator, a cohort or a score before the day it could be known.

Facts known after the day are added, changed, moved and deleted at random: nothing may change, to
the last bit. The same machinery, given facts that claim to be known too early, must see it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import narwhals as nw
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from data.drafts import with_machine_columns
from features.catalogue import INDICATORS
from features.engines import Engine
from features.engines.base import Frame
from features.facts import MemoryFacts
from models.risk_model import RiskModel
from models.spec import FeatureSpec, FitParams
from tests.features.worlds import (
    DRAWS,
    Difference,
    World,
    differences,
    draw_world,
    panel_of,
    tables,
    tampered,
)
from training.cohort import cohort, funding_cohort
from training.targets import TARGETS

SIZE = 7
DAYS = (date(2019, 12, 31), date(2018, 12, 31), date(2020, 2, 29), date(2019, 6, 30))
# a failing case is its seed: it is not made smaller, each try costs half a second
unhurried = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)


@pytest.fixture(scope="module")
def scores() -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Return the predictions of a small model fitted once, on a world of its own."""
    rng = random.Random(3)
    rows = panel_of(draw_world(rng, 60), *(date(year, 12, 31) for year in range(2015, 2020)))
    labels = rows.select(
        "structure_id",
        "as_of",
        pl.lit(12, pl.Int32).alias("horizon_months"),
        pl.Series("event", [int(rng.random() < 0.3) for _ in range(rows.height)], pl.Int8),
    )
    model = RiskModel.fit(
        rows,
        labels,
        None,
        None,
        target="failure",
        features=[FeatureSpec(i.name, i.kind, i.direction) for i in INDICATORS.values()],
        horizons_months=(12,),
        params=FitParams(members=2, max_rounds=20, patience=5, learning_rate=0.3, num_leaves=5),
        num_threads=1,
    )

    def predict(panel: pl.DataFrame) -> pl.DataFrame:
        # a plain function: Hypothesis would print the whole model beside each failure
        return model.predict(panel)

    return predict


def cohorts(panel: pl.DataFrame, world: World, as_of: date) -> dict[str, pl.DataFrame]:
    """Return every cohort of `panel`, and the funding cohorts with their amounts."""
    grants = with_machine_columns(tables(world)["grants"]).lazy()
    loss = TARGETS["funding_loss"]
    everyone = replace(loss, scope="all", min_amount_eur=0)
    return {
        "failure": cohort(panel, grants, TARGETS["failure"]),
        "funding_loss": cohort(panel, grants, loss),
        "funding_loss, all funders": cohort(panel, grants, everyone),
        "amounts": funding_cohort(grants, loss, as_of),
        "amounts, all funders": funding_cohort(grants, everyone, as_of),
    }


@dataclass(frozen=True)
class Case:
    """Two worlds alike in all that is known on a day; shrinks to few structures and tables."""

    seed: int
    size: int
    late: float
    as_of: date
    touched: frozenset[str] = frozenset(DRAWS)

    def worlds(self) -> tuple[World, World]:
        rng = random.Random(self.seed)
        world = draw_world(rng, self.size, late=self.late)
        other = tampered(rng, world, self.as_of, self.size)
        return world, {name: (other if name in self.touched else world)[name] for name in world}


cases = st.builds(
    Case,
    seed=st.integers(0, 2**32),
    size=st.integers(1, 10),
    late=st.sampled_from((0.5, 0.1, 0.9)),
    as_of=st.sampled_from(DAYS),
    touched=st.frozensets(st.sampled_from(sorted(DRAWS)), min_size=1).map(
        # mostly everything at once; single tables when a failure is made small
        lambda chosen: frozenset(DRAWS) if len(chosen) > 2 else chosen
    ),
)


@given(case=cases)
@settings(unhurried, max_examples=30)
def test_nothing_known_later_changes_indicators_cohorts_or_scores(
    scores: Callable[[pl.DataFrame], pl.DataFrame], case: Case
) -> None:
    as_of = case.as_of
    world, other = case.worlds()
    before, after = panel_of(world, as_of), panel_of(other, as_of)
    assert differences(before, after) == []
    if before.is_empty():
        return
    members = cohorts(before, world, as_of)
    for name, frame in cohorts(after, other, as_of).items():
        assert members[name].equals(frame), name
    assert scores(before).equals(scores(after))


@given(case=cases)
@example(case=Case(0, SIZE, 0.5, DAYS[0]))
@settings(unhurried, max_examples=3)
def test_nothing_known_later_changes_indicators_on_duckdb(case: Case) -> None:
    before, after = (panel_of(w, case.as_of, engine="duckdb") for w in case.worlds())
    assert differences(before, after) == []


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "worlds"), [("polars", 400), ("duckdb", 60)])
def test_nothing_known_later_changes_indicators_in_many_worlds(engine: str, worlds: int) -> None:
    for seed in range(worlds):
        case = Case(seed, 3 + seed % 12, (0.1, 0.5, 0.9)[seed % 3], DAYS[seed % len(DAYS)])
        before, after = (panel_of(w, case.as_of, engine=engine) for w in case.worlds())
        assert differences(before, after) == [], f"seed {seed}"


@dataclass(frozen=True)
class Leaky:
    """Facts of which one table claims to be known years before it was."""

    honest: MemoryFacts
    table: str

    def load(self, engine: Engine, table: str) -> Frame:
        frame = self.honest.load(engine, table)
        if table != self.table:
            return frame
        return frame.with_columns((nw.col("known_day") - 1500).cast(nw.Int32).alias("known_day"))


@pytest.mark.parametrize(
    ("table", "engine"), [*((table, "polars") for table in sorted(DRAWS)), ("payments", "duckdb")]
)
def test_a_leak_of_any_table_would_be_seen(table: str, engine: str) -> None:
    as_of = DAYS[0]
    touched = Case(11, 25, 0.5, as_of, frozenset({table}))
    before, after = (
        panel_of(Leaky(MemoryFacts(tables(facts)), table), as_of, engine=engine)
        for facts in touched.worlds()
    )
    assert differences(before, after) != []


def test_every_indicator_can_be_reached_by_the_facts_of_these_worlds() -> None:
    # An indicator that is always missing, or the same for all, would prove nothing above.
    panels = pl.concat(
        panel_of(draw_world(random.Random(seed), 30, late=0.1), *DAYS[:2]) for seed in range(3)
    )
    constant = [name for name in INDICATORS if panels[name].drop_nulls().n_unique() < 2]
    assert constant == []


def test_every_indicator_moves_when_the_past_changes() -> None:
    # The teeth of the comparison itself, indicator by indicator.
    left, right = (
        panel_of(draw_world(random.Random(seed), 40, late=0.1), DAYS[0]) for seed in (21, 22)
    )
    both = left.join(right, on="structure_id", how="semi")
    other = right.join(left, on="structure_id", how="semi")
    seen = {d.column for d in differences(both, other) if isinstance(d, Difference)}
    assert seen == set(INDICATORS)


def test_one_bit_is_a_difference() -> None:
    left = pl.DataFrame({"structure_id": ["a"], "as_of": [DAYS[0]], "x": [0.1 + 0.2]})
    right = left.with_columns(x=pl.lit(0.3))
    assert differences(left, right) == [Difference("a", "x", 0.1 + 0.2, 0.3)]
    assert differences(left, left) == []
    missing = left.with_columns(x=pl.lit(None, pl.Float64))
    assert differences(left, missing) == [Difference("a", "x", 0.1 + 0.2, None)]
