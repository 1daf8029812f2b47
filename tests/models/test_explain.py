"""Reasons add up to the score, whichever way they are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from models.explain import by_theme
from models.risk_model import RiskModel
from models.spec import FitParams, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.models.conftest import Panel


HORIZONS = (6, 12, 18)
FORMS = ("linear", "boosted", "blend")


@pytest.fixture(scope="module", params=FORMS)
def formed(request: pytest.FixtureRequest, make_panel: Callable[..., Panel]) -> RiskModel:
    """Return a model of each form, built on the same members."""
    from dataclasses import replace

    from models.choice import Choice
    from models.fitting import fit_bag
    from models.sample import prepare

    panel = make_panel(300, 3)
    features = [c.spec for c in request.getfixturevalue("model").encoding.columns]
    params = FitParams(members=3, num_leaves=7)
    base = RiskModel.fit(
        panel.rows,
        panel.labels,
        panel.rows,
        panel.labels,
        target="failure",
        features=features,
        horizons_months=HORIZONS,
        params=params,
    )
    sample, _ = prepare(panel.rows, panel.labels, HORIZONS, features, params, "failure")
    rounds = 0 if request.param == "linear" else 25
    share = 0.5 if request.param == "blend" else 1.0
    choice = Choice(request.param, 10.0, rounds, share, "structure", {})
    bag = fit_bag(sample, base.encoding, HORIZONS, params, choice, num_threads=1)
    return replace(base, bag=bag)


@pytest.mark.parametrize("method", ["live", "batch"])
@pytest.mark.parametrize("months", HORIZONS)
def test_base_and_contributions_make_the_probability(
    formed: RiskModel, later: Panel, months: int, method: str
) -> None:
    rows = later.rows.head(300)
    why = formed.explain(rows, months, method=method)
    names = [f.name for f in formed.features]
    assert why.columns == ["structure_id", "as_of", "base_value", *names, "score_logit"]
    assert why["base_value"].n_unique() == 1
    total = why["base_value"].to_numpy() + why.select(names).to_numpy().sum(axis=1)
    np.testing.assert_allclose(total, why["score_logit"], rtol=0, atol=1e-12)
    p = 1 / (1 + np.exp(-why["score_logit"].to_numpy()))
    np.testing.assert_allclose(p, formed.predict(rows)[f"p_{months}m"], rtol=0, atol=1e-12)


def test_live_and_batch_agree(formed: RiskModel, later: Panel) -> None:
    rows = later.rows.head(200)
    live, batch = (
        formed.explain(rows, 12, method=m).drop("structure_id", "as_of").to_numpy()
        for m in ("live", "batch")
    )
    np.testing.assert_allclose(live, batch, rtol=0, atol=1e-10)


def test_contributions_are_centred_on_the_training_rows(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel]
) -> None:
    panel = make_panel(500, 3)
    model = fit(panel)
    if model.summary["form"] != "linear":
        model = fit(panel, params=FitParams(members=2, max_rounds=1, learning_rate=1e-9))
    why = model.explain(panel.rows, 12)
    for feature in model.features:
        assert why[feature.name].mean() == pytest.approx(0.0, abs=1e-6)


def test_a_worse_situation_is_the_reason(model: RiskModel, later: Panel) -> None:
    rows = later.rows.head(1).with_columns(overdue_days=pl.Series([0.0]))
    late = rows.with_columns(overdue_days=pl.Series([200.0]))
    calm, bad = (model.explain(r, 12)["overdue_days"][0] for r in (rows, late))
    assert bad > 0.5 > calm


def test_themes_keep_the_sum(model: RiskModel, later: Panel) -> None:
    why = model.explain(later.rows, 6)
    themes = by_theme(why, model.features)
    assert themes.columns == [
        *("structure_id", "as_of", "base_value", "payment", "funding", "structure", "score_logit")
    ]
    total = themes.select(pl.sum_horizontal("base_value", "payment", "funding", "structure"))
    np.testing.assert_allclose(total.to_series(), why["score_logit"], atol=1e-12)


def test_no_row_gives_no_row(model: RiskModel, later: Panel) -> None:
    assert model.explain(later.rows.clear(), 12).is_empty()
    assert model.predict(later.rows.clear()).is_empty()


def test_an_unknown_horizon_is_refused(model: RiskModel, later: Panel) -> None:
    with pytest.raises(ModelError) as error:
        model.explain(later.rows, 9)
    assert error.value.code == "unknown-horizon"
    assert "6, 12, 18" in str(error.value)
