"""Columns of public contracts published as tables: one line a contract, a holder or a version."""

from __future__ import annotations

from collections.abc import Sequence

from data.sources.text import fold

#: our names -> accepted spellings (folded), in order of preference
NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "idmarche", "marcheid", "uid"),
    "buyer": (
        *("acheteurid", "idacheteur", "acheteursiret", "siretacheteur", "acheteursiren"),
        "identifiantacheteur",
    ),
    "buyer_name": ("acheteurnom", "nomacheteur", "acheteurnomusuel"),
    "nature": ("nature",),
    "kind": ("type",),
    "purpose": ("objet", "objetmarche"),
    "amount": ("montant",),
    "duration": ("dureemois",),
    "notified": ("datenotification",),
    "published": ("datepublicationdonnees",),
    "techniques": ("techniques", "technique"),
    "modalities": ("modalitesexecution", "modaliteexecution"),
    "framework": ("idaccordcadre",),
    "version": ("modificationid", "idmodification"),
    "departement": ("titulairedepartementcode", "titulairedepartement"),
    "holder_id": ("titulaireid", "titulaireid1", "idtitulaire", "siretetablissement"),
    "holder_type": (
        *("titulairetypeidentifiant", "titulairetypeidentifiant1", "typeidentifiant"),
        "typeidentifiantetablissement",
    ),
    "holder_2": ("titulaireid2",),
    "holder_3": ("titulaireid3",),
}
_NEEDED = {"id", "buyer", "amount", "holder_id"}
_DATES = {"notified", "published"}
_OURS = frozenset(name for names in NAMES.values() for name in names)


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """Return the positions of the columns found, empty where it is no table of contracts."""
    folded = [fold(cell) for cell in header]
    found = {
        key: folded.index(name)
        for key, names in NAMES.items()
        for name in [next((name for name in names if name in folded), "")]
        if name
    }
    return found if found.keys() >= _NEEDED and found.keys() & _DATES else {}


def score(header: Sequence[str]) -> int:
    """Return how many columns of contracts a header has, 0 where it is not one of them."""
    return len(columns_of(header))


def is_ours(name: str) -> bool:
    """Tell whether a column is one of those read."""
    return fold(name) in _OURS
