"""The French words of the closed lists: levels, targets, families, funders, sizes, themes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from data.reference import band_labels, departements, regions
from features.catalogue import INDICATORS
from features.catalogue import THEMES as _THEMES
from features.wording import amount, category
from serving.access.principal import Territory

LEVELS: dict[str, str] = {
    "high": "Élevé",
    "moderate": "Modéré",
    "low": "Faible",
    "unknown": "Données insuffisantes",
}
LEVEL_TITLES: dict[str, str] = {
    "high": "Risque élevé",
    "moderate": "Risque modéré",
    "low": "Risque faible",
    "unknown": "Données insuffisantes",
}
#: target -> title of the list
TARGETS: dict[str, str] = {
    "failure": "Défaillance",
    "funding_loss": "Perte de financements publics",
}
#: target -> heading of its list, before "à 12 mois"
RISKS: dict[str, str] = {
    "failure": "Risque de défaillance",
    "funding_loss": "Risque de perte de financements publics",
}
#: target -> what happens to some of a hundred structures, after "environ 7 "
OUTCOMES: dict[str, str] = {
    "failure": "connaissent une défaillance (procédure collective, dissolution ou cessation)",
    "funding_loss": "perdent plus de la moitié de leurs financements publics récurrents",
}
DEFINITIONS: dict[str, str] = {
    "failure": (
        "Première entrée en procédure collective (sauvegarde, redressement ou liquidation "
        "judiciaire), ou dissolution ou cessation qui n’est pas une fusion, dans les mois qui "
        "suivent la date d’observation."
    ),
    "funding_loss": (
        "Passage sous la moitié des financements publics récurrents d’un exercice au suivant, "
        "parmi les financeurs dont les données existent pour les deux exercices."
    ),
}
FAMILIES: dict[str, str] = {
    "association": "Association",
    "cooperative": "Coopérative",
    "mutual": "Mutuelle",
    "foundation": "Fondation",
    "commercial": "Société commerciale de l’ESS",
    "other": "Autre forme",
}
FUNDER_LEVELS: dict[str, str] = {
    "state": "État",
    "operator": "Opérateurs de l’État",
    "region": "Région",
    "departement": "Département",
    "epci": "Intercommunalité",
    "commune": "Commune",
    "europe": "Europe",
    "unknown": "Niveau non connu",
}
SIZE_STEPS: tuple[int, ...] = (1, 3, 10, 20, 50, 100, 250)
THEMES: dict[str, str] = dict(_THEMES)
ROLES: dict[str, str] = {
    "national": "Cellule nationale",
    "regional": "Cellule régionale",
    "departmental": "Cellule départementale",
    "analyst": "Analyste",
    "tool": "Outil",
    "admin": "Administration",
}


def band(code: str | None) -> str:
    """Return the words of a size band; what is unknown is said so."""
    return band_labels().get(code or "", "effectif non connu")


def region_name(code: str | None) -> str:
    """Return the name of a région, its code when the code is not known."""
    return "Région non connue" if not code else regions().get(code, f"Région {code}")


def departement_name(code: str | None) -> str:
    """Return `Nord (59)`, or the code alone when it is not known."""
    if not code:
        return "Département non connu"
    found = departements().get(code)
    return f"{found.name} ({code})" if found else f"Département {code}"


def theme(code: str | None) -> str:
    """Return the title of a theme of indicators."""
    return THEMES.get(code or "", "Autres informations")


def outcome(target: str) -> str:
    """Return what the score estimates, as the end of a sentence about several structures."""
    return OUTCOMES.get(target, "connaissent l’événement étudié")


def target_title(target: str) -> str:
    """Return the title of a target; its name for one that this version does not know."""
    return TARGETS.get(target, target)


def territory_name(territory: Territory) -> str:
    """Return a territory by its names, `Hauts-de-France`, `Nord (59)`, `France entière`."""
    if territory.national:
        return "France entière"
    names = [region_name(code) for code in sorted(territory.regions)]
    names += [departement_name(code) for code in sorted(territory.departements)]
    return ", ".join(names) or "aucun territoire"


def risk_title(target: str) -> str:
    """Return the heading of the list of a target, before its horizon."""
    return RISKS.get(target, f"Risque ({target})")


def reason_value(reason: Mapping[str, Any]) -> str:
    """Return the value behind a reason (value and unit, or text), `non connu` when missing."""
    if reason["text"]:
        indicator = INDICATORS.get(reason["indicator"])
        return category(indicator, reason["text"]) if indicator else str(reason["text"])
    if reason["value"] is None or math.isnan(reason["value"]):
        return "non connu"
    return amount(reason["value"], reason["unit"] or "")
