"""Run a scenario, keep its result under its content, show it, set two side by side."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from data.lake import Lake
from data.whole import whole_folder
from features.live import Context
from features.progress import Progress, quiet
from models.risk_model import RiskModel
from serving.access.principal import Territory
from serving.cell.scenarios import figures
from serving.cell.scenarios.document import Cut, Delay, Scenario, ScenarioError
from serving.cell.scenarios.projection import DESCRIBED, EXPOSURE, Ground, Projected, project
from serving.publication_read import Publication

STATEMENT = (
    "Projection d'un modèle appris sur le passé : elle dit ce que le modèle donnerait si ces faits "
    "étaient connus au jour de la publication. Ce n'est pas une preuve que la coupe en serait la "
    "cause."
)
RESULT, DOCUMENT = "result.json", "scenario.json"
#: what a result is computed with: another number gives other ids
_VERSION = 1
_NAME = 32
_ALONE = threading.Lock()

Result = dict[str, Any]


def identifier(scenario: Scenario, publication: Publication, territory: Territory) -> str:
    """Return the name of a result: the hash of all that it is computed from."""
    content = [
        _VERSION,
        scenario.model_dump(mode="json"),
        publication.target,
        publication.id,
        _place(territory),
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_NAME]


def _place(territory: Territory) -> dict[str, Any]:
    return {
        "national": territory.national,
        "regions": sorted(territory.regions),
        "departements": sorted(territory.departements),
    }


@dataclass(frozen=True)
class Runner:
    """Runs scenarios on the list of one home; results are kept under `<home>/scenarios/<id>/`."""

    home: Path
    num_threads: int = 1

    def run(
        self,
        scenario: Scenario,
        publication: Publication,
        model: RiskModel,
        context: Context,
        territory: Territory = Territory.NATIONAL,
        progress: Progress = quiet,
    ) -> Result:
        """Return the result of a scenario, that which is kept if it was run before.

        Raises
        ------
        ScenarioError
            `unknown-horizon`.
        """
        self._check(scenario, publication)
        name = identifier(scenario, publication, territory)
        folder = self.home / "scenarios" / name
        # One at a time: each takes the memory of its touched structures.
        with _ALONE:
            if not folder.exists():
                ground = Ground(Lake(self.home), context, model, publication, self.num_threads)
                made = _result(ground, scenario, territory, progress)
                with whole_folder(folder) as pending:
                    (pending / DOCUMENT).write_text(scenario.model_dump_json(), "utf-8")
                    text = json.dumps({"id": name, **made}, ensure_ascii=False)
                    (pending / RESULT).write_text(text, "utf-8")
        progress("résultat", 1.0)
        return load(self.home, name)

    @staticmethod
    def _check(scenario: Scenario, publication: Publication) -> None:
        for k, months in enumerate(scenario.horizons_months):
            if months not in publication.horizons:
                raise ScenarioError(
                    "Cet horizon n'est pas publié.",
                    code="unknown-horizon",
                    where=f"horizons_months.{k}",
                    received=months,
                    expected=" | ".join(map(str, publication.horizons)),
                )


def load(home: Path, name: str) -> Result:
    """Return a result that is kept; ScenarioError `unknown-scenario` (404)."""
    path = home / "scenarios" / name / RESULT
    known = len(name) == _NAME and set(name) <= set("0123456789abcdef")
    if not known or not path.is_file():
        raise _unknown(name)
    found: Result = json.loads(path.read_text("utf-8"))
    return found


def load_for(home: Path, name: str, territory: Territory) -> Result:
    """Return a result for a reader: the whole country, or the very same territory.

    That of another territory is told as absent: ScenarioError `unknown-scenario` (404).
    """
    found = load(home, name)
    if not territory.national and not is_of(found, territory):
        raise _unknown(name)
    return found


def is_of(result: Result, territory: Territory) -> bool:
    """Tell whether a result is of this very territory."""
    return bool(result["territory"] == _place(territory))


def _unknown(name: str) -> ScenarioError:
    error = ScenarioError(
        "Ce scénario n'existe pas, ou n'est pas de votre territoire.",
        code="unknown-scenario",
        where="scenario",
        received=name[:64],
        todo="Lancez le scénario par POST /api/v1/scenarios.",
    )
    error.status = 404
    return error


def shown(result: Result, *, nominative: bool) -> Result:
    """Return a result as a reader may see it: no name and no small cell for who sees no name."""
    if nominative:
        return result
    by = {name: figures.hide_small(groups) for name, groups in result["by"].items()}
    levels = [
        {**one, "structures": None if one["structures"] < figures.SMALL else one["structures"]}
        for one in result["changes"]
    ]
    return {**result, "by": by, "changes": levels, "most_exposed": None}


def _result(ground: Ground, scenario: Scenario, territory: Territory, progress: Progress) -> Result:
    publication = ground.publication
    manifest = publication.manifest
    horizons = tuple(sorted(set(scenario.horizons_months))) or publication.horizons
    columns = publication.frame.columns
    bounds = [h for h in horizons if f"low_{h}m" in columns and f"high_{h}m" in columns]
    asked = {*horizons, publication.main_horizon}
    wanted = [c for h in asked for c in (f"p_{h}m", f"low_{h}m", f"high_{h}m") if c in columns]
    inside = _inside(publication.frame.select(*DESCRIBED, *wanted), territory)
    found = project(ground, scenario, inside, progress)
    table = figures.joined(inside, found.rows, tuple(asked), bounds)
    total = figures.counted(table, horizons)[0]
    return {
        "publication": publication.id,
        "target": publication.target,
        "as_of": manifest.as_of.isoformat(),
        "synthetic": manifest.synthetic,
        "main_horizon_months": publication.main_horizon,
        "territory": _place(territory),
        "scenario": scenario.model_dump(mode="json"),
        "statement": STATEMENT,
        "notes": _notes(ground, scenario, found, total),
        "exposure": _exposure(found),
        "total": total,
        "by": {name: figures.counted(table, horizons, name) for name in figures.DIMENSIONS},
        "changes": figures.changes(table),
        "most_exposed": figures.most_exposed(table, publication.main_horizon),
        "measures": [
            {"kind": one.kind, "percent": one.percent, "structures": count}
            for one, count in zip(scenario.measures, found.helped, strict=False)
        ],
        "with_measures": next(iter(figures.avoided(inside, found, horizons, bounds)), None),
    }


def _inside(rows: pl.DataFrame, territory: Territory) -> pl.DataFrame:
    if territory.national:
        return rows
    places = pl.col("region").is_in(sorted(territory.regions))
    places |= pl.col("departement").is_in(sorted(territory.departements))
    return rows.filter(places.fill_null(value=False))


def _exposure(found: Projected) -> dict[str, Any]:
    """Return the mean share cancelled of the budgets of those touched (`EXPOSURE`)."""
    mean = found.rows["exposure"].mean()
    return {"indicator": EXPOSURE, "mean": mean, "known": found.rows["exposure"].count()}


#: cases fewer from which a projection is told to be no effect of the cut
_LESS = 0.01


def fewer(total: figures.Figures) -> list[str]:
    """Return what is said when the model projects fewer cases than before, at any horizon."""
    if all(one["cases"]["difference"]["expected"] >= -_LESS for one in total["horizons"]):
        return []
    told = (
        "Le modèle projette ici moins de cas qu'avant. Ce n'est pas un effet de la coupe : il "
        "lit des ressemblances avec le passé, et des subventions plus petites y ressemblent "
        "parfois à des structures moins fragiles. Regardez l'exposition et qui est touché."
    )
    return [told]


def _notes(
    ground: Ground, scenario: Scenario, found: Projected, total: figures.Figures
) -> list[str]:
    notes, as_of = [], ground.context.as_of
    parts: list[Cut | Delay] = [*scenario.cuts, *scenario.delays]
    if any(one.starts_on is not None and one.starts_on > as_of for one in parts):
        notes.append(
            f"Une coupe ou un retard commence après le {as_of:%d/%m/%Y} : seule son annonce "
            "(budget annulé, délai publié) est connue ce jour-là, aucune subvention n'est encore "
            "réduite."
        )
    if parts and found.rows.is_empty():
        notes.append(
            "Aucune structure de ce territoire n'est payée par ce qui est coupé ou retardé."
        )
    notes += fewer(total)
    made, day = ground.publication.manifest.created_at, as_of.isoformat()
    late = [
        m
        for m in ground.lake.manifests()
        if datetime.fromisoformat(m.ingested_at) > made and (m.known_from or day) <= day
    ]
    if late:
        notes.append(
            f"{len(late)} fichiers reçus depuis la publication portent des faits connus au jour de "
            "la liste : une part de l'écart peut en venir. Republiez avant de conclure."
        )
    return notes
