"""What a target is trained and tested on: cohort rows, and labels as known by any day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from data.lake import Lake
from training.cohort import cohort
from training.labels import FAR, failure_labels, funding_labels
from training.targets import Target


@dataclass(frozen=True)
class Dataset:
    """Cohort rows of a panel and the facts that label them."""

    target: Target
    rows: pl.DataFrame
    grants: pl.LazyFrame
    events: pl.DataFrame

    @classmethod
    def load(cls, panel: pl.DataFrame, lake: Lake, target: Target) -> Dataset:
        """Return the cohort of `target` in `panel`, with the facts of `lake`."""
        grants = lake.scan("grants")
        return cls(target, cohort(panel, grants, target), grants, lake.scan("events").collect())

    def labels(self, known_by: date = FAR) -> pl.DataFrame:
        """Return every label that facts known by a day observe (see `training.labels`)."""
        rows = self.rows.filter(pl.col("as_of") <= known_by)
        if self.target.name == "failure":
            return failure_labels(rows, self.events, self.target, known_by=known_by)
        return funding_labels(rows, self.grants, self.target, known_by=known_by)
