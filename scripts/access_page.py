"""The generated part of docs/access.md: what each reader gets from each address."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.tables import table
from serving.access.matrix import API, PAGES
from serving.access.readers import Line, Reader
from serving.access.sources import INDICATORS, LABELS, THEMES

_READING = (
    "Le territoire des lecteurs limités est celui des structures « dans le territoire ». Le statut "
    "est suivi du code de l'erreur, ou de l'adresse où l'on est renvoyé. Un essai exécute chaque "
    "case sur le service, et échoue si une adresse manque."
)


def block() -> str:
    """Return the tables of addresses and readers, then what is reserved."""
    beginnings = [
        (f"`{beginning}…`", f"{LABELS[source]} (`{source.value}`)")
        for beginning, source in INDICATORS.items()
    ]
    themes = [(f"`{theme}`", f"{LABELS[s]} (`{s.value}`)") for theme, s in THEMES.items()]
    return "\n\n".join(
        [
            "## Chaque adresse, chaque lecteur",
            _READING,
            "### API, supervision",
            _rows(API),
            "### Pages",
            _rows(PAGES),
            "## Ce qui est réservé",
            table(("indicateurs", "droit nécessaire"), beginnings),
            table(("thème de « ce qu'on ne sait pas »", "droit nécessaire"), themes),
        ]
    )


def _rows(lines: Iterable[Line]) -> str:
    return table(
        ("adresse", "cas", *(reader.value for reader in Reader)),
        [
            (f"`{line.method} {line.path}`", line.case, *(line.answers[r] for r in Reader))
            for line in lines
        ],
    )
