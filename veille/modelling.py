"""The line's second half: train, evaluate, score, explain, each one function."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import VeilleError
from data.lake import Lake
from features.catalogue import catalogue_hash
from features.progress import Progress, quiet
from models.entry import RegisteredModel
from models.risk_model import RiskModel
from models.spec import FitParams
from training.dataset import Dataset
from training.evaluate import backtest
from training.fit import Recipe, catalogue_features, fit
from training.targets import target as find_target
from veille.home import Home
from veille.line import is_synthetic, latest_panel

ORACLE = Path("oracle") / "oracle.parquet"


def _steps(progress: Progress, expected: int) -> Any:  # noqa: ANN401 - a callback of one string
    done = 0

    def tell(step: str) -> None:
        nonlocal done
        done += 1
        progress(step, min(1.0, done / expected))

    return tell


def train(
    home: Home,
    target: str,
    *,
    name: str | None = None,
    note: str = "",
    params: FitParams | None = None,
    progress: Progress = quiet,
) -> dict[str, object]:
    """Fit the recipe of a target on the last panel, log the run, register a new version.

    The first version of a target becomes its champion; later ones are promoted by hand.
    """
    manifest, panel = latest_panel(home.folder, min_days=2)
    goal = find_target(target)
    lake = Lake(home.folder)
    data = Dataset.load(panel, lake, goal)
    labels = data.labels()
    if labels.is_empty():
        raise VeilleError(
            f"Aucune étiquette n'est observée pour la cible « {target} ».",
            code="no-label",
            where=manifest.panel,
            expected="des faits connus après les dates d'observation du panel",
            todo="ingérer les événements ou les exercices suivants, puis recalculer le panel",
        )
    seen = data.rows.join(
        labels.select("structure_id", "as_of").unique(), on=["structure_id", "as_of"], how="semi"
    )
    recipe = Recipe(goal, catalogue_features(seen), params or FitParams())
    fitted = fit(data.rows, labels, recipe, progress=_steps(progress, 3))
    model = replace(
        fitted.model,
        summary={
            **fitted.model.summary,
            "levels": {
                "high": fitted.levels.high,
                "moderate": fitted.levels.moderate,
                "high_share": fitted.levels.high_share,
                "moderate_share": fitted.levels.moderate_share,
            },
            "panel": manifest.panel,
            "train_days": [str(d) for d in fitted.train_days],
            "calibration_days": [str(d) for d in fitted.calibration_days or ()],
            "synthetic": manifest.synthetic,
        },
    )
    registry = home.registry
    run_name = name or f"{target}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    run_id = registry.log_run(
        model,
        name=run_name,
        params={**_flat(recipe), "rows": labels.height, "events": int(labels["event"].sum())},
        metrics={},
        tags={
            "target": target,
            "note": note,
            "synthetic": str(manifest.synthetic).lower(),
            "panel_hash": manifest.input_hash,
            "catalogue_hash": catalogue_hash(),
            "lake_hash": lake.hash(),
            "recipe_hash": recipe.hash(),
        },
    )
    version = registry.register(run_id)
    others = [m for m in registry.list_models(target) if "champion" in m.aliases]
    if not others:
        registry.promote(version.name, version.version, "champion")
    progress("registre", 1.0)
    return {
        "model": run_name,
        "run_id": run_id,
        "target": target,
        "horizons_months": list(goal.horizons_months),
        "version": version.version,
        "champion": not others,
    }


def _flat(recipe: Recipe) -> dict[str, Any]:
    config = {**recipe.params.to_dict(), "scope": recipe.target.scope}
    return {**config, "features": len(recipe.features)}


def loaded(
    home: Home, reference: str, target: str | None = None
) -> tuple[RegisteredModel, RiskModel]:
    """Return a registered version and its model.

    Raises
    ------
    models.spec.ModelError
        Nothing is registered under this reference.
    """
    registry = home.registry
    found = registry.find(reference, target)
    return found, RiskModel.load(registry.resolve(found.run_id))


def evaluate(
    home: Home,
    reference: str,
    *,
    target: str | None = None,
    folds: int = 2,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Evaluate a model's recipe out of time on the panel it was trained on; log the figures."""
    found, model = loaded(home, reference, target)
    goal = find_target(found.target)
    panel_path = Path(str(model.summary["panel"]))
    panel = pl.read_parquet(panel_path) if panel_path.exists() else latest_panel(home.folder)[1]
    data = Dataset.load(panel, Lake(home.folder), goal)
    recipe = Recipe(goal, model.features, model.params)
    oracle = home.folder / ORACLE if is_synthetic(home.folder) else None
    expected = folds * (2 + len(goal.horizons_months))
    result = backtest(data, recipe, count=folds, oracle=oracle, progress=_steps(progress, expected))
    result = {"model": found.run_name, **result, "synthetic": is_synthetic(home.folder)}
    figures = {
        f"{metric}_{fold['horizon_months']}m_{fold['test_as_of']}": estimate["value"]
        for fold in result["folds"]
        for metric, estimate in fold["metrics"].items()
        if estimate["value"] is not None
    }
    home.registry.add_metrics(found.run_id, figures)
    folder = home.folder / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / f"{found.run_name}.json", json.dumps(result, ensure_ascii=False, indent=1))
    return result


def _replace(path: Path, text: str) -> None:
    pending = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    pending.write_text(text, "utf-8")
    os.replace(pending, path)  # noqa: PTH105 - Path.replace is the same call
