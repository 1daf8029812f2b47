"""Planted leaks are seen, each by a blocking check; nothing fires on clean panels."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.training.checks.worlds import (
    ahead,
    blocking,
    dated_ahead,
    flipped,
    in_words,
    noisy,
    world,
)

YEARLY: dict[str, Any] = {}
QUICK = {"memory": 0.5}
QUARTERLY = {"quarterly": True, "days": 16, "memory": 0.9}
RARE = {"base": -4.5, "structures": 3_000}
STRONG = {"effect": 2.2}
PLANTED = [
    (flipped, 0.02, YEARLY, "single"),
    (flipped, 0.05, RARE, "single"),
    (flipped, 0.1, QUARTERLY, "single"),
    (flipped, 0.15, QUICK, "single"),
    (flipped, 0.2, YEARLY, "single"),
    (flipped, 0.2, STRONG, "single"),
    (in_words, 0.02, YEARLY, "single"),
    (in_words, 0.05, QUARTERLY, "single"),
    (noisy, 0.05, YEARLY, "single"),
    (noisy, 0.2, RARE, "single"),
    (noisy, 0.4, QUARTERLY, "single"),
    (noisy, 0.6, QUICK, "single"),
    (noisy, 0.8, STRONG, "single"),
    (flipped, 0.0, YEARLY, "named"),
    (ahead, 0, YEARLY, "tomorrow"),
    (ahead, 0, QUICK, "tomorrow"),
    (ahead, 0, STRONG, "single"),  # whoever has the event has no next value
    (ahead, 0, RARE, "tomorrow"),
    (dated_ahead, 1, YEARLY, "future"),
    (dated_ahead, 40, QUARTERLY, "future"),
]
CLEAN = [
    (300 + number, made) for number, made in enumerate([YEARLY, QUICK, QUARTERLY, RARE, STRONG] * 4)
]


@pytest.mark.parametrize("number", range(len(PLANTED)))
def test_a_planted_leak_is_seen(number: int, tmp_path: Path) -> None:
    plant, level, made, check = PLANTED[number]
    rows, rng = world(500 + number, **made)
    assert check in blocking(plant(rows, rng, level), tmp_path)


@pytest.mark.parametrize(("seed", "made"), CLEAN)
def test_nothing_fires_on_a_clean_panel(seed: int, made: dict[str, Any], tmp_path: Path) -> None:
    assert blocking(world(seed, **made)[0], tmp_path) == {}


def test_indicators_without_a_past_are_not_leaks(tmp_path: Path) -> None:
    # Where no indicator resembles its own past, having none says nothing.
    rows, _ = world(7, memory=0.0, effect=1.5)
    assert blocking(rows, tmp_path) == {}


def test_a_cross_section_is_judged_on_its_values_alone(tmp_path: Path) -> None:
    rows, rng = world(8, days=1)
    rows = rows.drop("as_of")
    assert blocking(rows, tmp_path) == {}
    assert set(blocking(flipped(rows, rng, 0.01), tmp_path)) == {"single"}


def test_the_name_of_a_label_is_seen(tmp_path: Path) -> None:
    rows, rng = world(9)
    named = rows.with_columns(pl.Series("Failed", rng.normal(size=rows.height)))
    assert "Failed" in blocking(named, tmp_path)["named"]


def test_a_few_rows_alone_after_all_others_are_seen(tmp_path: Path) -> None:
    rows, _ = world(10)
    lone = rows.tail(2).with_columns(pl.lit(date(2020, 12, 31)).alias("as_of"))
    assert "2020-12-31" in blocking(pl.concat([rows, lone]), tmp_path)["future"]
