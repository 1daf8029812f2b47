"""Light risk models fitted with some indicators, out of time, and how their scores differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import rankdata

from features.catalogue import INDICATORS
from models.risk_model import RiskModel
from models.spec import FeatureSpec, FitParams
from models.thinning import KEYS
from training.dataset import Dataset
from training.fit import catalogue_features
from training.metrics import Estimate, paired_difference
from training.splits import check_fold, folds, train_labels

Floats = np.ndarray[Any, Any]
Shown = dict[str, dict[str, float | None]]
METRICS = ("average_precision", "roc_auc")
BASE = "structure"
DAYS, RESAMPLES, PERMUTATIONS, THREADS, SEED = 2, 400, 2, 2, 1
PARAMS = FitParams(members=1, feature_fraction=1.0)
#: given to every fit instead of a search, so that two fits differ by their indicators alone
CHOICE = {"form": "blend", "l2": 64.0, "rounds": 40, "linear_share": 0.5, "holdout": "none"}
LIKE = SimpleNamespace(params=PARAMS, summary={**CHOICE, "holdout_losses": {}})
FIXED: Any = {"params": PARAMS, "like": LIKE, "num_threads": THREADS}


@dataclass
class Day:
    """A test day: its rows, what may be learnt by then, and the scores found so far."""

    as_of: date
    train_until: date
    known: pl.DataFrame
    train: pl.DataFrame
    test: pl.DataFrame
    scores: dict[str, Floats] = field(default_factory=dict)


def days(data: Dataset) -> list[Day]:
    """Return the last test days, each with the labels that are known and over by then."""
    main = data.target.main_horizon_months
    labels = data.labels().filter(pl.col("horizon_months") == main)
    found = []
    for fold in folds(labels, (main,), main=main, count=DAYS):
        known = train_labels(data.labels(fold.test_as_of), fold)
        check_fold(known, fold)
        wanted = labels.filter(pl.col("as_of") == fold.test_as_of).select(*KEYS, "event")
        test = data.rows.join(wanted, on=list(KEYS), how="inner", maintain_order="left")
        train = data.rows.join(known.select(KEYS).unique(), on=list(KEYS), how="semi")
        found.append(Day(fold.test_as_of, fold.train_until[main], known, train, test))
    return found


def learn(data: Dataset, day: Day, features: Sequence[FeatureSpec]) -> RiskModel:
    """Fit on the training rows of a day with these indicators."""
    goal = data.target
    wanted: Any = {"target": goal.name, "horizons_months": (goal.main_horizon_months,), **FIXED}
    return RiskModel.fit(day.train, day.known, None, None, features=features, **wanted)


def score(model: RiskModel, rows: pl.DataFrame) -> Floats:
    """Return the probabilities of the only horizon."""
    scored = model.predict(rows, num_threads=THREADS)
    return scored[f"p_{model.horizons_months[0]}m"].to_numpy()


def shown(found: dict[str, Estimate]) -> Shown:
    """Return the two metrics as rounded JSON values."""
    return {
        name: {k: None if v is None else round(v, 5) for k, v in found[name].to_dict().items()}
        for name in METRICS
    }


def paired(rows: pl.DataFrame, first: Floats, second: Floats, count: int = RESAMPLES) -> Shown:
    """Return metric(first) - metric(second) on the rows and the same resamples of structures."""
    facts = rows["event"].to_numpy(), first, second, rows["structure_id"].to_numpy()
    return shown(paired_difference(*facts, resamples=count, seed=SEED))


def difference(at: Sequence[Day], first: str, second: str) -> dict[str, Any]:
    """Return metric(first) - metric(second), all days together then day by day."""
    # Ranks within the day: the levels of two models do not compare.
    one, two = (
        np.concatenate([rankdata(day.scores[name]) / day.test.height for day in at])
        for name in (first, second)
    )
    alone = {str(day.as_of): paired(day.test, day.scores[first], day.scores[second]) for day in at}
    return {"together": paired(pl.concat([day.test for day in at]), one, two), "by_day": alone}


def permuted(day: Day, model: RiskModel, name: str) -> dict[str, float | None]:
    """Return the average precision lost when the values of an indicator are dealt out again."""
    rng = np.random.default_rng([SEED, list(INDICATORS).index(name)])
    deals = [rng.permutation(day.test.height) for _ in range(PERMUTATIONS)]
    test = [day.test.with_columns(day.test[name].gather(deal)) for deal in deals]
    whole, dealt = np.tile(day.scores["all"], PERMUTATIONS), [score(model, rows) for rows in test]
    lost = paired(pl.concat(test), whole, np.concatenate(dealt), RESAMPLES // 2)
    return lost["average_precision"]


def indicators(day: Day, model: RiskModel) -> dict[str, dict[str, Any]]:
    """Return, by indicator in the model, its gain share, weight in the score, permutation loss."""
    names = [f.name for f in model.features]
    (forest,) = model.forests or ()
    gain = np.asarray(forest.booster.feature_importance("gain"))[: len(names)]
    reasons = model.explain(day.test, model.horizons_months[0], num_threads=THREADS)
    weight = np.abs(reasons.select(names).to_numpy()).mean(0)
    return {
        name: {
            "gain_share": round(float(gain[j] / (gain.sum() or 1.0)), 6),
            "contribution_share": round(float(weight[j] / weight.sum()), 6),
            "permutation_loss": permuted(day, model, name),
        }
        for j, name in enumerate(names)
    }


def fill(data: Dataset, day: Day) -> dict[str, dict[str, Any]]:
    """Score a test day with every set of themes; return the worth of the indicators."""
    every = catalogue_features(day.train)
    themes = {f.theme for f in every}
    sets = {"base": {BASE}}
    for theme in themes:
        sets |= {f"without {theme}": themes - {theme}, f"base and {theme}": {BASE, theme}}
    for name, kept in sorted(sets.items()):
        features = [f for f in every if f.theme in kept]
        same = np.full(day.test.height, 0.5)  # for everyone, where there is no indicator
        day.scores[name] = score(learn(data, day, features), day.test) if features else same
    model = learn(data, day, every)
    day.scores["all"] = score(model, day.test)
    return indicators(day, model)
