"""The scenario of a brief: of the result of a scenario, the figures of its territory and sector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serving.access.principal import Territory
from serving.cell.brief.scope import Scope
from serving.cell.digest.wording import expected_title
from serving.cell.scenarios.act import Result, fewer, is_of
from serving.cell.scenarios.document import ScenarioError
from serving.cell.scenarios.figures import SMALL, hide_small, is_small
from serving.publication import Publication

#: expected, low, high
Values = tuple[float, float, float]


@dataclass(frozen=True)
class Line:
    """What is counted without the scenario and with it.

    A whole number counts structures, None where under five. `without` and `difference` are None
    for what only the scenario has.
    """

    label: str
    without: float | None
    with_it: float | int | None
    difference: Values | None = None


@dataclass(frozen=True)
class Outlook:
    """A scenario as a brief tells it; without lines when too few structures are touched."""

    name: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


def outlook(result: Result, scope: Scope, place: Territory, publication: Publication) -> Outlook:
    """Return the figures of a scenario for what a brief is about.

    Parameters
    ----------
    result : dict
        Of a scenario that its reader may see, on the brief's territory or a wider one.
    scope, place
        What is asked, and its territory.
    publication : Publication
        The list that the brief describes.

    Raises
    ------
    ScenarioError
        `scenario-other-list`: it was run on another list; `scenario-elsewhere`: it has no figures
        of this territory and sector.
    """
    if (result["target"], result["publication"]) != (publication.target, publication.id):
        raise ScenarioError(
            "Ce scénario a été calculé sur une autre liste que celle de la note.",
            code="scenario-other-list",
            where="scenario",
            received=f"{result['target']}, {result['publication']}",
            expected=f"{publication.target}, {publication.id}",
            todo="Relancez le scénario sur la liste courante, et donnez son nouvel identifiant.",
        )
    figures = _figures(result, scope, place)
    said = set(fewer(result["total"]))
    notes = [note for note in result["notes"] if note not in said]
    name = str(result["scenario"]["name"])
    if figures["hidden"] or is_small(figures):
        return Outlook(name, (), tuple(notes))
    return Outlook(name, tuple(_lines(result, figures)), (*notes, *fewer(figures)))


def _figures(result: Result, scope: Scope, place: Territory) -> dict[str, Any]:
    if is_of(result, place):
        if scope.sector is None:
            found: dict[str, Any] = result["total"]
            return found
        return _group(result, "sector", scope.sector)
    # A wider result is broken down by territory or by sector, not by both: cells too small.
    if scope.sector is None and scope.departement is not None:
        return _group(result, "departement", scope.departement)
    if scope.sector is None and scope.region is not None:
        return _group(result, "region", scope.region)
    raise ScenarioError(
        "Ce scénario n'a pas de chiffres pour ce territoire et ce secteur.",
        code="scenario-elsewhere",
        where="scenario",
        received=result["id"],
        expected=f"un scénario lancé sur : {place}",
        todo="Demandez la note du territoire du scénario, retirez le secteur, ou établissez-la par "
        "« veille brief --scenario FICHIER », qui le calcule sur ce territoire.",
    )


def _group(result: Result, dimension: str, code: str) -> dict[str, Any]:
    groups = hide_small(result["by"][dimension])
    none: dict[str, Any] = {"hidden": True}
    return next((group for group in groups if group["code"] == code), none)


def _lines(result: Result, figures: dict[str, Any]) -> list[Line]:
    main = result["main_horizon_months"]
    lines = [Line("Structures touchées", None, figures["touched"])]
    told = expected_title(result["target"])
    for months, one in _by_horizon(figures).items():
        lines.append(_compared(f"{told}, à {months} mois", one["cases"]))
    at_main = _by_horizon(figures).get(main)
    if at_main:
        lines.append(_compared(f"Emplois concernés, à {main} mois", at_main["jobs"]))
    up = figures["up"] if figures["up"] >= SMALL else None
    lines.append(Line("Structures qui montent de niveau", None, up))
    eased = result["with_measures"]
    if eased and at_main and figures is result["total"]:
        both = _by_horizon(eased)[main]["cases"]
        label = f"Ce que les mesures changent au scénario, à {main} mois"
        lines.append(_compared(label, both))
    return lines


def _by_horizon(figures: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {one["horizon_months"]: one for one in figures["horizons"]}


def _compared(label: str, pair: dict[str, Any]) -> Line:
    # The intervals of both sides are not those of the first table (another law): only the
    # difference has one here.
    more = pair["difference"]
    return Line(
        label,
        pair["without"]["expected"],
        pair["with"]["expected"],
        (more["expected"], more["low"], more["high"]),
    )
