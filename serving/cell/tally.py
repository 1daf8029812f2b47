"""Sums over a part of a publication: structures by level, expected events, jobs at stake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.cell.barometer import chance
from serving.publication import Publication
from serving.publication_files import LEVELS

Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Expected:
    """Sums of probabilities at one horizon, each with its bounds at 90 %.

    `events` counts structures, `jobs` the employees of those whose size is known (`sized` of
    `estimated` structures). The bounds are those of chance alone, were the events independent,
    as in the barometer.
    """

    horizon_months: int
    events: float
    low: int
    high: int
    jobs: float
    jobs_low: float
    jobs_high: float
    estimated: int
    sized: int


def levels(publication: Publication, rows: Rows) -> dict[str, int]:
    """Return how many of these rows are at each level, zeros included."""
    codes = publication.codes["level"]
    counted = np.bincount(publication.array("_c_level")[rows], minlength=len(codes))
    found = dict(zip(codes, counted.tolist(), strict=True))
    return {level: int(found.get(level, 0)) for level in LEVELS}


def expected(publication: Publication, rows: Rows, horizon: int) -> Expected:
    """Return the sums of these rows at one horizon; rows without an estimate add nothing."""
    p = publication.array(f"p_{horizon}m")[rows]
    size = publication.array("employees")[rows].astype(np.float64)
    known = ~np.isnan(p)
    p, size = p[known], size[known]
    sized = ~np.isnan(size)
    low, high = chance.failures(p)
    at_stake, staff = p[sized], size[sized]
    jobs = float((at_stake * staff).sum())
    spread = float((at_stake * (1 - at_stake) * staff**2).sum())
    jobs_low, jobs_high = chance.jobs(np.array([jobs]), np.array([spread]))
    return Expected(
        horizon_months=horizon,
        events=float(p.sum()),
        low=low,
        high=high,
        jobs=jobs,
        jobs_low=float(jobs_low[0]),
        jobs_high=float(jobs_high[0]),
        estimated=len(p),
        sized=int(np.count_nonzero(sized)),
    )


def high_sirens(publication: Publication, rows: Rows) -> npt.NDArray[np.uint32]:
    """Return the SIREN (as numbers) of the rows whose level is `high`."""
    codes = publication.codes["level"]
    if "high" not in codes:
        return np.zeros(0, dtype=np.uint32)
    chosen = rows[publication.array("_c_level")[rows] == codes.index("high")]
    found: npt.NDArray[np.uint32] = publication.array("_siren")[chosen]
    return found
