"""What became of the lists of a home, publication by publication."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import polars as pl

from data.errors import VeilleError
from data.lake import Lake
from features.progress import Progress, quiet
from serving.publication import Publication, publication_ids
from training.labels import failure_labels, funding_labels
from training.outcomes import Alarm, alarms, realised
from training.targets import Target
from training.targets import target as find_target
from veille.followed import followed
from veille.home import Home
from veille.line import is_synthetic

#: a model that learnt nothing for longer is to be learnt again, whatever its figures
STALE_MONTHS = 18
_MONTH_DAYS = 30.4375


def outcomes(
    home: Home,
    target: str,
    *,
    cases: pl.DataFrame | None = None,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Return, for every list of a target, what was observed of it since, and what to do.

    With `cases` (`veille.followed.cases_of`), what the cells did of it too.

    Raises
    ------
    VeilleError
        Nothing was published for this target.
    """
    goal, lake = find_target(target), Lake(home.folder)
    ids = publication_ids(home.folder, target)
    if not ids:
        raise VeilleError(
            "Aucune liste n'a été publiée pour cette cible.",
            code="no-publication",
            where=f"cible {target}",
            todo=f"« veille score --target {target} »",
        )
    found, raised = [], []
    for number, identifier in enumerate(ids):
        progress(identifier, number / len(ids))
        published = Publication.load(home.folder, target, identifier, check=False)
        one = _one(published, goal, lake)
        found.append(one | {"cases": None if cases is None else followed(published, cases)})
        promised = _promised(published)
        for horizon in one["horizons"]:
            said = alarms(horizon, promised.get(horizon["horizon_months"]))
            raised += [{"publication": identifier, **asdict(alarm)} for alarm in said]
    latest = Publication.load(home.folder, target, check=False)
    stale = _stale(latest)
    raised += [{"publication": latest.id, **asdict(stale)}] if stale else []
    progress("listes", 1.0)
    return {
        "target": target,
        "synthetic": is_synthetic(home.folder),
        "publications": found,
        "alarms": raised,
        "retrain": bool(raised),
    }


def _one(published: Publication, goal: Target, lake: Lake) -> dict[str, Any]:
    day = published.manifest.as_of
    scores = published.frame.rename({"siren": "structure_id"})
    rows = scores.select("structure_id", pl.lit(day).alias("as_of"))
    labels = (
        failure_labels(rows, lake.scan("events").collect(), goal)
        if goal.name == "failure"
        else funding_labels(rows, lake.scan("grants"), goal)
    )
    each = {h: realised(scores, labels, h) for h in published.horizons}
    return {
        "publication": published.id,
        "as_of": day.isoformat(),
        "model": published.manifest.model.name,
        "rows": published.rows,
        "horizons": [seen for seen in each.values() if seen],
        "pending_months": [h for h, seen in each.items() if not seen],
    }


def _promised(published: Publication) -> dict[int, dict[str, Any]]:
    """Return the metrics of the last test day of the evaluation kept in a list, by horizon."""
    evaluation = (published.manifest.model_extra or {}).get("evaluation") or {}
    return {fold["horizon_months"]: fold["metrics"] for fold in evaluation.get("folds", [])}


def _stale(latest: Publication) -> Alarm | None:
    trained = (latest.manifest.model_extra or {}).get("trained_until")
    if not trained:
        return None
    months = (latest.manifest.as_of - date.fromisoformat(trained)).days / _MONTH_DAYS
    if months <= STALE_MONTHS:
        return None
    return Alarm("stale", f"Le modèle n'a rien appris des {months:.0f} derniers mois.")
