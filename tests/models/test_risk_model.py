"""The promises of a risk model: ordered, monotone, deterministic, at ease with poor panels."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.risk_model import RiskModel
from models.spec import FeatureSpec, FitParams, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.models.conftest import Panel


HORIZONS = (6, 12, 18)
KEYS = ["structure_id", "as_of"]
number = st.one_of(st.none(), st.floats(-1e9, 1e9), st.sampled_from([np.inf, -np.inf, np.nan]))
row = st.fixed_dictionaries(
    {
        "overdue_days": number,
        "change": number,
        "hhi": number,
        "age_years": number,
        "sector": st.one_of(st.none(), st.sampled_from(["culture", "social", "jamais vu", ""])),
    }
)
SCHEMA = {
    **dict.fromkeys(("overdue_days", "change", "hhi", "age_years"), pl.Float64),
    "sector": pl.String,
}


@given(rows=st.lists(row, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_probabilities_are_ordered_by_horizon_inside_their_interval(
    model: RiskModel, rows: list[dict[str, object]]
) -> None:
    scores = model.predict(pl.DataFrame(rows, schema=SCHEMA))
    p = scores.select([f"p_{h}m" for h in HORIZONS]).to_numpy()
    assert np.isfinite(p).all()
    assert ((p > 0) & (p < 1)).all()
    assert (np.diff(p, axis=1) >= 0).all()
    for h in HORIZONS:
        assert (scores[f"low_{h}m"] <= scores[f"p_{h}m"]).all()
        assert (scores[f"p_{h}m"] <= scores[f"high_{h}m"]).all()


@given(rows=st.lists(row, min_size=1, max_size=10), step=st.floats(0, 1e4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_higher_value_never_goes_against_its_direction(
    model: RiskModel, rows: list[dict[str, object]], step: float
) -> None:
    before = pl.DataFrame(rows, schema=SCHEMA)
    more = before.with_columns(pl.col("overdue_days") + step)
    less = before.with_columns(pl.col("change") + step)
    for h in HORIZONS:
        p = model.predict(before)[f"p_{h}m"]
        assert (model.predict(more)[f"p_{h}m"] >= p - 1e-12).all()
        assert (model.predict(less)[f"p_{h}m"] <= p + 1e-12).all()


def test_prediction_keeps_keys_and_order(model: RiskModel, later: Panel) -> None:
    shuffled = later.rows.sample(fraction=1.0, shuffle=True, seed=3)
    scores = model.predict(shuffled)
    assert scores.select(KEYS).equals(shuffled.select(KEYS))
    assert scores.columns == [
        *KEYS,
        *(f"{name}_{h}m" for h in HORIZONS for name in ("p", "low", "high")),
    ]
    again = scores.join(model.predict(later.rows), on=KEYS)
    np.testing.assert_allclose(again["p_12m"], again["p_12m_right"], rtol=1e-12)


def test_it_finds_most_of_the_signal(model: RiskModel, later: Panel) -> None:
    p = model.predict(later.rows)["p_12m"].to_numpy()
    truth = later.truth[:, 1]
    assert np.corrcoef(np.log(p), np.log(truth))[0, 1] > 0.8
    assert p.mean() == pytest.approx(truth.mean(), rel=0.25)


def test_the_same_fit_twice_and_with_other_threads_gives_the_same_bits(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel]
) -> None:
    panel = make_panel(400, 5)
    first, second = (fit(panel, num_threads=n) for n in (1, 2))
    assert first.bag.trees == second.bag.trees
    assert first.summary == second.summary
    assert first.predict(panel.rows).equals(second.predict(panel.rows, num_threads=1))


def test_another_seed_gives_another_bag(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel]
) -> None:
    panel = make_panel(300, 3)
    one, two = (fit(panel, params=FitParams(members=2, max_rounds=5, seed=seed)) for seed in (1, 2))
    assert not one.predict(panel.rows).equals(two.predict(panel.rows))


def test_save_and_load_give_back_the_same_bits(
    model: RiskModel, later: Panel, tmp_path: Path
) -> None:
    model.save(tmp_path / "a")
    loaded = RiskModel.load(tmp_path / "a")
    assert loaded.predict(later.rows).equals(model.predict(later.rows))
    assert loaded.explain(later.rows, 6).equals(model.explain(later.rows, 6))
    loaded.save(tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert (tmp_path / "b" / path.name).read_bytes() == path.read_bytes(), path.name
    assert {p.suffix for p in (tmp_path / "a").iterdir()} == {".json", ".npz", ".txt"}


def test_a_model_saved_before_draws_were_tempered_keeps_its_intervals(
    model: RiskModel, later: Panel, tmp_path: Path
) -> None:
    whole = replace(model, bag=replace(model.bag, stretch=1.0))
    whole.save(tmp_path)
    document = json.loads((tmp_path / "model.json").read_text("utf-8"))
    del document["trees_stretch"]
    (tmp_path / "model.json").write_text(json.dumps(document), "utf-8")
    assert RiskModel.load(tmp_path).predict(later.rows).equals(whole.predict(later.rows))


def test_a_folder_without_a_model_says_so(model: RiskModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        RiskModel.load(tmp_path)
    assert error.value.code == "no-model"
    model.save(tmp_path)
    (tmp_path / "member_01.txt").unlink()
    with pytest.raises(ModelError) as error:
        RiskModel.load(tmp_path)
    assert error.value.code == "bad-model"


def test_a_missing_value_never_seen_in_training_is_the_median_and_is_told(
    model: RiskModel, later: Panel
) -> None:
    rows = later.rows.head(50)
    holes = rows.with_columns(
        overdue_days=pl.lit(None, dtype=pl.Float64), hhi=pl.lit(None, dtype=pl.Float64)
    )
    told = model.unseen_missing(holes)
    assert told.columns == [*KEYS, "feature"]
    assert told["feature"].unique().to_list() == ["overdue_days"]  # hhi was missing in training
    assert told.height == 50
    assert model.unseen_missing(rows).is_empty()
    column = next(c for c in model.encoding.columns if c.spec.name == "overdue_days")
    filled = holes.with_columns(overdue_days=pl.lit(column.median))
    assert model.predict(holes).equals(model.predict(filled))


def test_an_unseen_category_takes_no_level_effect(model: RiskModel, later: Panel) -> None:
    rows = later.rows.head(20)
    new, other = (
        model.predict(rows.with_columns(sector=pl.lit(name))) for name in ("aéronautique", "zzz")
    )
    assert new.equals(other)
    known = [
        model.predict(rows.with_columns(sector=pl.lit(name)))["p_12m"].mean()
        for name in ("culture", "social", "sport", "insertion")
    ]
    assert min(known) <= new["p_12m"].mean() <= max(known)


@pytest.mark.parametrize("events", [1, 3, 12])
def test_few_events_give_a_cautious_model(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel], events: int
) -> None:
    panel = make_panel(200, 2)
    hit = panel.labels.with_columns(rank=pl.int_range(pl.len()).over("horizon_months"))
    labels = hit.with_columns(event=(pl.col("rank") < events).cast(pl.Int8)).drop("rank")
    model = RiskModel.fit(
        panel.rows,
        labels,
        None,
        None,
        target="failure",
        features=[c.spec for c in fit(panel).encoding.columns],
        horizons_months=HORIZONS,
        params=FitParams(members=3),
    )
    p = model.predict(panel.rows)["p_12m"]
    assert p.mean() == pytest.approx(events / panel.rows.height, rel=0.5, abs=2e-3)
    assert model.summary["form"] == "linear"


def test_no_event_at_all_is_refused(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel]
) -> None:
    panel = make_panel(50, 2)
    panel.labels.replace_column(3, panel.labels["event"] * 0)
    with pytest.raises(ModelError) as error:
        fit(panel)
    assert error.value.code == "no-events"
    assert "0 événement" in str(error.value)


def test_poor_columns_do_no_harm(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel]
) -> None:
    panel = make_panel(300, 3)
    poor = panel.rows.with_columns(
        constant=pl.lit(4.2),
        empty=pl.lit(None, dtype=pl.Float64),
        one_level=pl.lit("seul"),
        infinite=pl.lit(float("inf")),
        flag=pl.col("change") > 0,
    )
    base = fit(panel)
    extra = [
        FeatureSpec("constant"),
        FeatureSpec("empty", direction=1),
        FeatureSpec("one_level", "categorical"),
        FeatureSpec("infinite"),
        FeatureSpec("flag", direction=-1),
    ]
    model = RiskModel.fit(
        poor,
        panel.labels,
        None,
        None,
        target="failure",
        features=[*base.features, *extra],
        horizons_months=HORIZONS,
        params=base.params,
    )
    assert np.isfinite(model.predict(poor).drop(KEYS).to_numpy()).all()
    why = model.explain(poor.head(20), 12)
    for name in ("constant", "empty", "one_level", "infinite"):
        assert why[name].abs().max() < 1e-9, name


def test_one_day_and_one_horizon_are_enough(make_panel: Callable[..., Panel]) -> None:
    panel = make_panel(600, 1)
    model = RiskModel.fit(
        panel.rows,
        panel.labels.filter(pl.col("horizon_months") == 12),
        None,
        None,
        target="funding_loss",
        features=[FeatureSpec("change", direction=-1), FeatureSpec("overdue_days", direction=1)],
        horizons_months=(12,),
        params=FitParams(members=2, max_rounds=20),
    )
    assert model.summary["holdout"] == "structure"
    assert model.predict(panel.rows).columns == [*KEYS, "p_12m", "low_12m", "high_12m"]


def test_censored_labels_only_leave_their_own_horizon(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel]
) -> None:
    panel = make_panel(500, 4)
    last = panel.rows["as_of"].max()
    cut = panel.labels.filter((pl.col("as_of") < last) | (pl.col("horizon_months") == 6))
    model = RiskModel.fit(
        panel.rows,
        cut,
        None,
        None,
        target="failure",
        features=fit(panel).features,
        horizons_months=HORIZONS,
        params=FitParams(members=2, max_rounds=10),
    )
    full = panel.labels.filter(pl.col("event") == 1)["horizon_months"].value_counts()
    kept = cut.filter(pl.col("event") == 1)["horizon_months"].value_counts()
    assert model.summary["events"] == {str(h): n for h, n in sorted(kept.iter_rows())}
    assert full.filter(pl.col("horizon_months") == 6).equals(
        kept.filter(pl.col("horizon_months") == 6)
    )
    assert model.summary["last_as_of"] == str(last)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda rows: rows.drop("hhi"), "missing-column"),
        (lambda rows: rows.with_columns(hhi=pl.lit("beaucoup")), "bad-column-type"),
    ],
)
def test_wrong_rows_are_named(
    model: RiskModel, later: Panel, change: Callable[[pl.DataFrame], pl.DataFrame], code: str
) -> None:
    with pytest.raises(ModelError) as error:
        model.predict(change(later.rows))
    assert (error.value.code, error.value.where) == (code, "hhi")


def test_wrong_labels_are_refused(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel]
) -> None:
    panel = make_panel(60, 2)
    with pytest.raises(ModelError) as error:
        fit(panel, horizons_months=(6, 12))
    assert error.value.code == "unknown-horizon"
    twice = panel.labels.vstack(panel.labels.head(1))
    with pytest.raises(ModelError) as error:
        RiskModel.fit(
            panel.rows,
            twice,
            None,
            None,
            target="failure",
            features=[FeatureSpec("hhi")],
            horizons_months=HORIZONS,
        )
    assert error.value.code == "duplicate-label"


def test_calibration_follows_a_change_of_the_event_rate(
    make_panel: Callable[..., Panel], fit: Callable[..., RiskModel]
) -> None:
    train = make_panel(900, 2, seed=1)
    calm = make_panel(900, 1, seed=2, base=-4.5)
    raw, tuned = fit(train), fit(train, calm)
    truth = calm.truth[:, 1].mean()
    before, after = (m.predict(calm.rows)["p_12m"].mean() for m in (raw, tuned))
    assert abs(np.log(after / truth)) < abs(np.log(before / truth)) / 2
    assert tuned.calibration.events == calm.labels["event"].sum()


def test_days_are_read_as_dates(model: RiskModel) -> None:
    assert model.summary["first_as_of"] == str(date(2015, 1, 1))
