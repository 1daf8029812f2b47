"""The French words of the closed lists: levels, targets, families, funders, sizes, themes."""

from __future__ import annotations

from features.indicator import THEMES as _THEMES

LEVELS: dict[str, str] = {
    "high": "Élevé",
    "moderate": "Modéré",
    "low": "Faible",
    "unknown": "Données insuffisantes",
}
#: target -> title of the list
TARGETS: dict[str, str] = {
    "failure": "Défaillance",
    "funding_loss": "Perte de financements publics",
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
#: INSEE size bands -> words
BANDS: dict[str, str] = {
    "00": "aucun salarié",
    "01": "1 ou 2 salariés",
    "02": "3 à 5 salariés",
    "03": "6 à 9 salariés",
    "11": "10 à 19 salariés",
    "12": "20 à 49 salariés",
    "21": "50 à 99 salariés",
    "22": "100 à 199 salariés",
    "31": "200 à 249 salariés",
    "32": "250 à 499 salariés",
    "41": "500 à 999 salariés",
    "42": "1 000 à 1 999 salariés",
    "51": "2 000 à 4 999 salariés",
    "52": "5 000 à 9 999 salariés",
    "53": "10 000 salariés et plus",
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
    return BANDS.get(code or "", "effectif non connu")


def theme(code: str | None) -> str:
    """Return the title of a theme of indicators."""
    return THEMES.get(code or "", "Autres informations")


def outcome(target: str) -> str:
    """Return what the score estimates, as the end of a sentence about several structures."""
    return OUTCOMES.get(target, "connaissent l’événement étudié")


def target_title(target: str) -> str:
    """Return the title of a target; its name for one that this version does not know."""
    return TARGETS.get(target, target)
