"""Subgroups: every row in one group of each grouping, figures of that group alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.spec import FeatureSpec
from training.metrics import evaluate
from training.subgroups import groupings, stability, subgroups

FEATURES = (
    FeatureSpec("region", "categorical"),
    FeatureSpec("age_years"),
    FeatureSpec("debt"),
    FeatureSpec("name", "categorical"),
)


@pytest.fixture(scope="module")
def test_rows() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    n = 900
    p = rng.beta(1, 6, n)
    return pl.DataFrame(
        {
            "structure_id": [f"s{i}" for i in range(n)],
            "event": (rng.random(n) < p).astype(np.int8),
            "p": p,
            "region": ["32"] * 500 + ["93"] * 390 + [None] * 10,
            "age_years": [1.0, 3.0, 12.0, None] * 225,
            "debt": [None, 1.0, 2.0] * 300,
            "name": [f"n{i}" for i in range(n)],
        }
    )


def test_every_row_is_in_one_group_of_each_grouping(test_rows: pl.DataFrame) -> None:
    found = groupings(test_rows, FEATURES)
    assert set(found) == {"region", "age_class", "coverage_class"}  # a name groups nothing
    assert all(groups.null_count() == 0 for groups in found.values())
    assert found["age_class"].head(4).to_list() == [
        "moins de 3",
        "de 3 à 10",
        "de 10 à 20",
        "inconnu",
    ]


def test_the_figures_are_those_of_the_group_alone(test_rows: pl.DataFrame) -> None:
    p = test_rows["p"].to_numpy()
    found = subgroups(test_rows, p, FEATURES, 0.1)
    by_region = {one["group"]: one for one in found if one["by"] == "region"}
    assert sum(one["n"] for one in by_region.values()) == test_rows.height
    north = test_rows.filter(pl.col("region") == "32")
    one = by_region["32"]
    assert (one["n"], one["positives"]) == (500, north["event"].sum())
    events, scores = north["event"].to_numpy(), north["p"].to_numpy()
    alone = evaluate(events, scores, north["structure_id"].to_numpy(), resamples=2)
    assert one["metrics"]["roc_auc"]["value"] == pytest.approx(alone["roc_auc"].value)
    assert one["ratio"]["value"] == pytest.approx(events.sum() / scores.sum())
    top = north.top_k(50, by="p")
    assert one["list"] == {
        "k": 50,
        "precision": pytest.approx(top["event"].mean()),
        "worst": pytest.approx(top["event"].mean()),  # no two scores are the same
        "best": pytest.approx(top["event"].mean()),
        "recall": pytest.approx(top["event"].sum() / events.sum()),
        "lift": pytest.approx(top["event"].mean() / events.mean()),
    }


def test_a_group_with_few_events_shows_its_size_only(test_rows: pl.DataFrame) -> None:
    found = subgroups(test_rows, test_rows["p"].to_numpy(), FEATURES, 0.1)
    (unknown,) = [one for one in found if (one["by"], one["group"]) == ("region", "inconnu")]
    assert unknown["n"] == 10
    assert unknown["metrics"] is unknown["ratio"] is unknown["list"] is None


def test_lists_of_two_days_are_compared_on_who_is_in_both() -> None:
    one = pl.DataFrame({"structure_id": list("abcdef"), "p": [6.0, 5, 4, 3, 2, 1]})
    same = stability(one, one.sample(fraction=1.0, shuffle=True, seed=1), k=2)
    assert same == {"both": 6, "k": 2, "overlap": 1.0, "rank_correlation": pytest.approx(1)}
    turned = stability(one, one.with_columns(p=-pl.col("p")), k=2)
    assert (turned["overlap"], turned["rank_correlation"]) == (0.0, pytest.approx(-1))
    assert stability(one.head(2), one.tail(2))["rank_correlation"] is None
