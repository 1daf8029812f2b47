"""Outcomes of a list: exact counts, exact intervals, alarms that fire when they should."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from training.outcomes import alarms, observed_over_expected, realised


def a_list(count: int, factor: float, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a list and what happened: `factor` times as often as announced."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 20, count)
    names = [f"s{i}" for i in range(count)]
    scores = pl.DataFrame(
        {
            "structure_id": names,
            "p_12m": p,
            "level": np.where(p > np.quantile(p, 0.9), "high", "low"),
        }
    )
    event = (rng.random(count) < factor * p).astype(np.int8)
    labels = pl.DataFrame({"structure_id": names, "event": event}).with_columns(
        pl.lit(12, pl.Int32).alias("horizon_months")
    )
    return scores, labels


def test_counts_are_those_of_the_list() -> None:
    scores, labels = a_list(2_000, 1.0)
    found = realised(scores, labels.head(1_500), 12)
    assert found is not None
    assert (found["n"], found["positives"]) == (1_500, labels.head(1_500)["event"].sum())
    assert found["expected"] == pytest.approx(scores["p_12m"].head(1_500).sum())
    both = scores.join(labels, on="structure_id").head(1_500).filter(pl.col("level") == "high")
    assert found["high"] == {
        "n": both.height,
        "positives": both["event"].sum(),
        "precision": both["event"].mean(),
        "recall": both["event"].sum() / found["positives"],
    }
    assert realised(scores, labels.clear(), 12) is None


def test_the_interval_is_that_of_garwood() -> None:
    # 10 events: 4.795 to 18.390, in every table of Poisson limits
    found = observed_over_expected(10, 1.0)
    assert (found.low, found.high) == pytest.approx((4.7954, 18.3904), abs=1e-3)
    none = observed_over_expected(0, 2.0)
    assert (none.value, none.low, none.high) == pytest.approx((0, 0, 3.6889 / 2), abs=1e-3)


@pytest.mark.parametrize(("factor", "codes"), [(1.0, []), (2.0, ["level"]), (0.4, ["level"])])
def test_the_level_alarm_fires_when_cases_are_not_those_announced(
    factor: float, codes: list[str]
) -> None:
    scores, labels = a_list(3_000, factor)
    found = realised(scores, labels, 12)
    assert found is not None
    assert [a.code for a in alarms(found, None)] == codes


def test_the_ranking_alarm_compares_with_what_was_promised() -> None:
    scores, labels = a_list(3_000, 1.0)
    turned = scores.with_columns(pl.col("p_12m").reverse())
    for listed, codes in ((scores, []), (turned, ["ranking"])):
        found = realised(listed, labels, 12)
        assert found is not None
        promised = {"roc_auc": {"value": 0.7, "low": 0.6, "high": 0.8}}
        assert [a.code for a in alarms(found, promised)] == codes
