"""What each theme and indicator was found to be worth, for the dictionary of indicators.

The figures are those of ``docs/ablation.json``, which ``python -m benchmarks.ablation`` writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scripts.tables import table

PATH = Path(__file__).resolve().parent.parent / "docs" / "ablation.json"
_NAMES = {"grants": "réel", "synthetic": "synthétique"}
Found = dict[str, Any]
_HOW = (
    "Mesuré hors du temps de l'apprentissage par `python -m benchmarks.ablation`, sur les deux "
    "derniers jours de test de chaque panel : un modèle léger, toujours le même, appris avec "
    "tous les indicateurs, sans le thème, avec le seul thème « structure », puis avec ce thème "
    "et celui du rang. Les différences sont en précision moyenne (AP), les deux jours "
    "ensemble, avec leur intervalle à 95 % (rééchantillonnage des structures du test ; les "
    "modèles ne sont pas réappris). Une différence dont l'intervalle contient 0 n'est pas "
    "établie."
)


def read() -> Found:
    """Return the measures."""
    found: Found = json.loads(PATH.read_text("utf-8"))
    return found


def themes(found: Found) -> str:
    """Return what was measured and how, then a table a panel: what each theme adds."""
    from features.catalogue import THEMES

    parts = ["## Ce qu'apporte chaque thème", _HOW]
    for panel, what in _NAMES.items():
        one = found["panels"][panel]
        parts.append(f"**Panel {what}**, {_described(one)}")
        rows = [
            (title, _used(one["themes"][theme]), *_differences(one["themes"][theme]))
            for theme, title in THEMES.items()
            if theme in one["themes"]
        ]
        header = ("thème", "indicateurs qui varient", "tout, moins sans le thème")
        parts.append(table((*header, "structure et thème, moins structure"), rows))
    return "\n\n".join(parts)


def _described(one: Found) -> str:
    days = ", ".join(
        f"{day['test_as_of']} ({_whole(day['n'])} structures, {_whole(day['positives'])} cas, "
        f"AP {_decimal(day['all']['average_precision']['value'])})"
        for day in one["days"]
    )
    return f"cible `{one['target']}` à {one['horizon_months']} mois ; jours de test : {days}."


def _used(theme: Found) -> str:
    return f"{max(theme['in_model'].values())} sur {theme['indicators']}"


def _differences(theme: Found) -> tuple[str, str]:
    names = ("all_minus_without", "base_and_theme_minus_base")
    said = [theme.get(name) for name in names]
    one, two = (_interval(d["together"]["average_precision"]) if d else "—" for d in said)
    return one, two


def worth(found: Found, name: str) -> str:
    """Return where an indicator is known, and what the model loses when its values are dealt out.

    An indicator added since the measures has none.
    """
    said = []
    for panel, what in _NAMES.items():
        one = found["panels"][panel]["indicators"].get(name)
        if one is None:
            return "pas encore"
        known = f"renseigné sur {_percent(one['coverage_panel'])} du panel {what}"
        last = max(one["by_day"])
        value = one["by_day"][last]
        if value and one["coverage_panel"]:
            lost = _interval(value["permutation_loss"])
            known += f" (part du gain {_percent(value['gain_share'])}, AP perdue {lost})"
        said.append(known)
    return " ; ".join(said)


def _interval(value: dict[str, float | None]) -> str:
    low, high = value["low"], value["high"]
    point = _decimal(value["value"], sign=True)
    return f"{point} [{_decimal(low, sign=True)} ; {_decimal(high, sign=True)}]"


def _decimal(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "?"
    return f"{value + 0.0:{'+' if sign else ''}.3f}".replace(".", ",").replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.01 else "moins de 1 %"


def _whole(number: int) -> str:
    return f"{number:,}".replace(",", " ")
