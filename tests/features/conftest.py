"""The worked world with one table replaced: what an edge case changes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from tests.features.test_panel import WORLD, A
from tests.features.worlds import Row, panel_of

Seen = Callable[..., Row]


@pytest.fixture
def seen() -> Seen:
    """Return a function (day, table=rows…) -> the indicators of the worked structure."""

    def values(day: date, **replaced: list[Row]) -> Row:
        panel = panel_of({**WORLD, **replaced}, day)
        return panel.row(by_predicate=pl.col("structure_id") == A, named=True)

    return values
