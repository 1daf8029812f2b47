"""A digest in French: the subject and the text of an e-mail."""

from __future__ import annotations

from serving.cell.digest.figures import SMALL, Figures
from serving.web.formats import NBSP, long_date, number, signed
from serving.web.words import LEVEL_TITLES, TARGETS, territory_name

_EXPECTED = {
    "failure": "Défaillances attendues",
    "funding_loss": "Pertes de financements publics attendues",
}
_FICTITIOUS = "[Données synthétiques] "
_NAMELESS = f"Aucune structure n'est nommée ici ; les effectifs de moins de {SMALL} sont tus."
_USE = (
    "Une estimation aide à prévenir : elle ne fonde à elle seule ni refus, ni retrait de "
    "financement, ni contrôle."
)
FEW = f"moins de{NBSP}{SMALL}"


def expected_title(target: str) -> str:
    """Return `Défaillances attendues`, or what is expected of another target."""
    return _EXPECTED.get(target, "Événements attendus")


def subject(figures: Figures) -> str:
    """Return the subject of the e-mail."""
    place = territory_name(figures.territory)
    mark = _FICTITIOUS if figures.synthetic else ""
    return f"{mark}Veille ESS : nouvelle liste du {long_date(figures.as_of)}, {place}"


def text(figures: Figures, *, link: str, contact: str) -> str:
    """Return the text of the e-mail; `link` is the address of the list, empty when not known."""
    title = TARGETS.get(figures.target, figures.target)
    lines = [
        "Une nouvelle liste est publiée.",
        "",
        f"Risque suivi : {title}",
        f"Situation observée au {long_date(figures.as_of)}",
        f"Territoire : {territory_name(figures.territory)}",
    ]
    if figures.synthetic:
        lines += ["DONNÉES SYNTHÉTIQUES : aucune structure réelle n'est décrite."]
    lines += ["", *_new(figures), "", "Structures suivies, par niveau :"]
    lines += [f"- {LEVEL_TITLES[level]} : {count(n)}" for level, n in figures.levels.items()]
    if figures.followed is not None:
        lines += [f"- En tout : {count(figures.followed)}"]
    lines += ["", _expected(figures), "", *_foot(link, contact)]
    return "\n".join(lines) + "\n"


def count(value: int | None) -> str:
    """Return a count as it is said, `moins de 5` when it is withheld."""
    return FEW if value is None else number(value)


def _new(figures: Figures) -> list[str]:
    changes = figures.changes
    if changes is None:
        return ["C'est la première liste : rien à comparer."]
    lines = [
        f"Depuis la liste précédente (situation au {long_date(changes.as_of)}) :",
        f"- Entrées en risque élevé : {count(changes.entered_high)}",
        f"- Sorties du risque élevé : {count(changes.left_high)}",
    ]
    lines += [
        f"- {LEVEL_TITLES[level]} : {signed(moved, 0)}"
        for level, moved in changes.levels.items()
        if moved is not None
    ]
    return lines


def _expected(figures: Figures) -> str:
    what = f"{expected_title(figures.target)} à {figures.horizon_months} mois"
    if figures.expected_events is None:
        return f"{what} : {FEW}"
    low, high = number(figures.expected_low), number(figures.expected_high)
    around = f"intervalle à 90{NBSP}% : {low}{NBSP}–{NBSP}{high}"
    return f"{what} : {number(figures.expected_events)} ({around})"


def _foot(link: str, contact: str) -> list[str]:
    lines = [f"La liste, après connexion : {link}"] if link else ["La liste est dans Veille ESS."]
    lines += [
        "",
        _NAMELESS,
        _USE,
    ]
    return [*lines, f"Pour ne plus le recevoir : {contact}"] if contact else lines
