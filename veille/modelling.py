"""The line's second half: train, evaluate, score, explain, each one function."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import VeilleError
from data.lake import Lake
from data.whole import whole_file
from features.catalogue import catalogue_hash
from features.progress import Progress, quiet
from models.entry import RegisteredModel
from models.risk_model import RiskModel
from models.run_tags import RunType
from models.spec import FitParams
from training import given
from training.ablation import ablate, themes
from training.dataset import Dataset, Labelled
from training.evaluate import backtest
from training.fit import Recipe, fit, rows_of
from training.report import page
from training.search import search
from training.targets import target as find_target
from veille.given import kept, read_kept, shown
from veille.home import Home
from veille.line import latest_panel
from veille.notes import automatic_note

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
    tune: Tuning | None = None,
    progress: Progress = quiet,
) -> dict[str, object]:
    """Fit the recipe of a target on the last panel, log the run, register a new version.

    The first version of a target becomes its champion; later ones are promoted by hand.
    """
    manifest, panel = latest_panel(home.folder, min_days=2)
    lake = Lake(home.folder)
    data = Dataset.load(panel, lake, find_target(target))
    summary = {"panel": manifest.panel, "synthetic": manifest.synthetic}
    tags = {
        "synthetic": str(manifest.synthetic).lower(),
        "panel_hash": manifest.input_hash,
        "catalogue_hash": catalogue_hash(),
        "lake_hash": lake.hash(),
        "sources": ", ".join(sorted(lake.sources())),
    }
    made = _Making(data, manifest.panel, summary, tags)
    return _learn(home, made, name=name, note=note, params=params, tune=tune, progress=progress)


def train_panel(
    home: Home,
    panel: Path,
    *,
    catalogue: Path | None = None,
    target: str | None = None,
    name: str | None = None,
    note: str = "",
    params: FitParams | None = None,
    tune: Tuning | None = None,
    progress: Progress = quiet,
) -> dict[str, object]:
    """Fit on anyone's panel (`training.given`), which is kept in the home; register the model."""
    found = given.read(panel, catalogue, target)
    folder, digest = kept(home, panel, catalogue)
    summary = {"given": {**found.described(), "folder": folder.name}, "synthetic": False}
    made = _Making(found, str(panel), summary, {"panel_hash": digest})
    result = _learn(home, made, name=name, note=note, params=params, tune=tune, progress=progress)
    return {**result, "panel": shown(found)}


@dataclass(frozen=True)
class Tuning:
    """Bounds of a search of parameters (`training.search`)."""

    trials: int
    minutes: float | None = None


@dataclass(frozen=True)
class _Making:
    """What a model is made of: rows and labels, where they come from, what is kept of it."""

    data: Labelled
    where: str
    summary: dict[str, Any]
    tags: dict[str, str]


def _learn(
    home: Home,
    made: _Making,
    *,
    name: str | None,
    note: str,
    params: FitParams | None,
    tune: Tuning | None,
    progress: Progress,
) -> dict[str, object]:
    data, goal = made.data, made.data.target
    labels = data.labels()
    if labels.is_empty():
        raise VeilleError(
            f"Aucune étiquette n'est observée pour la cible « {goal.name} ».",
            code="no-label",
            where=made.where,
            expected="des faits connus après les dates d'observation du panel",
            todo="ingérer les événements ou les exercices suivants, puis recalculer le panel",
        )
    recipe = Recipe(goal, data.features(rows_of(data.rows, labels)), params or FitParams())
    searched: dict[str, Any] = {}
    if tune:
        best = search(
            data,
            recipe,
            home.folder / "search",
            trials=tune.trials,
            minutes=tune.minutes,
            inputs=made.tags["panel_hash"],
            progress=progress,
        )
        recipe, searched = replace(recipe, params=best.params), {"search": best.summary()}
    fitted = fit(data.rows, labels, recipe, dated=data.dated, progress=_steps(progress, 3))
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
            "train_days": [str(d) for d in fitted.train_days],
            "calibration_days": [str(d) for d in fitted.calibration_days or ()],
            **searched,
            **made.summary,
        },
    )
    registry = home.registry
    note = note.strip() or automatic_note(data, labels, recipe, synthetic=made.summary["synthetic"])
    run_name = name or f"{goal.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    run_id = registry.log_run(
        model,
        name=run_name,
        params={
            **_flat(replace(recipe, params=model.params)),
            "rows": labels.height,
            "events": int(labels["event"].sum()),
        },
        metrics={},
        run_type=RunType.SEARCH if tune else RunType.TRAIN,
        tags={"target": goal.name, "note": note, "recipe_hash": recipe.hash(), **made.tags},
    )
    version = registry.register(run_id)
    others = [m for m in registry.list_models(goal.name) if "champion" in m.aliases]
    if not others:
        registry.promote(version.name, version.version, "champion")
    progress("registre", 1.0)
    return {
        "model": run_name,
        "run_id": run_id,
        "target": goal.name,
        "horizons_months": list(goal.horizons_months) if data.dated else [],
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


def dataset(home: Home, found: RegisteredModel, model: RiskModel) -> Labelled:
    """Return the rows and labels that a model was trained on, with what was known since."""
    if "given" in model.summary:
        return read_kept(home, model, found.target)
    path = Path(str(model.summary["panel"]))
    panel = pl.read_parquet(path) if path.exists() else latest_panel(home.folder)[1]
    return Dataset.load(panel, Lake(home.folder), find_target(found.target))


def evaluate(
    home: Home,
    reference: str,
    *,
    target: str | None = None,
    folds: int = 2,
    apart: bool = False,
    ablation: bool = False,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Evaluate a model's recipe out of time on the panel it was trained on; log the figures.

    With `apart`, a structure that is tested is never learnt from; with `ablation`, what each theme
    of indicators is worth is measured too.
    """
    found, model = loaded(home, reference, target)
    data = dataset(home, found, model)
    recipe = Recipe(data.target, model.features, model.params)
    synthetic = bool(model.summary["synthetic"])
    expected = folds * (2 + len(data.target.horizons_months))
    expected += folds * (1 + len(themes(recipe))) if ablation else 0
    said = _steps(progress, expected)
    result = backtest(
        data,
        recipe,
        count=folds,
        apart=apart,
        oracle=home.folder / ORACLE if synthetic else None,
        champion=_champion(home, found, data),
        progress=said,
    )
    if ablation:
        result["ablation"] = ablate(data, recipe, count=folds, progress=said)
    result = {"model": found.run_name, **result, "synthetic": synthetic}
    figures = {
        f"{metric}_{fold['horizon_months']}m_{fold['test_as_of']}": estimate["value"]
        for fold in result["folds"]
        for metric, estimate in fold["metrics"].items()
        if estimate["value"] is not None
    }
    home.registry.add_metrics(found.run_id, figures)
    folder = home.folder / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found.run_name}.json"
    written = {path: json.dumps(result, ensure_ascii=False, indent=1)}
    written[path.with_suffix(".html")] = page(result)
    for kept_file, text in written.items():
        with whole_file(kept_file) as pending:
            pending.write_text(text, "utf-8")
        home.registry.add_file(found.run_id, kept_file)
    return result


def _champion(home: Home, found: RegisteredModel, data: Labelled) -> Recipe | None:
    """Return the recipe of the champion of a target, None where it is the model itself."""
    for one in home.registry.list_models(found.target):
        if "champion" in one.aliases and one.run_id != found.run_id:
            model = RiskModel.load(home.registry.resolve(one.run_id))
            known = {f.name for f in model.features} & set(data.rows.columns)
            return Recipe(data.target, model.features, model.params) if known else None
    return None
