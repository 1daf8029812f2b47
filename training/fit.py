"""Fit the recipe of a target: temporal calibration first, then all the rows that are allowed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from features.catalogue import INDICATORS
from models.level import yearly_rates
from models.recalibrate import Coming, Part, calibrate
from models.risk_model import RiskModel
from models.sample import weights_of
from models.spec import FeatureSpec, FitParams
from models.thinning import KEYS, thinned
from training.columns import varies
from training.splits import (
    Fold,
    calibration_blocks,
    check_fold,
    structure_folds,
    train_labels,
)
from training.targets import Target

Floats = npt.NDArray[np.float64]
#: rows of the coming day enough to know its mean: of more, one in so many is read
ENOUGH_ROWS = 100_000


@dataclass(frozen=True)
class Levels:
    """Thresholds of the risk levels, chosen on the validation rows by the cell's capacity."""

    high_share: float = 0.02
    moderate_share: float = 0.10
    high: float = 1.0
    moderate: float = 1.0

    def chosen(self, probabilities: pl.Series, weights: Floats | None = None) -> Levels:
        """Return the levels whose thresholds give these shares on `probabilities`."""
        if probabilities.is_empty():
            return self
        shares = [1 - self.high_share, 1 - self.moderate_share]
        high, moderate = np.quantile(
            probabilities.to_numpy(), shares, method="inverted_cdf", weights=weights
        )
        return replace(self, high=float(high), moderate=float(moderate))


@dataclass(frozen=True)
class Recipe:
    """All that can change a fit beside the panel and the facts."""

    target: Target
    features: tuple[FeatureSpec, ...]
    params: FitParams = field(default_factory=FitParams)
    levels: Levels = field(default_factory=Levels)

    def config(self) -> dict[str, object]:
        """Return the recipe as plain JSON values."""
        return {
            "target": self.target.config(),
            "features": [[f.name, f.kind, f.direction] for f in self.features],
            "params": self.params.to_dict(),
            "levels": [self.levels.high_share, self.levels.moderate_share],
        }

    def hash(self) -> str:
        """Return the hash of the recipe."""
        return hashlib.sha256(json.dumps(self.config(), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Fitted:
    """A model, the levels that go with it, and the days it learnt from."""

    model: RiskModel
    levels: Levels
    train_days: tuple[date, date]
    calibration_days: tuple[date, date] | None


def catalogue_features(rows: pl.DataFrame) -> tuple[FeatureSpec, ...]:
    """Return the catalogue's indicators that say something in `rows` (at least two values)."""
    return tuple(
        FeatureSpec(
            name=indicator.name,
            kind=indicator.kind,
            direction=indicator.direction,
            theme=indicator.theme,
            label=indicator.label,
            unit=indicator.unit,
            sentence=indicator.sentence,
        )
        for indicator in INDICATORS.values()
        if varies(rows[indicator.name])
    )


def rows_of(panel: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a panel that have a label."""
    # Places first: a join of a wide panel takes a second copy of it.
    places = panel.select(KEYS).with_row_index("_place")
    kept = places.join(labels.select(KEYS).unique(), on=list(KEYS), how="semi")
    return panel[kept["_place"].sort()]


def coming_day(
    panel: pl.DataFrame, labels: pl.DataFrame, fold: Fold | None, *, main: int
) -> pl.DataFrame | None:
    """Return rows of the day that a model is made for, `ENOUGH_ROWS` at most, or None.

    It is the test day of the fold; without a fold, the latest day of the panel if it is later than
    every label of the main horizon: a day that taught the model says nothing of a coming one.
    """
    day = fold.test_as_of if fold else panel["as_of"].max()
    last = labels.filter(pl.col("horizon_months") == main)["as_of"].max()
    dates = panel.select("as_of").with_row_index("_place")
    places = dates.filter(pl.col("as_of") == day, pl.col("as_of") > last).get_column("_place")
    if places.is_empty():
        return None
    return panel[places.gather_every(-(-len(places) // ENOUGH_ROWS))]


def _span(labels: pl.DataFrame) -> tuple[date, date]:
    days: Sequence[date] = labels["as_of"].unique().sort().to_list()
    return days[0], days[-1]


def fit(
    panel: pl.DataFrame,
    labels: pl.DataFrame,
    recipe: Recipe,
    *,
    fold: Fold | None = None,
    dated: bool = True,
    num_threads: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> Fitted:
    """Fit the recipe on the labels allowed by `fold` (all of them without a fold).

    The model is fitted on everything. Its calibration comes from models of the same make (same
    form, penalty and number of trees), each fitted on the days before a block of 12 months that
    it never saw, with the embargo; the thresholds of the levels come from the same rows. The level
    of the probabilities is that of the coming day (`coming_day`, `models.level`).

    Parameters
    ----------
    panel : polars.DataFrame
        Cohort rows: `structure_id`, `as_of`, one column per indicator.
    labels : polars.DataFrame
        `structure_id`, `as_of`, `horizon_months`, `event`, known by the fold's test day.
    dated : bool
        Blocks are of days; without days, or with too few of them, they are of structures.
    """
    if fold is not None:
        labels = train_labels(labels, fold)
        check_fold(labels, fold)
    target = recipe.target

    def learn(at: pl.DataFrame, like: RiskModel | None = None) -> RiskModel:
        return RiskModel.fit(
            panel,
            at,
            None,
            None,
            target=target.name,
            features=recipe.features,
            horizons_months=target.horizons_months,
            params=recipe.params,
            like=like,
            num_threads=num_threads,
        )

    model = learn(labels)
    progress("modèle")
    levels, parts, held = recipe.levels, [], []
    main = target.main_horizon_months
    blocks = calibration_blocks(labels, main=main) if dated else []
    for early, late in blocks or ([] if dated else structure_folds(labels)):
        drawn = thinned(late, recipe.params)
        known = yearly_rates(early, main)
        parts.append(Part(learn(early, model), rows_of(panel, drawn), drawn, known))
        held.append(late)
        progress("calibration")
    if parts:
        day = coming_day(panel, labels, fold, main=main) if dated else None
        coming = day if day is None else Coming(model, day, yearly_rates(labels, main), main)
        calibration = calibrate(parts, coming, num_threads=num_threads)
        model = replace(model, calibration=calibration)
        validated = [
            replace(p.model, calibration=calibration)
            .predict(p.rows, num_threads=num_threads)
            .get_column(f"p_{main}m")
            for p in parts
        ]
        weights = np.concatenate([weights_of(p.rows, p.labels) for p in parts])
        levels = levels.chosen(pl.concat(validated), weights)
    return Fitted(model, levels, _span(labels), _span(pl.concat(held)) if held else None)
