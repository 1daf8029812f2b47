"""The same figures in every subgroup: a model right on average may be wrong for a region.

Ranking and calibration are measured inside the subgroup; the list is cut again there, at the same
share, since a cell only reads its own territory.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.spec import FeatureSpec
from training.metrics import evaluate, precision_ties
from training.outcomes import observed_over_expected

Floats = NDArray[np.float64]
#: fewer events than this: only the size is shown
MIN_EVENTS = 10
RESAMPLES = 100
#: levels of a category that is read as a grouping
FEW_LEVELS, MANY_LEVELS = 2, 20
_METRICS = ("roc_auc", "average_precision", "ece")
#: indicator -> name of the grouping, edges between its classes
_CLASSES = {
    "age_years": ("age_class", (3.0, 10.0, 20.0)),
    "budget_eur": ("budget_class", (50_000.0, 200_000.0, 500_000.0)),
    "employees": ("size_class", (1.0, 10.0, 50.0)),
}


def groupings(rows: pl.DataFrame, features: Sequence[FeatureSpec]) -> dict[str, pl.Series]:
    """Return the group of each row, by grouping: categories, classes of size and age, coverage."""
    found = {}
    for feature in features:
        column = rows[feature.name]
        if feature.kind == "categorical":
            if FEW_LEVELS <= column.drop_nulls().n_unique() <= MANY_LEVELS:
                found[feature.name] = column.cast(pl.String).fill_null("inconnu")
        elif feature.name in _CLASSES and column.null_count() < rows.height:
            name, edges = _CLASSES[feature.name]
            found[name] = _classes(column.cast(pl.Float64), edges)
    known = rows.select(pl.sum_horizontal(pl.col(f.name).is_not_null() for f in features))
    counts = known.to_series().cast(pl.Float64)
    if counts.n_unique() > 1:
        cuts = np.unique(np.quantile(counts.to_numpy(), [1 / 3, 2 / 3]))
        found["coverage_class"] = _classes(counts, tuple(float(c) for c in cuts))
    return found


def _classes(values: pl.Series, edges: tuple[float, ...]) -> pl.Series:
    """Return the class of each value, named by its lower edge (inclusive)."""
    inside = [f"de {low:g} à {high:g}" for low, high in pairwise(edges)]
    names = [f"moins de {edges[0]:g}", *inside, f"{edges[-1]:g} et plus"]
    at = np.searchsorted(edges, values.fill_null(0.0).to_numpy(), side="right")
    said = pl.Series([names[i] for i in at], dtype=pl.String)
    return said.set(values.is_null(), "inconnu")


def subgroups(
    test: pl.DataFrame, probabilities: Floats, features: Sequence[FeatureSpec], high_share: float
) -> list[dict[str, Any]]:
    """Return the figures of every subgroup of a test day.

    Parameters
    ----------
    test : polars.DataFrame
        `structure_id`, `event`, the indicators.
    probabilities : ndarray (n,)
        Of the model, which never saw these rows.
    features : sequence of FeatureSpec
        Indicators of the model.
    high_share : float
        Share of a list that can be looked at.

    Returns
    -------
    list of dict
        `by`, `group`, `n`, `positives`; with `MIN_EVENTS` events at least, `metrics` (AUC, average
        precision, ECE), `ratio` (observed / expected) and `list` (k, precision with its worst and
        best over the ties, recall, lift), else None.
    """
    rows = test.select("structure_id", "event").with_columns(pl.Series("p", probabilities))
    found = []
    for by, groups in groupings(test, features).items():
        for (group,), part in (
            rows.with_columns(groups.alias("_group"))
            .sort("_group", maintain_order=True)
            .group_by("_group", maintain_order=True)
        ):
            found.append({"by": by, "group": str(group), **_measured(part, high_share)})
    return found


def _measured(part: pl.DataFrame, high_share: float) -> dict[str, Any]:
    events, p = part["event"].to_numpy(), part["p"].to_numpy()
    cases = int(events.sum())
    sizes: dict[str, Any] = {"n": part.height, "positives": cases}
    if cases < MIN_EVENTS or cases == part.height:
        return {**sizes, "metrics": None, "ratio": None, "list": None}
    names = part["structure_id"].to_numpy()
    metrics = evaluate(events, p, names, resamples=RESAMPLES)
    ties = precision_ties(events, p, k=max(1, round(high_share * part.height)))
    return {
        **sizes,
        "metrics": {name: metrics[name].to_dict() for name in _METRICS},
        "ratio": observed_over_expected(cases, float(p.sum())).to_dict(),
        "list": {
            "k": ties.k,
            "precision": ties.mean,
            "worst": ties.worst,
            "best": ties.best,
            "recall": ties.mean * ties.k / cases,
            "lift": ties.mean * part.height / cases,
        },
    }


def stability(
    one: pl.DataFrame, two: pl.DataFrame, *, k: int = 100
) -> dict[str, float | int | None]:
    """Return how much two lists (`structure_id`, `p`) of two days agree on who is in both.

    `both`: structures in the two; `overlap`: share of the k first of each that they have in common,
    among these; `rank_correlation`: Spearman's.
    """
    both = one.join(two, on="structure_id", how="inner", suffix="_two")
    k = max(1, min(k, both.height // 2))
    tops = [set(both.top_k(k, by=name)["structure_id"]) for name in ("p", "p_two")]
    rank = both.select(pl.corr("p", "p_two", method="spearman")).item() if both.height > 2 else None
    return {
        "both": both.height,
        "k": k,
        "overlap": len(tops[0] & tops[1]) / k if both.height else 0.0,
        "rank_correlation": None if rank is None or np.isnan(rank) else float(rank),
    }
