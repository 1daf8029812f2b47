"""Columns of the State's yearly list, whose names change with each exercise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.sources.text import fold

_YEAR = r"(?:19|20)\d{2}"
_NAMES: dict[str, str] = {
    "siren": r"(?:n|no|num|numero|code)?siren(?:delassociation)?",
    "rna": r"(?:n|no|num|numero|code|id)?rna(?:delassociation)?|waldec"
    r"|repertoirenationaldesassociations",
    "name": r"(?:nomdel)?associations?|(?:nom|denomination|raisonsociale)(?:usuelle)?"
    r"(?:del?l?association|dubeneficiaire|del?organisme)?|beneficiaire|libelleassociation",
    "imputation": r"imputation",
    "ministry": rf"(?:code|libelle)?ministeres?(?:en)?(?:{_YEAR})?",
    "programme": rf"(?:code|n|no|num|numero)?prog(?:rammes?)?(?:lolf)?(?:en)?(?:{_YEAR})?",
    "place": r"code(?:insee)?(?:dela)?commune(?:insee)?|codeinsee|cogcode",
    "place_departement": r"cogcodedep(?:artement)?(?:oupays)?|cogdep(?:artement)?",
    "departement": r"(?:code)?departement(?:delassociation)?",
    "total": r"totaldessubventions",
    "amount": rf"{_YEAR}|(?:detaildes)?subventions?(?:versee?s?|en|annee)*(?:{_YEAR})?(?:eneuros?)?"
    rf"|montant(?:dela|des|verse|subventions?|en|annee)*(?:{_YEAR})?(?:eneuros?)?",
    "purpose": rf"objet(?:dela|des|subventions?|en)*(?:{_YEAR})?",
    "edition": r"millesime",
}
_PATTERNS = {key: re.compile(pattern) for key, pattern in _NAMES.items()}


@dataclass(frozen=True)
class Layout:
    """Positions of the columns found, and the exercises that their labels say."""

    columns: dict[str, int]
    exercises: tuple[int, ...]


def layout_of(header: Sequence[str]) -> Layout | None:
    """Return the layout of a header, None where it is not one of the State's list.

    A list has a SIREN, an amount, and a programme, a ministry or an imputation.
    """
    columns: dict[str, int] = {}
    exercises: set[int] = set()
    for at, cell in enumerate(header):
        folded = fold(cell)
        for key, pattern in _PATTERNS.items():
            if pattern.fullmatch(folded):
                columns.setdefault(key, at)
                if key in {"amount", "purpose", "programme", "ministry"}:
                    exercises.update(int(year) for year in re.findall(_YEAR, folded))
                break
    paid_by = {"imputation", "programme", "ministry"} & set(columns)
    if "siren" not in columns or "amount" not in columns or not paid_by:
        return None
    return Layout(columns=columns, exercises=tuple(sorted(exercises)))


def score(header: Sequence[str]) -> int:
    """Return how many columns of the list a header has, 0 where it is not one."""
    layout = layout_of(header)
    return len(layout.columns) if layout else 0


def score_nomenclature(header: Sequence[str]) -> int:
    """Return a score for the header of the nomenclature published in the same folder."""
    names = {fold(cell) for cell in header}
    return len(names) if {"typeligne", "code", "libelle"} <= names else 0
