"""Invented panels whose indicators have a past, clean or with a leak planted."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

from training import given
from training.checks import leaks
from training.checks.result import Subject

TODAY = date(2026, 6, 30)
_QUARTERS = ((3, 31), (6, 30), (9, 30), (12, 31))


def world(
    seed: int,
    *,
    structures: int = 1_200,
    days: int = 9,
    memory: float = 0.8,
    base: float = -3.5,
    effect: float = 1.0,
    quarterly: bool = False,
) -> tuple[pl.DataFrame, np.random.Generator]:
    """Return a panel whose indicators follow AR(1) paths and announce the event."""
    rng = np.random.default_rng(seed)
    x, alive = rng.normal(size=(structures, 5)), np.ones(structures, bool)
    pieces = []
    for t in range(days):
        x = memory * x + np.sqrt(1 - memory**2) * rng.normal(size=x.shape)
        odds = base + effect * x[:, 0] + 0.5 * x[:, 1] - 0.4 * x[:, 2]
        event = rng.random(structures) < 1 / (1 + np.exp(-odds))
        month, day = _QUARTERS[t % 4] if quarterly else (12, 31)
        pieces.append(
            pl.DataFrame(
                {
                    "structure_id": np.flatnonzero(alive).astype(str),
                    "as_of": [date(2008 + (t // 4 if quarterly else t), month, day)] * alive.sum(),
                    "event": event[alive].astype(np.int8),
                    **{f"x{j}": x[alive, j].copy() for j in range(5)},
                }
            )
        )
        if seed % 3 == 0:
            alive &= ~event  # a structure leaves after its event
    return pl.concat(pieces).with_columns(pl.col("x4").gt(0).cast(pl.String).alias("kind")), rng


def flipped(rows: pl.DataFrame, rng: np.random.Generator, share: float) -> pl.DataFrame:
    """Add a copy of the label, wrong for a share of the rows."""
    label = rows["event"].to_numpy()
    wrong = rng.random(rows.height) < share
    return rows.with_columns(pl.Series("copy", np.where(wrong, 1 - label, label)))


def in_words(rows: pl.DataFrame, rng: np.random.Generator, share: float) -> pl.DataFrame:
    """Add the same copy as a category."""
    said = pl.when(pl.col("copy") == 1).then(pl.lit("oui")).otherwise(pl.lit("non"))
    return flipped(rows, rng, share).with_columns(said.alias("copy"))


def noisy(rows: pl.DataFrame, rng: np.random.Generator, deviation: float) -> pl.DataFrame:
    """Add the label and a normal noise."""
    noise = deviation * rng.normal(size=rows.height)
    return rows.with_columns(pl.Series("copy", rows["event"].to_numpy() + noise))


def ahead(rows: pl.DataFrame, _rng: np.random.Generator, _level: float) -> pl.DataFrame:
    """Replace an indicator by its value of the next day."""
    later = pl.col("x0").shift(-1).over("structure_id")
    return rows.sort("structure_id", "as_of").with_columns(later.alias("x0"))


def dated_ahead(rows: pl.DataFrame, _rng: np.random.Generator, count: float) -> pl.DataFrame:
    """Add rows of a day to come."""
    late = rows.tail(int(count)).with_columns(pl.lit(date(2031, 12, 31)).alias("as_of"))
    return pl.concat([rows, late])


def blocking(rows: pl.DataFrame, folder: Path) -> dict[str, str]:
    """Return what the blocking checks that fire say of a panel."""
    path = folder / "panel.parquet"
    rows.write_parquet(path)
    found = given.read(path)
    model: Any = SimpleNamespace(features=found.features(found.rows))  # leaks need no scores
    subject = Subject(model, found, TODAY)
    results = {
        one.__name__: one(subject)
        for one in (leaks.single, leaks.tomorrow, leaks.future, leaks.named)
    }
    return {name: result.sentence for name, result in results.items() if result.state == "fires"}
