"""Reserved sources: what comes from them is shown to who has the right on the source.

The risk itself is shown to everyone who may see the structure: its reasons are not. A reason that
is withheld is counted in `other_contribution`, so that what is shown still adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from serving.access.errors import AccessError


class Source(StrEnum):
    """An administration whose data are not public."""

    URSSAF = "urssaf"
    BDF = "bdf"
    DGFIP = "dgfip"


LABELS: dict[Source, str] = {
    Source.URSSAF: "URSSAF",
    Source.BDF: "Banque de France",
    Source.DGFIP: "DGFiP (impôts)",
}

#: how the name of an indicator begins -> the source it is computed from
INDICATORS: dict[str, Source] = {
    "debt_": Source.URSSAF,
    "rating_": Source.BDF,
    "tax_": Source.DGFIP,
}

#: themes that tell of one reserved source only. Accounts deposited are not there: the Journal
#: officiel publishes them.
THEMES: dict[str, Source] = {"debt": Source.URSSAF}


def source_of(indicator: str, theme: str | None) -> Source | None:
    """Return the reserved source that an indicator comes from, None when it is public."""
    for beginning, source in INDICATORS.items():
        if indicator.startswith(beginning):
            return source
    return THEMES.get(theme or "")


def open_reasons(
    reasons: Iterable[Mapping[str, Any]], rights: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the reasons that a reader with these rights may see."""
    held = {None, *rights}
    return [dict(r) for r in reasons if source_of(r["indicator"], r["theme"]) in held]


def open_unknown(lines: Sequence[Mapping[str, Any]], rights: Iterable[str]) -> list[dict[str, Any]]:
    """Return what is not known, without what a reserved source does not know either.

    "No debt is known" is an answer of the URSSAF.
    """
    held = {None, *rights}
    return [dict(line) for line in lines if THEMES.get(line["theme"] or "") in held]


def withheld(rights: Iterable[str]) -> list[dict[str, str]]:
    """Return the sources that a reader may not see.

    The same for every structure: what is withheld does not tell whether there was something.
    """
    held = set(rights)
    return [
        {
            "source": source.value,
            "label": label,
            "message": f"Donnée réservée : ce qui viendrait de la source « {label} » n'est montré"
            " qu'à qui a ce droit.",
        }
        for source, label in LABELS.items()
        if source not in held
    ]


def check_sources(given: Iterable[str]) -> list[str]:
    """Return rights on sources, sorted; AccessError `bad-account` for one that does not exist."""
    wanted = sorted({str(source) for source in given})
    known = [source.value for source in Source]
    strangers = [source for source in wanted if source not in known]
    if strangers:
        raise AccessError(
            "Cette source réservée n'existe pas.",
            code="bad-account",
            status=422,
            where="sources",
            received=", ".join(strangers),
            expected=" | ".join(known),
        )
    return wanted
