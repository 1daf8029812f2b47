"""Members of a bag: what part of their weights is drawn, and the spread that is made of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models import fitting, intervals
from models.choice import Choice
from models.fitting import Bag, fit_bag
from models.sample import prepare
from models.spec import FitParams
from models.trees import forest_at
from tests.models.conftest import FEATURES, HORIZONS, Panel

PARAMS = FitParams(members=16, learning_rate=0.1, num_leaves=7)


@pytest.fixture
def spread(
    make_panel: Callable[..., Panel], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, float], tuple[Bag, float]]:
    """Return a function of a form and a part drawn: the bag, the spread of its trees (log-odds)."""
    panel = make_panel(2_000, 3)
    sample, encoding = prepare(panel.rows, panel.labels, HORIZONS, FEATURES, PARAMS, "failure")

    def of(form: str, drawn: float) -> tuple[Bag, float]:
        monkeypatch.setattr(fitting, "DRAWN", drawn)
        choice = Choice(form, 64.0, 30, 0.25 if form == "blend" else 1.0, "time", {})
        bag = fit_bag(sample, encoding, HORIZONS, PARAMS, choice, num_threads=2)
        trees = forest_at(bag.trees, 12, len(FEATURES), bag.scale).members(sample.codes)
        return bag, float(np.sqrt(intervals.variance(trees, np.zeros_like(trees))).mean())

    return of


def test_a_part_of_the_weights_is_drawn_and_the_spread_is_that_of_whole_draws(
    spread: Callable[[str, float], tuple[Bag, float]],
) -> None:
    whole, wide = spread("blend", 1.0)
    half, narrow = spread("blend", 0.5)
    assert (whole.stretch, half.stretch) == (1.0, 2.0)
    assert narrow < 0.7 * wide
    assert half.stretch * narrow == pytest.approx(wide, rel=0.25)


def test_trees_that_start_from_their_members_line_keep_its_whole_draw(
    spread: Callable[[str, float], tuple[Bag, float]],
) -> None:
    whole, wide = spread("boosted", 1.0)
    half, same = spread("boosted", 0.5)
    assert whole.stretch == half.stretch == 1.0
    assert same == wide
