"""Out-of-time evaluation: the recipe is fitted again for each test day, beside its baselines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from training.baselines import fit_baselines
from training.dataset import Dataset
from training.fit import KEYS, Fitted, Recipe, catalogue_features, fit
from training.metrics import Estimate, evaluate, paired_difference
from training.splits import Fold, folds, train_labels
from training.targets import Target

Scores = np.ndarray[Any, Any]
METRICS = ("roc_auc", "average_precision", "brier", "log_loss", "ece", "precision_at_k")
RESAMPLES = 200
#: the indicators of the baselines "last_change" and "amount", by target
SIMPLE = {
    "funding_loss": ("state_change_1y_ratio", "grants_eur"),
    "failure": ("grants_change_1y_ratio", "grants_eur"),
}


def _shown(found: dict[str, Estimate]) -> dict[str, dict[str, float | None]]:
    return {name: found[name].to_dict() for name in METRICS if name in found}


def _test_rows(data: Dataset, labels: pl.DataFrame, fold: Fold, horizon: int) -> pl.DataFrame:
    wanted = labels.filter(
        (pl.col("as_of") == fold.test_as_of) & (pl.col("horizon_months") == horizon)
    )
    return data.rows.join(
        wanted.select(*KEYS, "event"), on=list(KEYS), how="inner", maintain_order="left"
    )


def _baselines(
    data: Dataset, train: pl.DataFrame, test: pl.DataFrame, recipe: Recipe, horizon: int
) -> dict[str, Scores]:
    labelled = train.filter(pl.col("horizon_months") == horizon)
    rows = data.rows.join(
        labelled.select(*KEYS, "event"), on=list(KEYS), how="inner", maintain_order="left"
    )
    change, amount = SIMPLE[data.target.name]
    return fit_baselines(
        rows,
        rows["event"].to_numpy().astype(float),
        test,
        features=recipe.features,
        change=change,
        amount=amount,
    )


def _oracle(path: Path, test: pl.DataFrame, horizon: int) -> Scores | None:
    """Return the observable oracle's probabilities for the test rows (synthetic data only).

    NaN where the structure had already ended on that day without anyone knowing it yet.
    """
    if not path.exists():
        return None
    known = pl.read_parquet(path).filter(pl.col("horizon_months") == horizon)
    joined = test.select(KEYS).join(
        known.select(pl.col("siren").alias("structure_id"), "as_of", "p_observable"),
        on=list(KEYS),
        how="left",
        maintain_order="left",
    )
    return None if joined["p_observable"].is_null().all() else joined["p_observable"].to_numpy()


def backtest(
    data: Dataset,
    recipe: Recipe,
    *,
    count: int = 2,
    oracle: Path | None = None,
    num_threads: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Evaluate the recipe out of time on the last `count` test days, 12 months apart.

    For each test day the recipe is fitted on labels known by that day whose windows ended by it
    (embargo = horizon); every figure has a 95 % interval by bootstrap over the structures.

    Parameters
    ----------
    oracle : pathlib.Path, optional
        File of the simulation's oracle; its observable part is added as `oracle_observable`.

    Returns
    -------
    dict
        `target`, `folds`: by horizon and test day, `n`, `positives`, `metrics`, `baselines`, and
        `differences` (model minus each baseline on the same rows).
    """
    target: Target = data.target
    labels = data.labels()
    found = []
    for fold in folds(labels, target.horizons_months, main=target.main_horizon_months, count=count):
        known = data.labels(fold.test_as_of)
        train = train_labels(known, fold)
        seen = data.rows.join(train.select(KEYS).unique(), on=list(KEYS), how="semi")
        here = replace(recipe, features=catalogue_features(seen)) if recipe.features else recipe
        fitted: Fitted = fit(
            data.rows, known, here, fold=fold, num_threads=num_threads, progress=progress
        )
        for horizon in target.horizons_months:
            test = _test_rows(data, labels, fold, horizon)
            if test.is_empty() or not test["event"].sum():
                continue
            scores = fitted.model.predict(test, num_threads=num_threads)
            ours = scores[f"p_{horizon}m"].to_numpy()
            others = _baselines(data, train, test, here, horizon)
            best = _oracle(oracle, test, horizon) if oracle else None
            if best is not None:
                others["oracle_observable"] = best
            found.append(_compare(fold, horizon, test, ours, others))
            progress(f"{fold.test_as_of}, {horizon} mois")
    return {"target": target.name, "folds": found}


def _compare(
    fold: Fold,
    horizon: int,
    test: pl.DataFrame,
    ours: Scores,
    others: dict[str, Scores],
) -> dict[str, Any]:
    events, structures = test["event"].to_numpy(), test["structure_id"].to_numpy()

    def alone(p: Scores) -> dict[str, Any]:
        known = ~np.isnan(p)
        return _shown(evaluate(events[known], p[known], structures[known], resamples=RESAMPLES))

    def against(p: Scores) -> dict[str, Any]:
        known = ~np.isnan(p)
        rows = events[known], ours[known], p[known], structures[known]
        return _shown(paired_difference(*rows, resamples=RESAMPLES))

    return {
        "horizon_months": horizon,
        "test_as_of": fold.test_as_of.isoformat(),
        "train_until": fold.train_until[horizon].isoformat(),
        "n": test.height,
        "positives": int(events.sum()),
        "metrics": alone(ours),
        "baselines": {name: alone(p) for name, p in others.items()},
        "differences": {name: against(p) for name, p in others.items()},
    }
