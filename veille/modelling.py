"""The line's second half: train, evaluate, score, explain, each one function."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import VeilleError
from data.lake import Lake
from features.catalogue import INDICATORS, catalogue_hash
from features.wording import sentence
from models.entry import RegisteredModel
from models.registry import Registry
from models.risk_model import RiskModel
from models.spec import FitParams
from serving.publication import Publication, write_publication
from training.cohort import cohort
from training.dataset import Dataset
from training.evaluate import backtest
from training.fit import Recipe, catalogue_features, fit
from training.targets import target as find_target
from veille import publish
from veille.line import Progress, features, find_panel, is_synthetic, latest_panel, quiet

ORACLE = Path("oracle") / "oracle.parquet"


@dataclass(frozen=True)
class Home:
    """Where the state is, and the store of the runs."""

    folder: Path
    mlflow_uri: str | None = None

    @property
    def registry(self) -> Registry:
        """Return the store of runs and registered models."""
        return Registry(self.folder, self.mlflow_uri)


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


def panel_at(
    home: Home, as_of: date, engine: str, progress: Progress, *, digest: str | None = None
) -> tuple[str, pl.DataFrame]:
    """Return the panel rows of one day and their input hash, from a panel of this lake or anew."""
    manifest = find_panel(home.folder, as_of, digest)
    if manifest is None:
        manifest = features(home.folder, as_of, engine=engine, progress=progress)
    rows = pl.read_parquet(manifest.panel).filter(pl.col("as_of") == as_of)
    return manifest.input_hash, rows


def score(
    home: Home,
    target: str,
    *,
    reference: str = "champion",
    as_of: date | None = None,
    engine: str = "duckdb",
    progress: Progress = quiet,
) -> dict[str, object]:
    """Score the cohort of a day (the panel's last by default) and publish the list."""
    found, model = loaded(home, reference, target)
    goal = find_target(target)
    day = as_of or date.fromisoformat(latest_panel(home.folder)[0].as_of[-1])
    digest, panel = panel_at(home, day, engine, progress)
    lake = Lake(home.folder)
    rows = cohort(panel, lake.scan("grants"), goal)
    if rows.is_empty():
        raise VeilleError(
            "Aucune structure à noter à cette date.",
            code="empty-cohort",
            where=f"cible {target}, {day}",
            expected="une date où la cible a une cohorte (31 décembre pour funding_loss)",
            todo="choisir une autre date avec --as-of",
        )
    progress("probabilités", 0.3)
    predicted = model.predict(rows)
    main = goal.main_horizon_months
    progress("raisons", 0.5)
    why, base = publish.reasons(model, rows, main)
    levels = {**model.summary["levels"], "horizon": main}
    sirens = rows["structure_id"]
    table = publish.scores(
        predicted,
        rows,
        publish.identities(lake, day, sirens),
        main=main,
        thresholds=levels,
    )
    progress("publication", 0.8)
    identifier = write_publication(
        home.folder,
        target,
        {
            "as_of": day.isoformat(),
            "horizons_months": list(goal.horizons_months),
            "model": {"name": found.run_name, "version": found.version, "run_id": found.run_id},
            "input_hash": digest,
            "synthetic": is_synthetic(home.folder),
            "base_values": {str(main): base},
            "levels": {"rule": "capacity", **model.summary["levels"]},
            "thresholds": levels,
        },
        table,
        why,
        publish.history(lake, day, sirens),
        publish.unknown(rows, [f.name for f in model.features]),
    )
    progress("publication", 1.0)
    output = home.folder / "publications" / target / identifier
    return {"publication": identifier, "rows": table.height, "output": str(output)}


def explain(home: Home, siren: str, *, target: str = "failure") -> dict[str, Any]:
    """Explain one structure of the current list ("top": the first of it), live.

    Raises
    ------
    VeilleError
        There is no list, or the structure is not in it.
    """
    current = Publication.load(home.folder, target)
    manifest = current.manifest
    if siren == "top":
        siren = str(
            pl.read_parquet(
                home.folder / "publications" / target / current.id / "scores.parquet",
                columns=["siren", "rank"],
            ).filter(pl.col("rank") == 1)["siren"][0]
        )
    if current.position(siren) is None:
        raise VeilleError(
            "Cette structure n'est pas dans la liste courante.",
            code="not-in-list",
            where=f"publication {current.id}, cible {target}",
            received=siren,
            expected="le SIREN d'une structure de la liste, ou « top »",
        )
    _, model = loaded(home, str(manifest.model.run_id))
    # The panel that was scored, even if facts came in since.
    _, panel = panel_at(home, manifest.as_of, "duckdb", quiet, digest=manifest.input_hash)
    row = panel.filter(pl.col("structure_id") == siren)
    explained = model.explain(row, manifest.main_horizon, method="live")
    contributions = {f.name: float(explained[f.name][0]) for f in model.features}
    ordered = sorted(contributions.items(), key=lambda item: -abs(item[1]))
    probability = model.predict(row)[f"p_{manifest.main_horizon}m"][0]
    said = [
        sentence(
            INDICATORS[name],
            row[name][0] if INDICATORS[name].kind == "numeric" else None,
            row[name][0] if INDICATORS[name].kind == "categorical" else None,
        )
        for name, value in ordered
        if value and row[name][0] is not None
    ]
    return {
        "siren": siren,
        "target": target,
        "horizon_months": manifest.main_horizon,
        "base_value": float(explained["base_value"][0]),
        "contributions": dict(ordered),
        "score_logit": float(explained["score_logit"][0]),
        "probability": float(probability),
        "sentences": said[:8],
        "synthetic": manifest.synthetic,
    }
