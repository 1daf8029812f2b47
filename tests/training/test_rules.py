"""The rule of points: what it counts, and that every indicator in it exists with its sign."""

from __future__ import annotations

import polars as pl
import pytest

from features.catalogue import INDICATORS
from training.rules import POINTS, points
from training.targets import TARGETS


def test_points_add_up_and_the_unknown_gives_none() -> None:
    rows = pl.DataFrame(
        {
            "debt_ratio": [0.2, 0.1, None],
            "alerts_three_years_count": [1.0, 0.0, None],
            "grants_change_1y_ratio": [-0.5, 0.5, None],
        }
    )
    found = points(rows, "failure")
    assert found is not None
    assert found.to_list() == [5.0, 0.0, 0.0]
    assert points(rows.select(pl.lit(1).alias("x")), "failure") is None
    assert points(rows, "panel-firms") is None


@pytest.mark.parametrize("target", POINTS)
def test_every_rule_is_on_an_indicator_of_the_catalogue(target: str) -> None:
    assert target in TARGETS
    for name, side, _, worth in POINTS[target]:
        sign = INDICATORS[name].direction
        assert worth > 0
        assert sign in ({0, 1} if side == "above" else {0, -1})
