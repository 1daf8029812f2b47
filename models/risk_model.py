"""A risk model: probabilities ordered by horizon, with intervals and reasons that add up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy.special import expit

from models import intervals
from models.calibration import Calibration, fit_calibration
from models.choice import Choice, choose
from models.encoding import Centre, Encoding, series_of
from models.fitting import Bag, fit_bag
from models.sample import align, numbered, prepare
from models.spec import FeatureSpec, FitParams, ModelError
from models.trees import Forest, forest_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.explain import Method

    Floats = NDArray[np.float64]

KEYS = ("structure_id", "as_of")
CHUNK = 100_000  # rows held at once as columns of the linear part
SPREAD_ROWS = 20_000  # rows enough to know the usual spread between members


@dataclass(frozen=True)
class RiskModel:
    """A fitted model; `fit` and `load` make one.

    Attributes
    ----------
    target : str
        Name of the target, e.g. "failure".
    horizons_months : tuple[int, ...]
        Increasing.
    params : FitParams
        Parameters of the fit.
    encoding, centre, bag, calibration
        Transform of the indicators, its training means, fitted members, calibration out of time.
    pooled : tuple[float, ...]
        Usual variance between members at each horizon, log-odds squared.
    summary : dict
        What the fit saw and chose: rows, events, days, penalty, form, losses of the hold-out.
    """

    target: str
    horizons_months: tuple[int, ...]
    params: FitParams
    encoding: Encoding
    centre: Centre
    bag: Bag
    calibration: Calibration
    pooled: tuple[float, ...]
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def features(self) -> tuple[FeatureSpec, ...]:
        """Return the indicators, in the order of the model's columns."""
        return tuple(c.spec for c in self.encoding.columns)

    @cached_property
    def forests(self) -> tuple[Forest, ...] | None:
        """Return the trees at each horizon, or None for a model without trees.

        Trees that do not look at the horizon make one forest, which stands at several.
        """
        if not self.bag.scale:
            return None
        width, made = len(self.encoding.columns), list[Forest]()
        for months in self.horizons_months:
            found = forest_at(self.bag.trees, months, width, self.bag.scale)
            made.append(made[-1] if made and made[-1].texts == found.texts else found)
        return tuple(made)

    @classmethod
    def fit(
        cls,
        rows: pl.DataFrame,
        labels: pl.DataFrame,
        calibration_rows: pl.DataFrame | None,
        calibration_labels: pl.DataFrame | None,
        *,
        target: str,
        features: Sequence[FeatureSpec],
        horizons_months: tuple[int, ...],
        params: FitParams | None = None,
        like: RiskModel | None = None,
        num_threads: int = 2,
    ) -> RiskModel:
        """Fit on `rows`, calibrate on later rows.

        Parameters
        ----------
        rows, calibration_rows : DataFrame
            structure_id, as_of (Date), one column per indicator. Calibration rows are neither
            training nor test rows; None leaves the probabilities uncalibrated.
        labels, calibration_labels : DataFrame
            structure_id, as_of, horizon_months, event (0/1); censored rows are absent. A column
            `weight` tells how many rows each stands for (`models.thinning`).
        target : str
            Name of the target.
        features : sequence of FeatureSpec
            Indicators to use.
        params : FitParams, optional
            What can change the result.
        like : RiskModel, optional
            Take the penalty, form, size and number of trees that this model chose.
        num_threads : int
            Changes the speed only.

        Raises
        ------
        ModelError
            `no-feature`, `no-events`, `unknown-horizon`, `duplicate-label`, `missing-column`,
            `bad-column-type`.
        """
        params = params or FitParams()
        horizons = tuple(sorted(set(horizons_months)))
        if not features or not horizons:
            raise ModelError(
                "Un modèle demande au moins un indicateur et un horizon.",
                code="no-feature",
                received=f"{len(features)} indicateur(s), {len(horizons)} horizon(s)",
            )
        sample, encoding = prepare(rows, labels, horizons, features, params, target)
        if like:
            choice, params = Choice.of(like.summary), params.sized_as(like.params)
        else:
            sizes = params.sizes(sample.structures_with_event, len(sample.targets))
            choice, params = choose(sample, encoding, horizons, sizes, num_threads=num_threads)
        bag = fit_bag(sample, encoding, horizons, params, choice, num_threads=num_threads)
        model = cls(
            target,
            horizons,
            params,
            encoding,
            sample.design.centre(encoding.level_slots(), sample.weights),
            bag,
            Calibration.identity(len(horizons)),
            (0.0,) * len(horizons),
        )
        calibration = model.calibration
        if calibration_rows is not None and calibration_labels is not None:
            later = align(calibration_rows, calibration_labels, horizons)
            if (later >= 0).any():
                raw, _ = model.raw_members(calibration_rows, num_threads=num_threads)
                calibration = fit_calibration(raw.mean(2).T, later, numbered(calibration_rows))
        step = max(1, len(sample.codes) // SPREAD_ROWS)
        usual = sample.codes[::step], sample.weights[::step]
        members, trees = model.members_of(usual[0], num_threads=num_threads)
        return replace(
            model,
            calibration=calibration,
            pooled=tuple(
                float(np.average(intervals.variance(m, t, bag.stretch), weights=usual[1]))
                for m, t in zip(members, trees, strict=True)
            ),
            summary={**sample.summary(horizons), **choice.summary()},
        )

    def raw_members(self, rows: pl.DataFrame, *, num_threads: int = 0) -> tuple[Floats, Floats]:
        """Return the members' log-odds before calibration, and the trees' part of them.

        Both have shape (horizons, n, members).
        """
        shape = (len(self.horizons_months), rows.height, len(self.bag.linear))
        out, trees = np.empty(shape), np.empty(shape)
        for at, codes in self.chunks(rows):
            out[:, at], trees[:, at] = self.members_of(codes, num_threads=num_threads)
        return out, trees

    def members_of(self, codes: Floats, *, num_threads: int = 0) -> tuple[Floats, Floats]:
        """Return the same for rows that are numbers already, (n, indicators)."""
        design = self.encoding.design(codes)
        shared = np.column_stack([part.shared(design) for part in self.bag.linear])
        starts = np.array([part.intercepts for part in self.bag.linear]).T
        trees = np.zeros((len(starts), *shared.shape))
        forests = self.forests or ()
        for h, forest in enumerate(forests):
            same = h > 0 and forest is forests[h - 1]
            trees[h] = trees[h - 1] if same else forest.members(codes, num_threads=num_threads)
        return shared + starts[:, None] + trees, trees

    def chunks(self, rows: pl.DataFrame) -> Iterator[tuple[slice, Floats]]:
        """Yield the places of the rows and their codes, a bounded number of rows at a time."""
        for start in range(0, rows.height, CHUNK):
            part = rows.slice(start, CHUNK)
            yield slice(start, start + part.height), self.encoding.codes(part)

    def predict(self, rows: pl.DataFrame, *, num_threads: int = 0) -> pl.DataFrame:
        """Return structure_id, as_of, then p_{h}m, low_{h}m, high_{h}m for each horizon h.

        Rows are in the order given; probabilities never decrease with the horizon.

        Parameters
        ----------
        rows : DataFrame
            One column per indicator; structure_id and as_of are passed through if present.
        num_threads : int
            Changes the speed only; 0 takes every core.

        Raises
        ------
        ModelError
            `missing-column` or `bad-column-type`.
        """
        out = rows.select([k for k in KEYS if k in rows.columns])
        members, trees = self.raw_members(rows, num_threads=num_threads)
        columns: dict[str, Floats] = {}
        for h, months in enumerate(self.horizons_months):
            raw = members[h].mean(1)
            score = self.calibration.apply(raw, h)
            error = intervals.standard_error(
                intervals.variance(members[h], trees[h], self.bag.stretch),
                self.pooled[h],
                members=members.shape[2],
                slope=self.calibration.slope,
                calibration=self.calibration.variance(raw, h),
            )
            low, high = intervals.bounds(score, error, members.shape[2], self.params.interval)
            columns |= {
                f"p_{months}m": expit(score),
                f"low_{months}m": low,
                f"high_{months}m": high,
            }
        scored = pl.DataFrame(columns)
        return out.hstack(scored) if out.width else scored

    def explain(
        self,
        rows: pl.DataFrame,
        horizon_months: int,
        *,
        method: Method = "auto",
        num_threads: int = 0,
    ) -> pl.DataFrame:
        """Return `models.explain.contributions` of this model."""
        from models.explain import contributions

        return contributions(self, rows, horizon_months, method=method, num_threads=num_threads)

    def unseen_missing(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return structure_id, as_of, feature of every missing value that training never showed.

        Such a value is scored as the training median (numeric) or as an unknown level
        (categorical): neither helps nor hurts by itself, and this table says where it happened.
        """
        keys = rows.select([k for k in KEYS if k in rows.columns])
        found = [keys.clear().with_columns(feature=pl.lit("", dtype=pl.String))]
        for column in self.encoding.columns:
            if column.missing_seen:
                continue
            series = series_of(rows, column.spec)
            absent = series.is_null()
            if series.dtype.is_float():
                absent |= ~series.is_finite().fill_null(value=False)
            found.append(keys.filter(absent).with_columns(feature=pl.lit(column.spec.name)))
        return pl.concat(found)

    def horizon_index(self, horizon_months: int) -> int:
        """Return the place of a horizon; ModelError `unknown-horizon`."""
        if horizon_months not in self.horizons_months:
            raise ModelError(
                "Le modèle n'a pas cet horizon.",
                code="unknown-horizon",
                received=f"{horizon_months} mois",
                expected=", ".join(f"{h}" for h in self.horizons_months),
            )
        return self.horizons_months.index(horizon_months)

    def save(self, folder: Path) -> None:
        """Write the model into `folder` (see `models.storage`)."""
        from models.storage import save

        save(self, folder)

    @classmethod
    def load(cls, folder: Path) -> RiskModel:
        """Return the model saved in `folder`.

        Raises
        ------
        ModelError
            `no-model` or `bad-model` when the folder is not a model that this version reads.
        """
        from models.storage import load

        return load(folder)
