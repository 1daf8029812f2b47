"""Out-of-time evaluation: the recipe is fitted again for each test day, beside its baselines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data.errors import VeilleError
from models.spec import FeatureSpec
from models.thinning import KEYS
from training.baselines import fit_baselines, one_feature
from training.curves import curves
from training.dataset import Labelled
from training.decomposition import brier_parts, reliability_curve
from training.fit import Fitted, Recipe, fit, rows_of
from training.lead import lead_time
from training.lists import lists
from training.metrics import Estimate, evaluate, paired_difference
from training.rules import points
from training.splits import MIN_EVENTS, Fold, check_fold, folds, structure_folds, train_labels
from training.subgroups import stability, subgroups

Scores = np.ndarray[Any, Any]
METRICS = ("roc_auc", "average_precision", "brier", "log_loss", "ece", "precision_at_k")
RESAMPLES = 200
#: rows beyond which the forest of the baselines learns from a part of them only
FOREST_ROWS = 200_000


@dataclass(frozen=True)
class Split:
    """Labels that a model may learn, and those that it is tested on.

    `fold` is None in a cross-section, where some structures are held out.
    """

    train: pl.DataFrame
    test: pl.DataFrame
    fold: Fold | None

    def when(self, horizon: int) -> dict[str, str | None]:
        """Return the test day and the last training day of a horizon."""
        if self.fold is None:
            return {"test_as_of": None, "train_until": None}
        until = self.fold.train_until[horizon]
        return {"test_as_of": self.fold.test_as_of.isoformat(), "train_until": until.isoformat()}


def splits(data: Labelled, count: int, *, apart: bool = False) -> list[Split]:
    """Return up to `count` splits: by time, oldest first; by structure in a cross-section.

    With `apart`, a structure that is tested is never learnt from, on any day.

    Raises
    ------
    VeilleError
        As `training.splits.folds`, or a cross-section has too few events.
    """
    target, labels = data.target, data.labels()
    if not data.dated:
        found = structure_folds(labels)
        if not found:
            raise VeilleError(
                "Trop peu d'événements pour tester sur d'autres structures.",
                code="too-few-events",
                received=int(labels["event"].sum()),
                expected=f"au moins {MIN_EVENTS} structures qui ont l'événement",
                todo="ajouter des lignes",
            )
        return [Split(train, test, None) for train, test in found[:count]]
    made = []
    for fold in folds(labels, target.horizons_months, main=target.main_horizon_months, count=count):
        known = train_labels(data.labels(fold.test_as_of), fold)
        check_fold(known, fold)
        test = labels.filter(pl.col("as_of") == fold.test_as_of)
        if apart:
            known = known.join(test, on="structure_id", how="anti", maintain_order="left")
        made.append(Split(known, test, fold))
    return made


def _shown(found: dict[str, Estimate]) -> dict[str, dict[str, float | None]]:
    return {name: found[name].to_dict() for name in METRICS if name in found}


def labelled(data: Labelled, labels: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """Return the rows labelled at a horizon, with `event`."""
    wanted = labels.filter(pl.col("horizon_months") == horizon).select(*KEYS, "event")
    return data.rows.join(wanted, on=list(KEYS), how="inner", maintain_order="left")


def _baselines(
    data: Labelled, train: pl.DataFrame, test: pl.DataFrame, recipe: Recipe, horizon: int
) -> dict[str, Scores]:
    rows = labelled(data, train, horizon)
    events = rows["event"].to_numpy().astype(float)
    change, amount = data.simple
    found = fit_baselines(
        rows,
        events,
        test,
        features=recipe.features,
        change=change,
        amount=amount,
        forest=rows.height <= FOREST_ROWS,
    )
    before, now = (points(at, data.target.name) for at in (rows, test))
    if before is not None and now is not None and before.n_unique() > 1:
        rule = FeatureSpec("points", direction=1)
        found["rules"] = one_feature(before.to_frame(), events, now.to_frame(), rule)
    return found


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
    data: Labelled,
    recipe: Recipe,
    *,
    count: int = 2,
    apart: bool = False,
    oracle: Path | None = None,
    champion: Recipe | None = None,
    num_threads: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Evaluate the recipe out of time on the last `count` test days, 12 months apart.

    For each test day the recipe is fitted on labels known by that day whose windows ended by it
    (embargo = horizon); every figure has a 95 % interval by bootstrap over the structures.

    Parameters
    ----------
    apart : bool
        Never learn from a structure that is tested.
    oracle : pathlib.Path, optional
        File of the simulation's oracle; its observable part is added as `oracle_observable`.
    champion : Recipe, optional
        Recipe of the model in place: fitted on the same rows, it is the baseline `champion`.

    Returns
    -------
    dict
        `target`, `folds`: by horizon and test day, `n`, `positives`, `metrics`, `baselines`,
        `differences` (model minus each baseline on the same rows), and of the model `brier_parts`,
        `reliability` (see `training.decomposition`), `curves`, `lists`, `subgroups` (see the
        modules of these names), `lead_time` where the day of an event is known and, on synthetic
        data, `oracle_gap` (difference of AUC with the observable oracle); then `stability` of the
        lists of the last two days, by horizon.
    """
    found = []
    ranked: dict[int, list[pl.DataFrame]] = {}
    event_days = data.event_days()
    for split in splits(data, count, apart=apart):
        features = data.features(rows_of(data.rows, split.train))
        telling = {f.name for f in features}
        here = replace(recipe, features=features) if recipe.features else recipe
        made: dict[str, Fitted] = {}
        for name, one in (("model", here), ("champion", champion)):
            if one is not None:
                kept = tuple(f for f in one.features if f.name in telling)
                made[name] = fit(
                    data.rows,
                    split.train,
                    replace(one, features=kept),
                    fold=split.fold,
                    dated=data.dated,
                    num_threads=num_threads,
                    progress=progress,
                )
        fitted = made["model"]
        for horizon in data.target.horizons_months:
            test = labelled(data, split.test, horizon)
            if test.is_empty() or not test["event"].sum():
                continue
            scores = fitted.model.predict(test, num_threads=num_threads)
            ours = scores[f"p_{horizon}m"].to_numpy()
            others = _baselines(data, split.train, test, here, horizon)
            if champion is not None:
                theirs = made["champion"].model.predict(test, num_threads=num_threads)
                others["champion"] = theirs[f"p_{horizon}m"].to_numpy()
            best = _oracle(oracle, test, horizon) if oracle else None
            if best is not None:
                others["oracle_observable"] = best
            compared = _compare(test, ours, others)
            truth = test["event"].to_numpy()
            compared |= {
                "brier_parts": brier_parts(truth, ours),
                "reliability": reliability_curve(truth, ours),
                "curves": curves(truth, ours),
                "lists": lists(truth, ours, high_share=here.levels.high_share),
                "subgroups": subgroups(test, ours, here.features, here.levels.high_share),
            }
            if event_days is not None:
                compared["lead_time"] = lead_time(
                    test, ours, event_days, high_share=here.levels.high_share
                )
            if best is not None:
                compared["oracle_gap"] = compared["differences"]["oracle_observable"]["roc_auc"]
            ranked.setdefault(horizon, []).append(
                test.select("structure_id").with_columns(pl.Series("p", ours))
            )
            found.append({"horizon_months": horizon, **split.when(horizon), **compared})
            progress(f"{split.when(horizon)['test_as_of']}, {horizon} mois")
    return {"target": data.target.name, "folds": found, "stability": _stable(ranked, data.dated)}


def _stable(ranked: dict[int, list[pl.DataFrame]], dated: bool) -> dict[str, Any]:  # noqa: FBT001
    """Return how the lists of the last two test days agree, by horizon."""
    lasts = {h: made[-2:] for h, made in ranked.items() if dated and len(made) > 1}
    return {f"{h}m": stability(one, two) for h, (one, two) in lasts.items()}


def _compare(test: pl.DataFrame, ours: Scores, others: dict[str, Scores]) -> dict[str, Any]:
    events, structures = test["event"].to_numpy(), test["structure_id"].to_numpy()

    def alone(p: Scores) -> dict[str, Any]:
        known = ~np.isnan(p)
        return _shown(evaluate(events[known], p[known], structures[known], resamples=RESAMPLES))

    def against(p: Scores) -> dict[str, Any]:
        known = ~np.isnan(p)
        rows = events[known], ours[known], p[known], structures[known]
        return _shown(paired_difference(*rows, resamples=RESAMPLES))

    return {
        "n": test.height,
        "positives": int(events.sum()),
        "metrics": alone(ours),
        "baselines": {name: alone(p) for name, p in others.items()},
        "differences": {name: against(p) for name, p in others.items()},
    }
