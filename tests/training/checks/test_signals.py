"""Signals on a fitted model: each fires on what it is made to see, and not on a quiet panel."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.training.checks.worlds import TODAY, world
from tests.training.histories import FAST
from training import checks, given
from training.checks import Subject, signals
from training.checks.signals import psi
from training.fit import Recipe, fit
from training.given import Given

ROOT = Path(__file__).resolve().parents[3]
LAST = date(2016, 12, 31)


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    path = tmp_path_factory.mktemp("checks") / "panel.parquet"
    world(11, structures=600, base=-2.5)[0].write_parquet(path)
    data = given.read(path)
    recipe = Recipe(data.target, data.features(data.rows), FAST)
    return Subject(fit(data.rows, data.labels(), recipe).model, data, TODAY)


def changed(subject: Subject, *columns: pl.Expr) -> Subject:
    """Return the subject with columns of its last day made otherwise."""
    assert isinstance(subject.data, Given)
    last = pl.col("as_of") == LAST
    rows = subject.data.rows.with_columns(
        pl.when(last).then(c).otherwise(pl.col(c.meta.output_name())).alias(c.meta.output_name())
        for c in columns
    )
    return replace(subject, data=replace(subject.data, rows=rows))


def test_a_quiet_panel_raises_no_blocking_check(subject: Subject) -> None:
    said = {check.code: result.state for check, result in checks.run(subject)}
    assert set(said) == {check.code for check in checks.CHECKS}
    assert "fires" not in {said[c.code] for c in checks.CHECKS if c.blocking}
    for quiet in ("drift-indicators", "drift-scores", "unseen-missing", "coverage-breaks", "ties"):
        assert said[quiet] == "passes"


def test_an_indicator_that_moved_is_seen(subject: Subject) -> None:
    moved = changed(subject, pl.col("x0") + 2)
    assert "x0" in signals.indicators(moved).sentence
    assert signals.scores(moved).state == "fires"


def test_a_source_that_stops_is_seen(subject: Subject) -> None:
    stopped = changed(subject, pl.lit(None).alias("x1"))
    assert signals.unseen(stopped).values["rows"] == {"x1": subject.last.height}
    assert signals.coverage(stopped).state == "fires"


def test_a_list_of_ex_aequo_is_seen(subject: Subject) -> None:
    same = changed(subject, *(pl.lit(0.0).alias(f"x{j}") for j in range(5)))
    assert signals.ties(same).state == "fires"


def test_too_few_events_are_said(subject: Subject) -> None:
    assert isinstance(subject.data, Given)
    rare = subject.data.told.with_columns(
        pl.when(pl.int_range(pl.len()) % 90 == 0).then("event").otherwise(0).alias("event")
    )
    assert signals.size(replace(subject, data=replace(subject.data, told=rare))).state == "fires"


def test_the_stability_index_is_the_usual_one() -> None:
    before = pl.Series(np.repeat(np.arange(10.0), 100))
    assert psi(before, before) == pytest.approx(0, abs=1e-12)
    half = pl.Series(np.repeat(np.arange(5.0), 200))
    assert psi(before, half) > 1
    words = pl.Series(["a"] * 50 + ["b"] * 50)
    other = pl.Series(["a"] * 80 + ["b"] * 20)
    expected = (0.8 - 0.5) * np.log(0.8 / 0.5) + (0.2 - 0.5) * np.log(0.2 / 0.5)
    assert psi(words, other) == pytest.approx(expected, rel=0.05)


def test_every_check_has_its_page() -> None:
    page = (ROOT / "docs" / "checks.md").read_text("utf-8")
    assert [f"### `{check.code}`" in page for check in checks.CHECKS] == [True] * len(checks.CHECKS)
    assert page.count("\n### `") == len(checks.CHECKS)
