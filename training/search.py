"""A search of LightGBM's parameters on out-of-time folds, bounded by trials or minutes.

The days on which the model will be evaluated are left out: a figure chosen on its own test says
nothing. The first trial is the parameters given: a search never ends with worse on its folds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from models.boosting import levelled, log_losses
from models.risk_model import RiskModel
from models.spec import FeatureSpec, FitParams
from models.thinning import KEYS
from training.dataset import Labelled
from training.evaluate import Split, splits
from training.fit import Recipe
from training.labels import FAR
from training.targets import Target

if TYPE_CHECKING:
    import optuna

#: test days that an evaluation uses by default: the search sees none of them
EVALUATED = 2
#: test days, or parts of the structures, that the search is judged on
FOLDS = 2
_SPACE: dict[str, tuple[str, float, float]] = {
    "learning_rate": ("log", 0.03, 0.3),
    "num_leaves": ("int", 4, 63),
    "max_depth": ("int", 3, 8),
    "feature_fraction": ("share", 0.3, 1.0),
    "lambda_l2": ("log", 1.0, 100.0),
    "min_leaf_weight": ("log", 0.5, 20.0),
}


@dataclass(frozen=True)
class Found:
    """What a search chose: the parameters, its trials, the loss of the first and of the best.

    Losses are the mean log-loss of the main horizon on the folds, each at its own level.
    """

    params: FitParams
    trials: int
    pruned: int
    first_loss: float
    best_loss: float

    def summary(self) -> dict[str, Any]:
        """Return what is kept beside the model."""
        return {**asdict(self), "params": {name: getattr(self.params, name) for name in _SPACE}}


@dataclass(frozen=True)
class _Until:
    """A dataset as it was known on a day."""

    data: Labelled
    day: date

    @property
    def target(self) -> Target:
        return self.data.target

    @property
    def dated(self) -> bool:
        return self.data.dated

    @property
    def simple(self) -> tuple[str | None, str | None]:
        return self.data.simple

    @property
    def rows(self) -> pl.DataFrame:
        return self.data.rows.filter(pl.col("as_of") <= self.day)

    def features(self, seen: pl.DataFrame) -> tuple[FeatureSpec, ...]:
        return self.data.features(seen)

    def labels(self, known_by: date = FAR) -> pl.DataFrame:
        return self.data.labels(min(known_by, self.day))

    def event_days(self) -> pl.DataFrame | None:
        days = self.data.event_days()
        return None if days is None else days.filter(pl.col("event_on") <= self.day)


def seen_by(data: Labelled) -> Labelled:
    """Return what a search may look at: all that was known by the first day of the evaluation.

    Raises
    ------
    VeilleError
        As `training.evaluate.splits`: there are too few days.
    """
    if not data.dated:
        return data
    first = splits(data, EVALUATED)[0].fold
    return _Until(data, first.test_as_of) if first else data


def search(
    data: Labelled,
    recipe: Recipe,
    folder: Path,
    *,
    trials: int,
    minutes: float | None = None,
    inputs: str = "",
    num_threads: int = 2,
    progress: Callable[[str, float], None] = lambda _step, _share: None,
) -> Found:
    """Return the best parameters found; a search that was stopped goes on from its trials.

    Parameters
    ----------
    data, recipe
        What is learnt; the features and parameters of the recipe are those of the first trial.
    folder : pathlib.Path
        Where the trials are kept, by the hash of the recipe and of `inputs`.
    trials, minutes
        Bounds, trials kept from before included; whichever comes first.

    Raises
    ------
    VeilleError
        There are too few days to leave those of the evaluation out.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folds = splits(seen_by(data), FOLDS)
    content = json.dumps([recipe.hash(), inputs, _SPACE, EVALUATED, FOLDS])
    key = hashlib.sha256(content.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=key,
        storage=f"sqlite:///{(folder / f'{key}.db').resolve()}",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=0),
    )
    done = len(study.get_trials(deepcopy=False, states=_ended()))
    study.sampler = optuna.samplers.TPESampler(seed=recipe.params.seed + done, n_startup_trials=8)
    if not study.trials:
        study.enqueue_trial({name: getattr(recipe.params, name) for name in _SPACE})

    def tried(trial: optuna.Trial) -> float:
        params = replace(recipe.params, members=1, **_drawn(trial))
        losses: list[float] = []
        for step, split in enumerate(folds):
            losses.append(_loss(data, recipe, params, split, num_threads))
            trial.report(float(np.mean(losses)), step)
            if step + 1 < len(folds) and trial.should_prune():
                raise optuna.TrialPruned
        return float(np.mean(losses))

    def told(study: optuna.Study, _trial: object) -> None:
        count = len(study.get_trials(deepcopy=False, states=_ended()))
        progress(f"recherche : essai {count}, perte {study.best_value:.5f}", count / trials)

    if done < trials:
        seconds = minutes * 60 if minutes else None
        study.optimize(tried, n_trials=trials - done, timeout=seconds, callbacks=[told])
    ended = study.get_trials(deepcopy=False, states=_ended())
    first = study.trials[0].value
    return Found(
        params=replace(recipe.params, **study.best_params),
        trials=len(ended),
        pruned=sum(t.state == optuna.trial.TrialState.PRUNED for t in ended),
        first_loss=float("nan") if first is None else first,
        best_loss=study.best_value,
    )


def _ended() -> tuple[Any, Any]:
    from optuna.trial import TrialState

    return TrialState.COMPLETE, TrialState.PRUNED


def _drawn(trial: optuna.Trial) -> dict[str, Any]:
    drawn: dict[str, Any] = {}
    for name, (kind, low, high) in _SPACE.items():
        if kind == "int":
            drawn[name] = trial.suggest_int(name, int(low), int(high))
        else:
            drawn[name] = trial.suggest_float(name, low, high, log=kind == "log")
    return drawn


def _loss(
    data: Labelled, recipe: Recipe, params: FitParams, split: Split, num_threads: int
) -> float:
    """Return the log-loss of the main horizon on the held rows, at their own level."""
    target = recipe.target
    model = RiskModel.fit(
        data.rows,
        split.train,
        None,
        None,
        target=target.name,
        features=recipe.features,
        horizons_months=target.horizons_months,
        params=params,
        num_threads=num_threads,
    )
    main = target.main_horizon_months
    wanted = split.test.filter(pl.col("horizon_months") == main).select(*KEYS, "event")
    held = data.rows.join(wanted, on=list(KEYS), how="inner", maintain_order="left")
    events = held["event"].to_numpy()
    score = model.raw_members(held, num_threads=num_threads)[0][model.horizon_index(main)].mean(1)
    return float(
        log_losses(levelled(score, events, np.ones(len(events)), [len(events)]), events).mean()
    )
