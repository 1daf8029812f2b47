"""The end of the line: score a cohort, publish the list, explain one of its structures."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import VeilleError
from data.lake import Lake
from features.catalogue import INDICATORS
from features.job import context
from features.lake_facts import LakeFacts
from features.progress import Progress, quiet
from features.wording import sentence
from serving.cell.barometer.overlapping import BAROMETER_FOLDER
from serving.publication import Publication, write_publication
from serving.publication_files import MODEL_FOLDER, SHARED_FOLDER
from training import given
from training.cohort import cohort
from training.targets import target as find_target
from veille import practices, publish
from veille.given import score as score_rows
from veille.home import Home
from veille.line import ENGINE, features, find_panel, is_synthetic, latest_panel
from veille.modelling import loaded
from veille.profile import profile

#: up to this many structures every horizon is explained; beyond, the main one only
EXPLAIN_ALL = 40_000


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
    engine: str = ENGINE,
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
    explained = goal.horizons_months if rows.height <= EXPLAIN_ALL else (main,)
    why, bases = publish.reasons(model, rows, explained)
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
    shared = context(LakeFacts(lake), home.folder, day, progress)
    with (
        tempfile.TemporaryDirectory(prefix="veille-model-") as kept,
        tempfile.TemporaryDirectory(prefix="veille-barometer-") as told,
    ):
        model.save(Path(kept))
        practices.write(Path(told), lake, day, sirens)
        identifier = write_publication(
            home.folder,
            target,
            {
                "as_of": day.isoformat(),
                "horizons_months": list(goal.horizons_months),
                "model": {"name": found.run_name, "version": found.version, "run_id": found.run_id},
                "input_hash": digest,
                "synthetic": is_synthetic(home.folder),
                "base_values": bases,
                "levels": {"rule": "capacity", **model.summary["levels"]},
                "trained_until": model.summary["train_days"][1],
                "thresholds": levels,
                **_measured(home, found.run_name),
            },
            table,
            why,
            publish.history(lake, day, sirens),
            publish.unknown(rows, [f.name for f in model.features]),
            profile=profile(lake, day, rows),
            folders={
                MODEL_FOLDER: Path(kept),
                SHARED_FOLDER: shared,
                BAROMETER_FOLDER: Path(told),
            },
        )
    progress("publication", 1.0)
    output = home.folder / "publications" / target / identifier
    return {"publication": identifier, "rows": table.height, "output": str(output)}


def score_panel(
    home: Home,
    panel: Path,
    output: Path,
    reference: str,
    target: str | None,
    progress: Progress = quiet,
) -> dict[str, object]:
    """Score anyone's panel with a model of such a panel, into a file (see `veille.given`).

    `target` tells the role "champion" of which panel is meant; without it, of the only one.
    """
    named = given.PREFIX + target.removeprefix(given.PREFIX) if target else None
    models = [m for m in home.registry.list_models(named) if m.target.startswith(given.PREFIX)]
    roles = {m.target for m in models if reference in m.aliases}
    found, model = loaded(home, reference, next(iter(roles)) if len(roles) == 1 else named)
    return {**score_rows(model, panel, output, progress), "model": found.run_name}


def _measured(home: Home, run_name: str) -> dict[str, Any]:
    """Return the model's last out-of-time evaluation, if there is one, for the model's page."""
    path = home.folder / "evaluations" / f"{run_name}.json"
    return {"evaluation": json.loads(path.read_text("utf-8"))} if path.exists() else {}


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
