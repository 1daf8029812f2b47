"""A theme that drives the event is worth much; one that is noise is worth nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.training.histories import FAST
from training import given
from training.ablation import ablate, themes
from training.fit import Recipe

CATALOGUE = """
[indicators.driver]
label = "Ce qui décide"
theme = "moteur"

[indicators.noise]
label = "Du hasard"
theme = "hasard"

[indicators.alone]
label = "Sans thème"
"""


def panel() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    pieces = []
    for year in range(2015, 2022):
        driver, noise, alone = rng.normal(size=(3, 600))
        event = rng.random(600) < 1 / (1 + np.exp(2.0 - 1.5 * driver - 0.5 * alone))
        pieces.append(
            pl.DataFrame(
                {
                    "structure_id": [f"s{i}" for i in range(600)],
                    "as_of": [date(year, 12, 31)] * 600,
                    "event": event.astype(np.int8),
                    "driver": driver,
                    "noise": noise,
                    "alone": alone,
                }
            )
        )
    return pl.concat(pieces)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> given.Given:
    folder: Path = tmp_path_factory.mktemp("ablation")
    panel().write_parquet(folder / "firms.parquet")
    (folder / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    return given.read(folder / "firms.parquet", folder / "catalogue.toml")


def test_each_theme_is_left_out_in_turn(data: given.Given) -> None:
    recipe = Recipe(data.target, data.features(data.rows), FAST)
    assert themes(recipe) == ["moteur", "hasard", "panel"]
    said: list[str] = []
    found = ablate(data, recipe, count=2, progress=said.append)
    assert [one["theme"] for one in found] == ["moteur", "hasard", "panel"] * 2
    assert len({one["test_as_of"] for one in found}) == 2
    assert {one["indicators"] for one in found} == {1}
    assert len(said) == 8
    for one in found:
        auc = one["roc_auc"]
        assert auc["low"] <= auc["value"] <= auc["high"]
        if one["theme"] == "moteur":
            assert auc["low"] > 0.1
        if one["theme"] == "hasard":
            assert abs(auc["value"]) < 0.02
