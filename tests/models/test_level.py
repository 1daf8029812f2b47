"""Level of a coming year: half way by default, where past years say so, nowhere with few."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import expit, logit

from models.calibration import Calibration
from models.level import FEWEST_YEARS, SHARE, SHARE_SD, Year, anchored, yearly_rates
from models.risk_model import RiskModel
from models.single import SingleRow
from tests.models.conftest import HORIZONS, Panel

CALIBRATION = Calibration(0.9, np.array([-0.2, 0.1, 0.3]), np.diag([0.01, 0.02, 0.02, 0.03]))
USUAL = np.array([0.10, 0.14, 0.12])


def year(level: float, known: np.ndarray = USUAL, rate: float = np.nan, seed: int = 0) -> Year:
    """Return 4,000 rows around a level of log-odds; `rate` is that of what happened."""
    scores = np.random.default_rng(seed).normal(level, 1.0, 4000)
    return Year(scores, np.ones(4000), known, 4000 * rate)


def mean(of: Calibration, at: Year, more: float = 0.0) -> float:
    return float(expit(of.apply(at.scores, 1) + more).mean())


def moved(found: Calibration) -> float:
    return float(found.shifts[1] - CALIBRATION.shifts[1])


def test_without_past_years_the_level_goes_half_way_to_the_usual_one() -> None:
    coming = year(-3.5)
    found = anchored(CALIBRATION, 1, coming, [])
    assert mean(CALIBRATION, coming) < mean(found, coming) < USUAL.mean()
    assert mean(found, coming, moved(found)) == pytest.approx(USUAL.mean(), abs=1e-9)


def test_past_years_say_which_of_the_two_to_believe() -> None:
    coming = year(-3.5)
    levels = (-4.0, -3.2, -1.2, -0.8)
    said = [mean(CALIBRATION, year(level)) for level in levels]
    whole = 2 * moved(anchored(CALIBRATION, 1, coming, []))
    shares = [
        moved(anchored(CALIBRATION, 1, coming, past)) / whole
        for past in (
            [year(level, rate=p) for level, p in zip(levels, said, strict=True)],
            [year(level, rate=float(USUAL.mean())) for level in levels],
        )
    ]
    assert 0 <= shares[0] < 0.1
    assert 0.9 < shares[1] <= 1


def test_the_share_stays_between_the_two_levels() -> None:
    coming, levels = year(-3.5), (-4.5, -4.0, -0.5)
    whole = 2 * moved(anchored(CALIBRATION, 1, coming, []))
    further = [year(level, rate=0.9 if level < -2 else 0.01) for level in levels]
    away = [year(level, rate=0.001 if level < -2 else 0.9) for level in levels]
    assert moved(anchored(CALIBRATION, 1, coming, further)) == pytest.approx(whole)
    assert moved(anchored(CALIBRATION, 1, coming, away)) == 0.0


def test_it_is_nearer_than_either_where_both_are_half_right() -> None:
    """Worlds whose level is a third of the way, with a noise from year to year."""
    rng = np.random.default_rng(5)
    errors = []
    for world in range(60):
        usual = float(logit(USUAL.mean()))
        past = []
        for k in range(6):
            at = year(rng.normal(-2.3, 0.6), seed=100 * world + k)
            own = float(logit(mean(CALIBRATION, at)))
            level = expit(own + (usual - own) / 3 + rng.normal(0, 0.15))
            past.append(replace(at, events=4000 * float(level)))
        coming, truth = past[0], past[0].events / 4000
        found = anchored(CALIBRATION, 1, replace(coming, events=np.nan), past[1:])
        levels = [mean(CALIBRATION, coming), mean(found, coming), USUAL.mean()]
        errors.append([logit(p) - logit(truth) for p in levels])
    model, both, history = np.sqrt(np.square(errors).mean(0))
    assert both < 0.8 * model
    assert both < 0.8 * history


def test_with_few_known_years_nothing_moves() -> None:
    few = USUAL[: FEWEST_YEARS - 1]
    assert anchored(CALIBRATION, 1, year(-3.5, few), [year(-3.0, rate=0.2)]) is CALIBRATION
    nobody = Year(np.zeros(0), np.zeros(0), USUAL)
    assert anchored(CALIBRATION, 1, nobody, [year(-3.0, rate=0.2)]) is CALIBRATION
    none = anchored(CALIBRATION, 1, year(-3.5), [])
    young = anchored(CALIBRATION, 1, year(-3.5), [year(-4.0, few, rate=0.2)])
    np.testing.assert_array_equal(young.shifts, none.shifts)
    old = anchored(CALIBRATION, 1, year(-3.5), [year(-4.0, rate=0.2)])
    assert moved(old) > moved(none)


def test_rates_of_no_level_move_nothing() -> None:
    assert anchored(CALIBRATION, 1, year(-3.5, np.zeros(4)), []) is CALIBRATION
    assert anchored(CALIBRATION, 1, year(-3.5, np.ones(4)), []) is CALIBRATION


def test_a_past_year_without_any_event_is_no_accident() -> None:
    found = anchored(CALIBRATION, 1, year(-3.5), [year(-4.0, rate=0.0)])
    assert np.isfinite(found.shifts).all()
    assert np.isfinite(found.covariance).all()


def test_every_horizon_moves_as_much_and_the_doubt_of_the_share_widens_intervals() -> None:
    coming = year(-3.5)
    found = anchored(CALIBRATION, 1, coming, [])
    np.testing.assert_allclose(found.shifts - CALIBRATION.shifts, moved(found))
    assert found.slope == CALIBRATION.slope
    whole = moved(found) / SHARE
    more = found.covariance - CALIBRATION.covariance
    np.testing.assert_allclose(more[1:, 1:], (SHARE_SD * whole) ** 2)
    np.testing.assert_array_equal(more[0], 0.0)
    assert np.linalg.eigvalsh(found.covariance).min() > 0
    # past years leave less doubt
    told = anchored(CALIBRATION, 1, coming, [year(-4.0, rate=0.07), year(-1.0, rate=0.18)])
    assert told.covariance[1, 1] < found.covariance[1, 1]


def test_a_row_that_stands_for_three_counts_as_three() -> None:
    coming, past = year(-3.5), year(-3.0, rate=0.10, seed=1)
    weights = np.where(np.arange(4000) < 1000, 3.0, 1.0)
    times = weights.astype(int)
    heavy = anchored(
        CALIBRATION,
        1,
        replace(coming, weights=weights),
        [replace(past, weights=weights, events=600.0)],
    )
    repeated = anchored(
        CALIBRATION,
        1,
        Year(np.repeat(coming.scores, times), np.ones(6000), USUAL),
        [Year(np.repeat(past.scores, times), np.ones(6000), USUAL, 600.0)],
    )
    np.testing.assert_allclose(heavy.shifts, repeated.shifts, rtol=1e-9)
    np.testing.assert_allclose(heavy.covariance, repeated.covariance, rtol=1e-9)
    assert moved(heavy) != pytest.approx(moved(anchored(CALIBRATION, 1, coming, [past])))


def test_the_rate_of_a_year_is_that_of_its_rows_at_one_horizon() -> None:
    days = [date(2019, 6, 30), date(2019, 12, 31), date(2019, 12, 31), date(2020, 6, 30)]
    labels = pl.DataFrame(
        {
            "as_of": [*days, *days][::-1],
            "horizon_months": [6] * 4 + [12] * 4,
            "event": [1, 1, 1, 1, 0, 1, 0, 0],
        },
        schema_overrides={"event": pl.Int8},
    )
    np.testing.assert_allclose(yearly_rates(labels, 12), [1 / 3, 0.0])
    assert len(yearly_rates(labels, 18)) == 0


def test_an_anchored_model_scores_one_row_as_many_and_is_read_as_written(
    model: RiskModel, panel: Panel, tmp_path: Path
) -> None:
    rows = panel.between(date(2020, 1, 1), date(2020, 1, 1)).rows.head(60)
    scores = model.raw_members(rows)[0].mean(2)[1]
    coming = Year(scores, np.ones(60), np.array([0.3, 0.35, 0.4]))
    found = replace(model, calibration=anchored(model.calibration, 1, coming, []))
    whole = found.predict(rows)
    assert (whole["p_12m"] > model.predict(rows)["p_12m"]).all()
    assert (whole["p_6m"] <= whole["p_12m"]).all()
    assert (whole["p_12m"] <= whole["p_18m"]).all()
    found.save(tmp_path / "model")
    again = RiskModel.load(tmp_path / "model")
    assert again.predict(rows).equals(whole)
    single = SingleRow(again)
    columns = [f"{name}_{months}m" for months in HORIZONS for name in ("p", "low", "high")]
    each = [np.concatenate(single.predict(row)) for row in rows.select(single.names).iter_rows()]
    np.testing.assert_allclose(np.array(each), whole.select(columns).to_numpy(), atol=1e-12)
