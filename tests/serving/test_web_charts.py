"""Geometry of the drawings: what is drawn is what is said."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.single import sigmoid
from serving.web import charts

contributions = st.lists(st.floats(min_value=-3, max_value=3), max_size=40)
bases = st.floats(min_value=-6, max_value=3)


def reasons(effects: list[float]) -> list[dict[str, Any]]:
    ordered = sorted(effects, key=abs, reverse=True)
    return [
        {"indicator": f"i{n}", "label": f"I{n}", "contribution": effect, "value": 1.0}
        | {"unit": "count", "text": None}
        for n, effect in enumerate(ordered)
    ]


@given(bases, contributions)
def test_the_waterfall_ends_at_the_score(base: float, effects: list[float]) -> None:
    score = base + math.fsum(effects)
    drawn = charts.waterfall(base, score, reasons(effects))
    steps = drawn.steps
    assert steps[0].kind == "base"
    assert steps[-1].kind == "score"
    assert steps[-1].probability == pytest.approx(sigmoid(score))
    if len(steps) > 2:
        assert steps[-2].probability == pytest.approx(sigmoid(score), abs=2e-3)
    for before, after in pairwise(steps):
        assert after.origin == pytest.approx(before.end, abs=0.5)


@given(bases, contributions)
def test_nothing_is_drawn_outside(base: float, effects: list[float]) -> None:
    drawn = charts.waterfall(base, base + math.fsum(effects), reasons(effects))
    for step in drawn.steps:
        assert 0 <= step.start <= step.start + step.width <= 101
    assert all(0 < tick.at < 100 for tick in drawn.ticks)
    assert len(drawn.ticks) <= 6


def test_the_last_bar_gathers_what_is_not_listed() -> None:
    # -3 + 1.0 (listed) + 0.5 (not listed) = -1.5
    drawn = charts.waterfall(-3.0, -1.5, reasons([1.0]))
    assert [step.kind for step in drawn.steps] == ["base", "up", "rest", "score"]
    assert drawn.steps[2].effect == pytest.approx(0.5)


def test_a_reason_that_lowers_goes_left() -> None:
    drawn = charts.waterfall(-2.0, -3.0, reasons([-1.0]))
    bar = drawn.steps[1]
    assert bar.kind == "down"
    assert bar.end < bar.origin
    assert bar.start == bar.end


@given(st.floats(min_value=-30, max_value=30))
def test_sigmoid_and_logit_are_inverse(score: float) -> None:
    p = sigmoid(score)
    assert 0 < p < 1
    if 1e-9 < p < 1 - 1e-9:
        assert charts.logit(p) == pytest.approx(score, abs=1e-6)


def test_the_gauge_keeps_its_scale() -> None:
    gauge = charts.gauge(0.25, 0.16, 0.36)
    assert gauge == charts.Gauge(at=50.0, start=40.0, width=20.0)
    assert charts.gauge(None, None, None) is None


def line(year: int, level: str, amount: float) -> dict[str, Any]:
    return {"fiscal_year": year, "funder_level": level, "amount_eur": amount}


def test_the_history_stacks_levels_and_keeps_empty_years() -> None:
    drawn = charts.history(
        [line(2022, "state", 60), line(2022, "region", 20), line(2024, "state", 40)]
    )
    assert drawn is not None
    assert [year.year for year in drawn.years] == [2022, 2023, 2024]
    assert drawn.years[1].blocks == ()
    state, region = drawn.years[0].blocks
    assert region.y + region.height == pytest.approx(state.y, abs=0.2)
    assert state.height == pytest.approx(3 * region.height, abs=0.3)
    assert state.y + state.height == pytest.approx(drawn.base, abs=0.2)
    assert drawn.years[0].total == 80


def test_a_recovery_is_counted_and_never_drawn() -> None:
    drawn = charts.history([line(2024, "commune", -1_500.0), line(2024, "state", 1_000.0)])
    assert drawn is not None
    assert [block.level for block in drawn.years[0].blocks] == ["state"]
    assert drawn.years[0].total == -500
    assert drawn.amounts[2024]["commune"] == -1_500


def test_only_recoveries_still_make_a_drawing() -> None:
    drawn = charts.history([line(2024, "commune", -10.0)])
    assert drawn is not None
    assert drawn.years[0].blocks == ()


def test_no_funding_is_no_drawing() -> None:
    assert charts.history([]) is None


@given(
    st.lists(
        st.tuples(st.integers(2005, 2030), st.sampled_from(["state", "x"]), st.floats(-1e9, 1e9)),
        min_size=1,
        max_size=30,
    )
)
def test_every_history_fits(lines: list[tuple[int, str, float]]) -> None:
    drawn = charts.history([line(*one) for one in lines])
    assert drawn is not None
    for year in drawn.years:
        for block in year.blocks:
            assert block.y >= 0
            assert 0 <= block.x <= block.x + block.width <= 100.1
    assert all(0 <= tick.at <= drawn.height for tick in drawn.ticks)
