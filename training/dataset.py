"""What a target is trained and tested on: cohort rows, and labels as known by any day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Protocol

import polars as pl

from data.lake import Lake
from models.spec import FeatureSpec
from training.cohort import cohort
from training.fit import catalogue_features
from training.labels import FAR, failure_days, failure_labels, funding_labels
from training.targets import Target


class Labelled(Protocol):
    """Rows that a model is trained and tested on: those of the lake, or anyone's panel.

    `dated`: rows have observation days that mean something. `simple`: the indicators of the
    baselines "last_change" and "amount", where there are such.
    """

    @property
    def target(self) -> Target:
        """Return what is predicted."""
        ...

    @property
    def rows(self) -> pl.DataFrame:
        """Return `structure_id`, `as_of` and the indicators."""
        ...

    @property
    def dated(self) -> bool:
        """Return whether rows can be split by time."""
        ...

    @property
    def simple(self) -> tuple[str | None, str | None]:
        """Return the indicators of the simplest baselines."""
        ...

    def features(self, seen: pl.DataFrame) -> tuple[FeatureSpec, ...]:
        """Return the indicators that say something in these rows."""
        ...

    def labels(self, known_by: date = FAR) -> pl.DataFrame:
        """Return every label that facts known by a day observe (see `training.labels`)."""
        ...

    def event_days(self) -> pl.DataFrame | None:
        """Return `structure_id`, `as_of`, `event_on` of rows before an event, None if undated."""
        ...


@dataclass(frozen=True)
class Dataset:
    """Cohort rows of a panel and the facts that label them."""

    dated: ClassVar[bool] = True
    _SIMPLE: ClassVar[dict[str, tuple[str, str]]] = {
        "funding_loss": ("state_change_1y_ratio", "grants_eur"),
        "failure": ("grants_change_1y_ratio", "grants_eur"),
    }

    target: Target
    rows: pl.DataFrame
    grants: pl.LazyFrame
    events: pl.DataFrame

    @classmethod
    def load(cls, panel: pl.DataFrame, lake: Lake, target: Target) -> Dataset:
        """Return the cohort of `target` in `panel`, with the facts of `lake`."""
        grants = lake.scan("grants")
        return cls(target, cohort(panel, grants, target), grants, lake.scan("events").collect())

    @property
    def simple(self) -> tuple[str | None, str | None]:
        """Return the indicators of the simplest baselines."""
        return self._SIMPLE[self.target.name]

    def features(self, seen: pl.DataFrame) -> tuple[FeatureSpec, ...]:
        """Return the indicators of the catalogue that say something in these rows."""
        return catalogue_features(seen)

    def labels(self, known_by: date = FAR) -> pl.DataFrame:
        """Return every label that facts known by a day observe (see `training.labels`)."""
        rows = self.rows.filter(pl.col("as_of") <= known_by)
        if self.target.name == "failure":
            return failure_labels(rows, self.events, self.target, known_by=known_by)
        return funding_labels(rows, self.grants, self.target, known_by=known_by)

    def event_days(self) -> pl.DataFrame | None:
        """Return the day of the failure of the rows before one; a loss of funding has none."""
        return failure_days(self.rows, self.events) if self.target.name == "failure" else None
