"""Trees are as large as the events allow, unless a search chose their size."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from models import spec
from models.risk_model import RiskModel
from models.spec import DEEP_TREES, LARGE_EVENTS, LARGE_TREES, SIZE, SMALL_ROWS, FitParams
from tests.models.conftest import FEATURES, HORIZONS, simulate


def test_few_events_leave_the_size_to_the_hold_out() -> None:
    sizes = FitParams(seed=3, members=5).sizes(LARGE_EVENTS - 1, SMALL_ROWS)
    usual = FitParams(seed=3, members=5)
    assert sizes == {"": usual, "deep": replace(usual, **DEEP_TREES)}


def test_a_large_panel_of_few_events_keeps_the_usual_size() -> None:
    assert FitParams().sizes(LARGE_EVENTS - 1, SMALL_ROWS + 1) == {"": FitParams()}


@pytest.mark.parametrize("rows", [SMALL_ROWS, SMALL_ROWS + 1])
def test_many_events_get_larger_trees_and_change_nothing_else(rows: int) -> None:
    sizes = FitParams(seed=3, members=5).sizes(LARGE_EVENTS, rows)
    assert sizes == {"": replace(FitParams(seed=3, members=5), **LARGE_TREES)}
    assert sizes[""].num_leaves > FitParams().num_leaves


@pytest.mark.parametrize("name", SIZE)
@pytest.mark.parametrize("events", [10, 10**6])
def test_a_chosen_size_is_kept(name: str, events: int) -> None:
    chosen = replace(FitParams(), **{name: DEEP_TREES[name]})
    assert chosen.sizes(events, 100) == {"": chosen}


def test_a_fit_counts_the_structures_with_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = simulate(400, 4)
    early = panel.between(date(2015, 1, 1), date(2018, 1, 1))
    struck = (
        early.labels.filter((early.labels["event"] == 1) & (early.labels["horizon_months"] == 18))
        .get_column("structure_id")
        .n_unique()
    )

    def fitted() -> RiskModel:
        return RiskModel.fit(
            early.rows,
            early.labels,
            None,
            None,
            target="failure",
            features=FEATURES,
            horizons_months=HORIZONS,
            params=FitParams(members=2),
        )

    monkeypatch.setattr(spec, "LARGE_EVENTS", struck)
    large = fitted()
    assert large.params.num_leaves == LARGE_TREES["num_leaves"]
    monkeypatch.setattr(spec, "LARGE_EVENTS", struck + 1)
    assert fitted().params == FitParams(members=2)
    # what is fitted like another has its size, however few its own events
    like = RiskModel.fit(
        early.rows.head(300),
        early.labels.join(early.rows.head(300), on=["structure_id", "as_of"], how="semi"),
        None,
        None,
        target="failure",
        features=FEATURES,
        horizons_months=HORIZONS,
        params=FitParams(members=3, seed=5),
        like=large,
    )
    assert like.params == replace(large.params, members=3, seed=5)
