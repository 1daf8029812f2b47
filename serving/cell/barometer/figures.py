"""What each structure weighs in the barometer, and the sums by group. Exact, nothing hidden yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from serving.publication import Publication
from serving.publication_files import LEVELS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """By structure, in the order of the publication; every array has one value a structure.

    p, low, high : by horizon; a structure without a probability weighs nothing (0), and is counted
    in `structures` all the same. employees : NaN where unknown.
    """

    level: Ints
    employees: Floats
    p: dict[int, Floats]
    low: dict[int, Floats]
    high: dict[int, Floats]

    @property
    def sized(self) -> npt.NDArray[np.bool_]:
        """Whether the number of employees is known."""
        return ~np.isnan(self.employees)


@dataclass(frozen=True)
class Sums:
    """Sums by group: structures, by level (groups x 4), of known size; by horizon the rest.

    `jobs` is the sum of p x employees over the structures of known size; `model_low` and
    `model_high` are NaN where a structure of the group has no interval.
    """

    structures: Ints
    levels: Ints
    sized: Ints
    expected: dict[int, Floats]
    jobs: dict[int, Floats]
    jobs_variance: dict[int, Floats]
    largest_job: dict[int, Floats]
    model_low: dict[int, Floats]
    model_high: dict[int, Floats]


def weights_of(publication: Publication) -> Weights:
    """Read the weights of a publication."""

    def numbers(name: str) -> Floats:
        return publication.array(name).astype(np.float64)

    known = publication.codes["level"]
    order = np.array([LEVELS.index(value) for value in known], dtype=np.int64)
    horizons = publication.horizons
    p = {h: numbers(f"p_{h}m") for h in horizons}
    return Weights(
        level=order[publication.array("_c_level")],
        employees=numbers("employees"),
        p={h: np.nan_to_num(values) for h, values in p.items()},
        # A structure without any probability has no interval either, and misses none.
        low={h: np.where(np.isnan(p[h]), 0.0, numbers(f"low_{h}m")) for h in horizons},
        high={h: np.where(np.isnan(p[h]), 0.0, numbers(f"high_{h}m")) for h in horizons},
    )


def sums(weights: Weights, rows: Ints, group: Ints, groups: int) -> Sums:
    """Add up by group; `rows` are structures and `group` the group of each, one pair a member.

    A structure may be in several groups (funders, programmes).
    """

    def total(values: Floats) -> Floats:
        return np.bincount(group, weights=values[rows], minlength=groups).astype(np.float64)

    sized = weights.sized
    staff = np.nan_to_num(weights.employees)
    level = np.bincount(
        group * len(LEVELS) + weights.level[rows], minlength=groups * len(LEVELS)
    ).reshape(groups, len(LEVELS))
    largest = {}
    for horizon, p in weights.p.items():
        most = np.zeros(groups)
        np.maximum.at(most, group, (p * staff)[rows])
        largest[horizon] = most
    return Sums(
        structures=np.bincount(group, minlength=groups),
        levels=level,
        sized=np.bincount(group[sized[rows]], minlength=groups),
        expected={h: total(p) for h, p in weights.p.items()},
        jobs={h: total(p * staff) for h, p in weights.p.items()},
        jobs_variance={h: total(p * (1 - p) * staff**2) for h, p in weights.p.items()},
        largest_job=largest,
        model_low={h: total(values) for h, values in weights.low.items()},
        model_high={h: total(values) for h, values in weights.high.items()},
    )
