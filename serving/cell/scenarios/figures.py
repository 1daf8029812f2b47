"""What a scenario changes, counted: nationally, by territory and sector, with intervals.

Intervals, none of which says that the cut is the cause:

- `low`, `high` of a difference: the sum of the differences of the model's own lower bounds, and of
  its upper bounds, the errors of all structures going the same way (the widest case);
- `low`, `high` of expected cases: 90 % of the counts of a Poisson law of that mean, which is at
  least as spread as the sum of unequal draws;
- of jobs: mean ± 1.645 standard deviations of the same draws, each worth its employees, never < 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from serving.cell.scenarios.projection import Projected
from serving.publication_files import LEVELS

#: below this many structures a cell is not shown to who sees no name
SMALL = 5
MOST_EXPOSED = 100
DIMENSIONS = ("region", "departement", "sector")
_Z90 = 1.6448536269514722
_TAIL = 0.05

Figures = dict[str, Any]


def joined(
    inside: pl.DataFrame, rows: pl.DataFrame, horizons: Sequence[int], bounds: Sequence[int]
) -> pl.DataFrame:
    """Return each structure with its published figures, and `new_` ones: the same if untouched.

    `bounds` are the horizons whose bounds are published.
    """
    names = [f"p_{h}m" for h in horizons]
    names += [f"{edge}_{h}m" for h in bounds for edge in ("low", "high")]
    new = rows.select(
        "siren", "exposure", "cut_eur", *(pl.col(n).alias(f"_{n}") for n in [*names, "level"])
    ).with_columns(touched=pl.lit(value=True))
    both = inside.join(new, on="siren", how="left", maintain_order="left")
    # A structure without a published probability keeps none.
    return both.with_columns(
        pl.col("touched").fill_null(value=False),
        pl.col("cut_eur").fill_null(0.0),
        *(
            pl.when(pl.col("touched") & pl.col(n).is_not_null())
            .then(f"_{n}")
            .otherwise(n)
            .alias(f"new_{n}")
            for n in [*names, "level"]
        ),
    ).drop([f"_{n}" for n in [*names, "level"]])


def counted(table: pl.DataFrame, horizons: Sequence[int], by: str | None = None) -> list[Figures]:
    """Return the figures of all rows, or of each value of a column."""
    jobs = pl.col("employees").cast(pl.Float64).fill_null(0.0)
    rank = pl.col("level").replace_strict(_RANK, return_dtype=pl.Int32)
    new_rank = pl.col("new_level").replace_strict(_RANK, return_dtype=pl.Int32)
    sums = [
        pl.len().alias("structures"),
        pl.col("touched").sum(),
        pl.col("cut_eur").sum(),
        (new_rank > rank).sum().alias("up"),
        (new_rank < rank).sum().alias("down"),
        pl.col("employees").is_null().sum().alias("jobs_unknown"),
    ]
    for h in horizons:
        for side in ("", "new_"):
            p = pl.col(f"{side}p_{h}m")
            sums += [
                p.sum().alias(f"{side}cases_{h}"),
                (p * jobs).sum().alias(f"{side}jobs_{h}"),
                (p * (1 - p) * jobs**2).sum().alias(f"{side}spread_{h}"),
            ]
        for edge in ("low", "high"):
            if f"new_{edge}_{h}m" in table.columns:
                change = pl.col(f"new_{edge}_{h}m") - pl.col(f"{edge}_{h}m")
                sums += [
                    change.sum().alias(f"{edge}_cases_{h}"),
                    (change * jobs).sum().alias(f"{edge}_jobs_{h}"),
                ]
    if by is None:
        return [_said(row, horizons) for row in table.select(sums).to_dicts()]
    found = table.group_by(by, maintain_order=True).agg(sums).sort(by, nulls_last=True)
    return [{"code": row.pop(by), **_said(row, horizons)} for row in found.to_dicts()]


_RANK = {level: k for k, level in enumerate(reversed(LEVELS))} | {"unknown": 0}


def _said(row: dict[str, Any], horizons: Sequence[int]) -> Figures:
    keys = ("structures", "touched", "cut_eur", "up", "down", "jobs_unknown")
    return {
        **{key: row[key] for key in keys},
        "hidden": False,
        "horizons": [
            {
                "horizon_months": h,
                "cases": _pair(row, "cases", h),
                "jobs": _pair(row, "jobs", h),
            }
            for h in horizons
        ],
    }


def _pair(row: dict[str, Any], what: str, h: int) -> Figures:
    without, with_it = row[f"{what}_{h}"], row[f"new_{what}_{h}"]
    difference = with_it - without
    edges = [row[f"{e}_{what}_{h}"] for e in ("low", "high") if f"{e}_{what}_{h}" in row]
    spreads = (row[f"spread_{h}"], row[f"new_spread_{h}"])
    return {
        "without": _interval(without, spreads[0], what),
        "with": _interval(with_it, spreads[1], what),
        "difference": {
            "expected": difference,
            "low": min([difference, *edges]),
            "high": max([difference, *edges]),
        },
    }


def _interval(mean: float, variance: float, what: str) -> Figures:
    if what == "cases":
        low, high = (_poisson(q, mean) if mean else 0.0 for q in (_TAIL, 1 - _TAIL))
    else:
        half = _Z90 * float(np.sqrt(max(0.0, variance)))
        low, high = max(0.0, mean - half), mean + half
    return {"expected": mean, "low": low, "high": high}


def _poisson(q: float, mean: float) -> float:
    """Return the quantile of a Poisson law, as `scipy.stats.poisson.ppf` without its 50 MB."""
    from scipy.special import pdtr, pdtrik

    above = float(np.ceil(pdtrik(q, mean)))
    below = max(above - 1, 0.0)
    return below if pdtr(below, mean) >= q else above


def changes(table: pl.DataFrame) -> list[Figures]:
    """Return how many structures go from one level to another."""
    moved = table.filter(pl.col("level") != pl.col("new_level"))
    found = moved.group_by("level", "new_level").len("structures").sort("level", "new_level")
    return [{"from": a, "to": b, "structures": n} for a, b, n in found.iter_rows()]


def most_exposed(table: pl.DataFrame, main: int) -> list[Figures]:
    """Return the structures whose probability rises most at the main horizon, the first hundred."""
    old, new = f"p_{main}m", f"new_p_{main}m"
    found = (
        table.filter("touched")
        .with_columns(rise=pl.col(new) - pl.col(old))
        .sort("rise", "cut_eur", "siren", descending=[True, True, False], nulls_last=True)
        .head(MOST_EXPOSED)
    )
    return found.select(
        *("siren", "name", "sector", "departement", "region", "employees", "level", "new_level"),
        pl.col(old).alias("p"),
        pl.col(new).alias("new_p"),
        "cut_eur",
    ).to_dicts()


def avoided(
    inside: pl.DataFrame, found: Projected, horizons: Sequence[int], bounds: Sequence[int]
) -> list[Figures]:
    """Return what the measures avoid: with the scenario, and with it and its measures."""
    if found.relieved is None:
        return []
    table = joined(inside, found.rows, horizons, bounds)
    eased = joined(inside, found.relieved, horizons, bounds)
    new = [c for c in table.columns if c.startswith("new_")]
    # The scenario takes the place of the publication, the measures that of the scenario.
    after = table.with_columns(table[c].alias(c.removeprefix("new_")) for c in new)
    after = after.with_columns(eased[c] for c in [*new, "cut_eur"])
    return counted(after, horizons)


def hide_small(groups: Sequence[Figures]) -> list[Figures]:
    """Return the groups of one breakdown, the small ones without figures.

    Small: fewer than five structures, or one to four touched. One that would be alone hidden is
    the difference between the total and the others: the smallest of these is hidden with it.
    """
    small = {k for k, g in enumerate(groups) if is_small(g)}
    rest = [k for k in range(len(groups)) if k not in small]
    rest.sort(key=lambda k: (groups[k]["touched"] == 0, groups[k]["structures"]))
    for k in rest:
        if not small or not _alone([groups[one] for one in small]):
            break
        small.add(k)
    return [_hidden(g) if k in small else g for k, g in enumerate(groups)]


def _alone(hidden: Sequence[Figures]) -> bool:
    """Tell whether what is hidden would still be few: structures, or touched ones."""
    structures, touched = (sum(g[name] for g in hidden) for name in ("structures", "touched"))
    return bool(structures < 2 * SMALL or 0 < touched < SMALL)


def is_small(group: Figures) -> bool:
    """Tell whether figures are of fewer than five structures, or of one to four touched."""
    return bool(group["structures"] < SMALL or 0 < group["touched"] < SMALL)


def _hidden(group: Figures) -> Figures:
    kept: Figures = dict.fromkeys(group)
    return {**kept, "code": group["code"], "hidden": True, "horizons": []}
