"""Transforms are learnt on training rows only and keep the order of the values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.encoding import Encoding
from models.spec import FeatureSpec, FitParams, ModelError

X = FeatureSpec("x", "numeric", 1)
C = FeatureSpec("c", "categorical")


def encoded(values: list[float | None], feature: FeatureSpec = X) -> Encoding:
    return Encoding.fit(pl.DataFrame({feature.name: values}), [feature], FitParams())


def test_a_numeric_column_becomes_about_normal_and_keeps_its_order() -> None:
    values = np.exp(np.random.default_rng(0).normal(size=5000) * 3)
    encoding = encoded(values.tolist())
    z = encoding.design(values[:, None]).dense[:, 0]
    assert z.mean() == pytest.approx(0, abs=0.02)
    assert z.std() == pytest.approx(1, abs=0.05)
    assert (np.diff(z[np.argsort(values)]) >= 0).all()
    outside = encoding.design(np.array([[-1e9], [1e9]])).dense[:, 0]
    assert outside.tolist() == [z.min(), z.max()]


def test_ties_share_the_middle_of_their_ranks() -> None:
    encoding = encoded([0.0] * 900 + list(range(1, 101)))
    z = encoding.design(np.array([[0.0], [100.0]])).dense[:, 0]
    assert z[0] == pytest.approx(-0.126, abs=0.02)  # the normal score of rank 0.45
    assert z[1] > 2


def test_missing_values_have_their_own_column_only_where_training_saw_some() -> None:
    seen = encoded([1.0, 2.0, None, 3.0])
    assert seen.dense_columns == [(0, False), (0, True)]
    assert seen.design(np.array([[np.nan]])).dense.tolist() == [[0.0, 1.0]]
    unseen = encoded([1.0, 2.0, 3.0, 4.0])
    assert unseen.dense_columns == [(0, False)]
    codes = unseen.codes(pl.DataFrame({"x": [None, float("nan"), float("inf"), 3.0]}))
    assert codes[:, 0].tolist() == [2.0, 2.0, 2.0, 3.0]


def test_levels_are_numbered_by_frequency_and_rare_ones_are_unknown() -> None:
    rows = pl.DataFrame({"c": ["b"] * 30 + ["a"] * 20 + ["rare"] * 3 + [None] * 5})
    encoding = Encoding.fit(rows, [C], FitParams(min_level_rows=10))
    assert encoding.columns[0].levels == ("b", "a")
    codes = encoding.codes(pl.DataFrame({"c": ["b", "a", "rare", "nouveau", None]}))[:, 0]
    np.testing.assert_array_equal(codes, [1, 2, np.nan, np.nan, 0])
    slots = encoding.design(codes[:, None]).codes[0]
    assert slots.tolist() == [1, 2, 3, 3, 0]
    assert encoding.level_slots() == [4]


def test_booleans_and_integers_are_numbers() -> None:
    encoding = encoded([True, False, True, True])
    assert encoding.codes(pl.DataFrame({"x": [True, None]}))[:, 0].tolist() == [1.0, 1.0]


def test_text_in_a_numeric_column_is_refused() -> None:
    with pytest.raises(ModelError) as error:
        encoded(["a", "b"])
    assert error.value.code == "bad-column-type"


def test_a_wrong_declaration_is_refused() -> None:
    with pytest.raises(ModelError) as error:
        FeatureSpec("x", "numeric", 2)
    assert error.value.code == "bad-feature-spec"
    with pytest.raises(ModelError) as error:
        FitParams.from_dict({"trees": 3})
    assert error.value.code == "unknown-parameter"
    assert FitParams.from_dict(FitParams(seed=9).to_dict()) == FitParams(seed=9)
