"""Two recipes on the same splits of the same rows: each alone, their difference, their lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from data.errors import VeilleError
from models.thinning import KEYS
from training.dataset import Labelled
from training.evaluate import METRICS, RESAMPLES, Split, splits
from training.fit import Recipe, fit, rows_of
from training.metrics import HIGHER_IS_BETTER, Estimate, evaluate, paired_difference

Scores = np.ndarray[Any, Any]
#: length of the lists that are compared, and of the metric `precision_at_k`
TOP = 100
BETTER_A, BETTER_B, UNDECIDED = (
    "A est meilleur",
    "B est meilleur",
    "pas de différence établie",
)


def compare(
    data: Labelled,
    first: Recipe,
    second: Recipe,
    *,
    count: int = 2,
    num_threads: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Fit both recipes again on each split of `data`, and score the same test rows.

    Parameters
    ----------
    first, second : Recipe
        Of the same target. Each keeps its own indicators, those that say something in the rows
        learnt from, and its own parameters.
    count : int
        Test days (groups of structures in a cross-section).

    Returns
    -------
    dict
        `folds`: by test day and horizon, `n`, `positives`, metrics of `a` and `b`, their
        `difference` (a minus b, on the same resamples of the structures), a `verdict` a metric,
        `lists` (see `lists_apart`). `pooled`: the same by horizon, over the rows of all folds.

    Raises
    ------
    VeilleError
        As `training.evaluate.splits`.
    """
    found: list[dict[str, Any]] = []
    kept: dict[int, list[pl.DataFrame]] = {h: [] for h in data.target.horizons_months}
    for split in splits(data, count):
        tested = _scored(data, (first, second), split, num_threads, progress)
        for horizon, rows in tested.items():
            if rows.is_empty() or not rows["event"].sum():
                continue
            kept[horizon].append(rows)
            day = split.when(horizon)["test_as_of"]
            found.append(
                {"horizon_months": horizon, "test_as_of": day, **_figures(rows), **_listed(rows)}
            )
    if not found:
        raise VeilleError(
            "Aucun événement dans les lignes de test : rien à comparer.",
            code="no-test-event",
            received=f"{count} découpage(s)",
            expected="au moins un événement après une date de test",
            todo="ajouter des lignes, ou des dates de test avec --folds",
        )
    pooled = [
        {"horizon_months": horizon, "folds": len(parts), **_figures(pl.concat(parts))}
        for horizon, parts in kept.items()
        if parts
    ]
    return {"target": data.target.name, "folds": found, "pooled": pooled}


def _scored(
    data: Labelled,
    recipes: tuple[Recipe, Recipe],
    split: Split,
    num_threads: int,
    progress: Callable[[str], None],
) -> dict[int, pl.DataFrame]:
    """Return `structure_id`, `event`, `a`, `b` of the test rows of each horizon."""
    seen = rows_of(data.rows, split.train)
    telling = {f.name for f in data.features(seen)}
    held = rows_of(data.rows, split.test)
    predicted = []
    for letter, recipe in zip("ab", recipes, strict=True):
        # What never varies in these rows cannot be learnt from; it was not there when fitted.
        here = replace(recipe, features=tuple(f for f in recipe.features if f.name in telling))
        fitted = fit(
            data.rows,
            split.train,
            here,
            fold=split.fold,
            dated=data.dated,
            num_threads=num_threads,
        )
        scores = fitted.model.predict(held, num_threads=num_threads)
        predicted.append(
            scores.select(
                *KEYS,
                *(pl.col(f"p_{h}m").alias(f"{letter}_{h}") for h in recipe.target.horizons_months),
            )
        )
        progress(f"modèle {letter.upper()}")
    both = predicted[0].join(predicted[1], on=list(KEYS), how="inner", maintain_order="left")
    return {
        h: both.join(
            split.test.filter(pl.col("horizon_months") == h).select(*KEYS, "event"),
            on=list(KEYS),
            how="inner",
            maintain_order="left",
        ).select("structure_id", "event", pl.col(f"a_{h}").alias("a"), pl.col(f"b_{h}").alias("b"))
        for h in data.target.horizons_months
    }


def _figures(rows: pl.DataFrame) -> dict[str, Any]:
    events, structures = rows["event"].to_numpy(), rows["structure_id"].to_numpy()
    a, b = rows["a"].to_numpy(), rows["b"].to_numpy()
    said = {"k": min(TOP, rows.height), "resamples": RESAMPLES}
    difference = paired_difference(events, a, b, structures, **said)
    return {
        "n": rows.height,
        "positives": int(events.sum()),
        "a": _shown(evaluate(events, a, structures, **said)),
        "b": _shown(evaluate(events, b, structures, **said)),
        "difference": _shown(difference),
        "verdict": {name: verdict(name, difference[name]) for name in METRICS},
    }


def _shown(found: dict[str, Estimate]) -> dict[str, dict[str, float | None]]:
    return {name: found[name].to_dict() for name in METRICS}


def _listed(rows: pl.DataFrame) -> dict[str, Any]:
    return {"lists": lists_apart(rows["structure_id"], rows["a"], rows["b"])}


def verdict(metric: str, difference: Estimate) -> str:
    """Return what the interval of metric(a) - metric(b) says, in French.

    An interval that holds zero, or that cannot be computed, establishes nothing.
    """
    if difference.low > 0:
        return BETTER_A if HIGHER_IS_BETTER[metric] else BETTER_B
    if difference.high < 0:
        return BETTER_B if HIGHER_IS_BETTER[metric] else BETTER_A
    return UNDECIDED


def lists_apart(structures: pl.Series, a: pl.Series, b: pl.Series, k: int = TOP) -> dict[str, Any]:
    """Return how two lists of the same structures differ.

    `k`: length of the top that is compared (at most the rows). `common`, `overlap`: structures in
    both tops, and their share of k. `rank_correlation`: Spearman's, None where a score is constant.
    Equal scores are listed by structure.
    """
    k = min(k, len(structures))
    rows = pl.DataFrame({"structure": structures, "a": a, "b": b})
    tops = [
        set(rows.sort([letter, "structure"], descending=[True, False])["structure"].head(k))
        for letter in ("a", "b")
    ]
    common = len(tops[0] & tops[1])
    ranks = rows.select(pl.corr(pl.col("a").rank(), pl.col("b").rank())).item()
    return {
        "k": k,
        "common": common,
        "overlap": common / k,
        "rank_correlation": None if ranks is None or np.isnan(ranks) else float(ranks),
    }
