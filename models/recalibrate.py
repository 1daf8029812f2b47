"""Calibration from several models, each on later rows that it never saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.calibration import Calibration, fit_calibration
from models.risk_model import RiskModel
from models.sample import align, numbered, weights_of


def calibrate(
    parts: Sequence[tuple[RiskModel, pl.DataFrame, pl.DataFrame]], *, num_threads: int = 0
) -> Calibration:
    """Return one calibration fitted on the rows of all parts together.

    Parameters
    ----------
    parts : sequence of (model, rows, labels)
        A model fitted on earlier days, and the later rows and labels it is judged on. Several
        years together say what the level is usually; one year alone would say what it was then.
        Labels may be weighted (`models.thinning`).
    """
    horizons = parts[0][0].horizons_months
    rows = pl.concat([at.select("structure_id") for _, at, _ in parts])
    scores = [m.raw_members(at, num_threads=num_threads)[0].mean(2).T for m, at, _ in parts]
    targets = [align(at, labels, horizons) for _, at, labels in parts]
    blocks = np.repeat(np.arange(len(parts)), [at.height for _, at, _ in parts])
    weights = np.concatenate([weights_of(at, labels) for _, at, labels in parts])
    return fit_calibration(np.vstack(scores), np.vstack(targets), numbered(rows), blocks, weights)
