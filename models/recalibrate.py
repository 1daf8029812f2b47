"""Calibration from several models, each on later rows that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from models.calibration import Calibration, fit_calibration
from models.level import Year, anchored
from models.risk_model import RiskModel
from models.sample import align, numbered, weights_of


@dataclass(frozen=True)
class Part:
    """A model, and later rows that it never saw.

    Attributes
    ----------
    model : RiskModel
        Fitted on earlier days.
    rows, labels : DataFrame
        What it is judged on; labels may be weighted (`models.thinning`).
    known : ndarray (years,)
        Event rates of the years known by the first of these days (`models.level.yearly_rates`).
    """

    model: RiskModel
    rows: pl.DataFrame
    labels: pl.DataFrame
    known: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Coming:
    """The model to calibrate, and the rows (one at least) of the day that it is made for.

    Attributes
    ----------
    known : ndarray (years,)
        Event rates of all the years known.
    main_months : int
        Horizon at which levels are compared.
    """

    model: RiskModel
    rows: pl.DataFrame
    known: npt.NDArray[np.float64]
    main_months: int


def calibrate(
    parts: Sequence[Part], coming: Coming | None = None, *, num_threads: int = 0
) -> Calibration:
    """Return one calibration fitted on the rows of all parts together.

    Several years together say what the level is usually; one year alone would say what it was
    then. With `coming`, the level is that of its day (`models.level`).
    """
    horizons = parts[0].model.horizons_months
    rows = pl.concat([p.rows.select("structure_id") for p in parts])
    scores = [_scores(p.model, p.rows, num_threads) for p in parts]
    targets = [align(p.rows, p.labels, horizons) for p in parts]
    blocks = np.repeat(np.arange(len(parts)), [p.rows.height for p in parts])
    weights = [weights_of(p.rows, p.labels) for p in parts]
    found = fit_calibration(
        np.vstack(scores), np.vstack(targets), numbered(rows), blocks, np.concatenate(weights)
    )
    if coming is None:
        return found
    at = coming.model.horizon_index(coming.main_months)
    past = []
    for part, score, target, weight in zip(parts, scores, targets, weights, strict=True):
        seen = target[:, at] >= 0
        events = float(weight[target[:, at] == 1].sum())
        past.append(Year(score[seen, at], weight[seen], part.known, events))
    ahead = _scores(coming.model, coming.rows, num_threads)[:, at]
    return anchored(found, at, Year(ahead, np.ones(len(ahead)), coming.known), past)


def _scores(model: RiskModel, rows: pl.DataFrame, num_threads: int) -> npt.NDArray[np.float64]:
    """Return log-odds before calibration, (n, horizons)."""
    members, _ = model.raw_members(rows, num_threads=num_threads)
    out: npt.NDArray[np.float64] = members.mean(2).T
    return out
