"""Invented public bodies: SIREN of département 99, which is no département, with a check digit."""

from __future__ import annotations

from data.identifiers import is_siren, is_siret

LEVELS = {"epci": "24", "commune": "21", "departement": "22", "region": "23"}


def body(level: str, number: int) -> str:
    """Return the SIREN of an invented public body of a level of government."""
    digits = f"{LEVELS[level]}99{number:04d}"
    return next(found for last in "0123456789" if is_siren(found := digits + last))


def siret(siren: str, number: int = 1) -> str:
    """Return the SIRET of the `number`-th office of a legal unit."""
    digits = f"{siren}{number:04d}"
    return next(found for last in "0123456789" if is_siret(found := digits + last))
