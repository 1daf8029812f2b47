"""What each theme of indicators is worth: the same fit without it, on the same test rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from models.risk_model import RiskModel
from training.dataset import Labelled
from training.evaluate import RESAMPLES, labelled, splits
from training.fit import Recipe, rows_of
from training.metrics import paired_difference

#: figures that a calibration does not change: the fits are not calibrated
RANKING = ("roc_auc", "average_precision")


def themes(recipe: Recipe) -> list[str]:
    """Return the themes of a recipe's indicators, in their order."""
    return list(dict.fromkeys(f.theme for f in recipe.features))


def ablate(
    data: Labelled,
    recipe: Recipe,
    *,
    count: int = 2,
    num_threads: int = 2,
    progress: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Return what the whole recipe gains over itself without each theme, out of time.

    For each test day of `training.evaluate.splits` the recipe chooses its form and rounds with all
    indicators, and is fitted again with the same choice without each theme: the difference is that
    of the indicators.

    Returns
    -------
    list of dict
        `horizon_months` (the main one), `test_as_of`, `theme`, `indicators`, then `roc_auc` and
        `average_precision` of the whole minus without, with 95 % intervals (paired bootstrap of
        the structures; the fits are not resampled).
    """
    target = data.target
    main = target.main_horizon_months
    found = []
    for split in splits(data, count):
        telling = {f.name for f in data.features(rows_of(data.rows, split.train))}
        features = tuple(f for f in recipe.features if f.name in telling)
        test = labelled(data, split.test, main)

        def fitted(kept: tuple[Any, ...], like: RiskModel | None) -> RiskModel:
            return RiskModel.fit(
                data.rows,
                split.train,  # noqa: B023 - called within the turn of the loop
                None,
                None,
                target=target.name,
                features=kept,
                horizons_months=target.horizons_months,
                params=recipe.params,
                like=like,
                num_threads=num_threads,
            )

        whole = fitted(features, None)
        ours = whole.predict(test, num_threads=num_threads)[f"p_{main}m"].to_numpy()
        events, structures = test["event"].to_numpy(), test["structure_id"].to_numpy()
        progress(f"{split.when(main)['test_as_of']}, tout")
        for theme in themes(replace(recipe, features=features)):
            kept = tuple(f for f in features if f.theme != theme)
            if not kept:
                continue
            less = fitted(kept, whole).predict(test, num_threads=num_threads)[f"p_{main}m"]
            gained = paired_difference(
                events, ours, less.to_numpy(), structures, resamples=RESAMPLES
            )
            found.append(
                {
                    "horizon_months": main,
                    "test_as_of": split.when(main)["test_as_of"],
                    "theme": theme,
                    "indicators": len(features) - len(kept),
                    **{name: gained[name].to_dict() for name in RANKING},
                }
            )
            progress(f"{split.when(main)['test_as_of']}, sans {theme}")
    return found
