"""Checks of a registered model, kept in its home; a promotion asks for them."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from data.errors import VeilleError
from data.lake import Lake
from features.engines import PolarsEngine
from features.job import Asked, build
from features.lake_facts import LakeFacts
from features.progress import Progress, quiet
from models.entry import RegisteredModel
from models.risk_model import RiskModel
from training.checks import CHECKS, Subject
from training.dataset import Labelled
from veille.home import Home
from veille.modelling import dataset, loaded
from veille.terminal import write_whole


def check(
    home: Home, reference: str, *, target: str | None = None, progress: Progress = quiet
) -> dict[str, Any]:
    """Run every check on a model, keep what they say in its home, and return it.

    Raises
    ------
    VeilleError
        The model or the panel that it was trained on is not there.
    """
    found, model = loaded(home, reference, target)
    subject = _subject(home, found, model)
    said = []
    for number, one in enumerate(CHECKS):
        progress(one.code, number / len(CHECKS))
        result = one.run(subject)
        said.append(
            {
                "code": one.code,
                "state": result.state,
                "blocking": one.blocking,
                "sentence": result.sentence,
                "values": result.values,
            }
        )
    progress("contrôles", 1.0)
    checked = {
        "model": found.run_name,
        "target": found.target,
        "synthetic": bool(model.summary["synthetic"]),
        "checks": said,
        "blocking": [one["code"] for one in said if one["blocking"] and one["state"] == "fires"],
    }
    folder = home.folder / "checks"
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(
        text=json.dumps(checked, ensure_ascii=False, indent=1, default=str),
        path=folder / f"{found.run_name}.json",
        what="Le résultat des contrôles ne peut pas être écrit.",
        code="bad-home",
    )
    return checked


def _subject(home: Home, found: RegisteredModel, model: RiskModel) -> Subject:
    data = dataset(home, found, model)
    today = datetime.now(UTC).date()
    if "given" in model.summary:
        return Subject(model, data, today)
    known = [m.known_to for m in Lake(home.folder).manifests() if m.known_to]
    last = date.fromisoformat(max(known)[:10]) if known else None
    return Subject(model, data, today, last, _again(home, data))


def _again(home: Home, data: Labelled) -> pl.DataFrame:
    """Return the rows of a middle day, computed from the facts of the lake.

    In a home of its own: a panel more would be the latest, and the next score would be of its day.
    """
    days = data.rows["as_of"].unique().sort()
    day, lake = days[days.len() // 2], Lake(home.folder)
    with tempfile.TemporaryDirectory(dir=home.folder, prefix=".check-") as scratch:
        made = build(
            LakeFacts(lake),
            lake.hash(),
            Path(scratch),
            Asked([day]),
            PolarsEngine(),
            "polars",
            synthetic=False,
            known_to=None,
        )
        return pl.read_parquet(made.panel)


def allowed(
    home: Home, found: RegisteredModel, reason: str | None, progress: Progress = quiet
) -> list[str]:
    """Return the blocking checks that fire on a model, the reason to go on being given.

    A model that was never checked is checked first.

    Raises
    ------
    VeilleError
        Some fire, and no reason is given.
    """
    path = home.folder / "checks" / f"{found.run_name}.json"
    if path.exists():
        checked = json.loads(path.read_text("utf-8"))
    else:
        checked = check(home, found.run_id, progress=progress)
    firing: list[str] = checked["blocking"]
    if firing and not reason:
        sentences = [one["sentence"] for one in checked["checks"] if one["code"] in firing]
        raise VeilleError(
            "Un contrôle bloquant s'oppose à cette promotion.",
            code="check-failed",
            where=found.run_name,
            received=" ".join(sentences),
            expected="un modèle sur lequel aucun contrôle bloquant ne se déclenche",
            todo="lire docs/checks.md ; passer outre avec --force --reason « … »",
        )
    return firing
