"""Reasons in French: a value, its unit and the indicator's sentence make one plain sentence.

Blanks of a sentence: ``{value}``; ``{ont_change}``, ``{a_change}``, ``{avaient_change}`` become
"ont baissé de 42 %", "a augmenté de 3 jours"…; "(s)" or "(nt)" is kept from two on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from data.reference import regions, sectors
from features.indicator import Indicator

_THIN = "\u202f"
_PLURAL = re.compile(r"\((\w+)\)")
_MONTHS_IN_YEAR = 12
_PURPOSES = {
    "job_post": "postes et emplois",
    "investment": "investissement",
    "exceptional": "aide exceptionnelle",
    "event": "événement",
    "study": "étude",
    "training": "formation",
    "operating": "fonctionnement",
    "project": "projet",
    "other": "autre",
    "unknown": "non précisé",
}
_FAMILIES = {
    "association": "association",
    "cooperative": "coopérative",
    "mutual": "mutuelle",
    "foundation": "fondation",
    "commercial": "société commerciale de l'ESS",
    "other": "autre",
}


def _grouped(value: float, decimals: int = 0) -> str:
    text = f"{abs(value):,.{decimals}f}".replace(",", _THIN).replace(".", ",")
    return f"−{text}" if value < 0 and text.strip("0,") else text


def _duration(months: float) -> str:
    if months >= 2 * _MONTHS_IN_YEAR:
        return f"{_grouped(months / _MONTHS_IN_YEAR, 1)} ans"
    return f"{_grouped(months)} mois"


def amount(value: float, unit: str) -> str:
    """Return a value with its unit, in French: 0.42 "ratio" -> "42 %", 1200 "eur" -> "1 200 €"."""
    if unit == "eur":
        return f"{_grouped(value)} €"
    if unit == "ratio":
        small = 0 < abs(value) < 0.1
        return f"{_grouped(value * 100, 1 if small else 0)} %"
    if unit in {"days", "count", "level"}:
        plural = "s" if abs(round(value)) > 1 else ""
        return f"{_grouped(value)} jour{plural}" if unit == "days" else _grouped(value)
    if unit in {"months", "years"}:
        return _duration(value * (_MONTHS_IN_YEAR if unit == "years" else 1))
    if unit == "flag":
        return "oui" if value else "non"
    return _grouped(value, 2)


def _moved(value: float, unit: str, auxiliary: str) -> str:
    shown = amount(abs(value), unit)
    if not any(c in shown for c in "123456789"):
        return {"ont": "sont stables", "a": "est stable"}.get(auxiliary, "étaient stables")
    return f"{auxiliary} {'augmenté' if value > 0 else 'baissé'} de {shown}"


def category(indicator: Indicator, text: str) -> str:
    """Return the French words of a category ("32" of `region` -> "Hauts-de-France")."""
    names: Mapping[str, Mapping[str, str]] = {
        "sector": sectors(),
        "region": regions(),
        "main_purpose": _PURPOSES,
        "ess_family": _FAMILIES,
    }
    return names.get(indicator.name, {}).get(text, text)


def sentence(indicator: Indicator, value: float | None, text: str | None = None) -> str:
    """Return the reason in French for one value of an indicator.

    Parameters
    ----------
    value : float or None
        The number, in the indicator's unit; None when it is missing or a category.
    text : str or None
        The category of a categorical indicator.
    """
    if indicator.kind == "categorical":
        if text is None:
            return f"{indicator.label} : inconnu ({indicator.missing})."
        return indicator.sentence.format(value=category(indicator, text))
    if value is None or math.isnan(value):
        return f"{indicator.label} : inconnu ({indicator.missing})."
    if indicator.unit == "flag" and not value:
        return f"{indicator.label} : non."
    words = indicator.sentence.format(
        value=amount(value, indicator.unit),
        ont_change=_moved(value, indicator.unit, "ont"),
        a_change=_moved(value, indicator.unit, "a"),
        avaient_change=_moved(value, indicator.unit, "avaient"),
    )
    many = abs(value) >= 2
    return _PLURAL.sub(lambda match: match[1] if many else "", words)
