"""An attacker of the barometer: he has every answer, knows the rules, and solves for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import linprog

LEVELS = ("high", "moderate", "low", "unknown")
ALL = ("structures", *LEVELS)
DIMENSIONS = ("region", "departement", "sector", "ess_family")

Answers = Mapping[str, Mapping[str, Any]]
Cell = tuple[str, str]


def groups_of(answers: Answers) -> dict[str, Mapping[str, Any]]:
    """Return every line by a name of its own."""
    found = {"france": answers["region"]["total"]}
    for dimension in DIMENSIONS:
        for line in answers[dimension]["items"]:
            found[f"{dimension}/{line['region'] or ''}/{line['key']}"] = line
    return found


def shown(line: Mapping[str, Any], name: str) -> int | None:
    return line["structures"] if name == "structures" else line["levels"][name]


def sums_of(answers: Answers) -> list[tuple[str, list[str]]]:
    """Return each (group, the groups that add up to it)."""
    names = list(groups_of(answers))
    found = [("france", [n for n in names if n.startswith(f"{d}/")]) for d in DIMENSIONS]
    for region in [n for n in names if n.startswith("region/")]:
        code = region.rsplit("/", 1)[1]
        found.append((region, [n for n in names if n.startswith(f"departement/{code}/")]))
    return found


def recovered(  # noqa: PLR0912 - everything the attacker knows, in one place
    answers: Answers, thresholds: Mapping[str, float]
) -> dict[Cell, int]:
    """Return the hidden cells that have one feasible value, with that value."""
    lines = groups_of(answers)
    cells = {
        (group, name): place
        for place, (group, name) in enumerate((g, n) for g in lines for n in ALL)
    }
    equal, upper = [], []
    for group, line in lines.items():
        row = np.zeros(len(cells))
        row[cells[group, "structures"]] = 1
        for level in LEVELS:
            row[cells[group, level]] = -1
        equal.append((row, 0.0))
        if not line["hidden"]:
            estimate = next(e for e in line["estimates"] if e["horizon_months"] == 12)
            expected = estimate["expected_failures"]
            low = dict(zip(LEVELS, (thresholds["high"], thresholds["moderate"], 0, 0), strict=True))
            top = (1, thresholds["high"], thresholds["moderate"], 1)
            high = dict(zip(LEVELS, top, strict=True))
            least, most = np.zeros(len(cells)), np.zeros(len(cells))
            for level in LEVELS:
                least[cells[group, level]], most[cells[group, level]] = low[level], -high[level]
            upper += [(least, expected + 1e-7), (most, -expected + 1e-7)]
    for total, parts in sums_of(answers):
        for name in ALL:
            row = np.zeros(len(cells))
            row[cells[total, name]] = 1
            for part in parts:
                row[cells[part, name]] = -1
            equal.append((row, 0.0))
    bounds: list[tuple[float, float | None]] = [(0, None)] * len(cells)
    hidden = []
    for (group, name), place in cells.items():
        value = shown(lines[group], name)
        if value is None:
            hidden.append((group, name))
        else:
            bounds[place] = (value, value)
    found = {}
    for cell in hidden:
        ends = []
        for sign in (1, -1):
            objective = np.zeros(len(cells))
            objective[cells[cell]] = sign
            solved = linprog(
                objective,
                A_eq=np.array([row for row, _ in equal]),
                b_eq=np.array([value for _, value in equal]),
                A_ub=np.array([row for row, _ in upper]) if upper else None,
                b_ub=np.array([value for _, value in upper]) if upper else None,
                bounds=bounds,
                method="highs",
            )
            assert solved.status in {0, 3}, solved.message
            ends.append(sign * solved.fun if solved.status == 0 else np.inf)
        first, last = np.ceil(ends[0] - 1e-5), np.floor(ends[1] + 1e-5)
        if last - first < 1:
            found[cell] = int(first)
    return found
