"""Two registered models side by side: whether they can be compared, then `training.compare`."""

from __future__ import annotations

from typing import Any

from data.errors import VeilleError
from features.progress import Progress, quiet
from training import compare as side_by_side
from training.fit import Recipe
from veille.home import Home
from veille.modelling import dataset, loaded


def compare(
    home: Home,
    first: str,
    second: str,
    *,
    target: str | None = None,
    folds: int = 2,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Compare the recipes of two models out of time, on the panel of the latest.

    Raises
    ------
    VeilleError
        They have different targets, or were trained on different panels of anyone's.
    """
    (a, one), (b, two) = loaded(home, first, target), loaded(home, second, target)
    if a.target != b.target:
        raise VeilleError(
            "Ces modèles ne prédisent pas la même chose.",
            code="different-targets",
            received=f"{a.run_name} : {a.target} ; {b.run_name} : {b.target}",
            expected="deux modèles de la même cible",
            todo="« veille models » dit la cible de chacun",
        )
    panels = [m.tags.get("panel_hash", "") for m in (a, b)]
    given = "given" in one.summary or "given" in two.summary
    if given and panels[0] != panels[1]:
        raise VeilleError(
            "Ces modèles n'ont pas été appris sur le même panel.",
            code="different-panels",
            received=f"{a.run_name} : {panels[0][:16]} ; {b.run_name} : {panels[1][:16]}",
            expected="deux modèles du même panel",
            todo="réapprendre l'un des deux sur le panel de l'autre",
        )
    # Of two panels of the lake, the latest: a model learnt again and the one before it are compared
    # on the days that both can be tested on.
    data = dataset(home, a, one) if a.created_at >= b.created_at else dataset(home, b, two)
    done, expected = 0, 2 * folds

    def tell(step: str) -> None:
        nonlocal done
        done += 1
        progress(step, min(1.0, done / expected))

    recipes = [Recipe(data.target, m.features, m.params) for m in (one, two)]
    found = side_by_side.compare(data, recipes[0], recipes[1], count=folds, progress=tell)
    return {
        "a": a.run_name,
        "b": b.run_name,
        **found,
        "target": a.target,
        "synthetic": bool(one.summary["synthetic"]),
    }
