"""A line of the barometer: the figures of one group, with nothing of what is hidden."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from data.reference.sectors import sectors
from data.reference.territories import departements, regions
from serving.cell.barometer import chance
from serving.cell.barometer.figures import Floats, Ints, Sums
from serving.cell.barometer.overlapping import (
    COUNT_STEP,
    FAILURE_STEP,
    Groups,
    rounded,
    step_of_jobs,
)
from serving.cell.barometer.tree import DIMENSIONS, Key, Shown, Tree
from serving.publication_files import LEVELS

Line = dict[str, Any]
UNKNOWN = "inconnu"
_ESTIMATE = ("expected_failures", "low", "high", "model_low", "model_high")
_JOBS = ("jobs_at_stake", "jobs_low", "jobs_high")


def tree_line(tree: Tree, shown: Shown, group: int, members: Ints | None) -> Line:
    """Return the line of a group that partitions the list; `members` are its rows, if shown."""
    line = _names(tree.keys[group])
    found = tree.sums
    levels = {
        name: int(found.levels[group, place]) if shown.levels[group, place] else None
        for place, name in enumerate(LEVELS)
    }
    if members is None:
        return line | _nothing(levels, list(found.expected))
    count = int(found.structures[group])
    jobs = bool(shown.jobs[group])
    estimates = []
    for horizon in found.expected:
        p = tree.weights.p[horizon][members]
        low, high = chance.failures(p)
        estimates.append(
            {
                "horizon_months": horizon,
                "expected_failures": float(found.expected[horizon][group]),
                "low": low,
                "high": high,
                "model_low": _number(found.model_low[horizon][group]),
                "model_high": _number(found.model_high[horizon][group]),
            }
            | (_jobs(found, horizon, group) if jobs else dict.fromkeys(_JOBS))
        )
    return line | {
        "hidden": False,
        "structures": count,
        "unknown_size": count - int(found.sized[group]),
        "levels": levels,
        "shares": {k: None if v is None else v / count for k, v in levels.items()},
        "estimates": estimates,
    }


def overlapping_line(groups: Groups, group: int, p: dict[int, Floats]) -> Line:
    """Return the line of a funder or a programme, rounded; `p` are its members' probabilities."""
    found = groups.sums
    count = int(rounded(float(found.structures[group]), COUNT_STEP))
    unknown = float(found.structures[group] - found.sized[group])
    levels = {
        name: int(rounded(float(found.levels[group, place]), COUNT_STEP))
        for place, name in enumerate(LEVELS)
    }
    estimates = []
    for horizon, values in p.items():
        low, high = chance.failures(values)
        step = step_of_jobs(float(found.largest_job[horizon][group]))
        jobs = _jobs(found, horizon, group)
        estimates.append(
            {
                "horizon_months": horizon,
                "expected_failures": rounded(float(values.sum()), FAILURE_STEP),
                "low": low,
                "high": high,
                "model_low": _rounded(found.model_low[horizon][group]),
                "model_high": _rounded(found.model_high[horizon][group]),
            }
            | {name: rounded(value, step) for name, value in jobs.items()}
        )
    return {
        "key": groups.keys[group],
        "label": groups.labels[group],
        "region": None,
        "funder_level": groups.levels[group],
        "hidden": False,
        "structures": count,
        "unknown_size": int(rounded(unknown, COUNT_STEP)),
        "levels": levels,
        "shares": {k: min(1.0, v / count) for k, v in levels.items()},
        "estimates": estimates,
        "change": None,
        "practices": [],
    }


def _names(key: Key) -> Line:
    dimension, *parts = key
    code = parts[-1] or UNKNOWN
    if dimension == "france":
        code, label = "france", "France entière"
    elif dimension == "region":
        label = regions().get(code, "Région inconnue")
    elif dimension == "departement":
        found = departements().get(code)
        label = found.name if found else "Département inconnu"
    elif dimension == "sector":
        label = sectors().get(code, "Secteur inconnu" if code == UNKNOWN else code)
    else:
        label = "Famille inconnue" if code == UNKNOWN else code
    nested = len(DIMENSIONS.get(dimension, ())) > 1
    return {
        "key": code,
        "label": label,
        "region": (parts[0] or UNKNOWN) if nested else None,
        "funder_level": None,
        "change": None,
        "practices": [],
    }


def _nothing(levels: dict[str, int | None], horizons: list[int]) -> Line:
    # Of a hidden group, only the zeros that a zero of a whole it is a part of gives away.
    return {
        "hidden": True,
        "structures": None,
        "unknown_size": None,
        "levels": levels,
        "shares": {name: None if value is None else 0.0 for name, value in levels.items()},
        "estimates": [
            {"horizon_months": h} | dict.fromkeys((*_ESTIMATE, *_JOBS)) for h in horizons
        ],
    }


def _jobs(found: Sums, horizon: int, group: int) -> dict[str, float]:
    mean, spread = found.jobs[horizon][group], found.jobs_variance[horizon][group]
    low, high = chance.jobs(np.array([mean]), np.array([spread]))
    return dict(zip(_JOBS, (float(mean), float(low[0]), float(high[0])), strict=True))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else rounded(float(value), FAILURE_STEP)
