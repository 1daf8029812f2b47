"""Régions and départements (INSEE, 2025), and the way from a commune or a postcode to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import polars as pl

from data.reference._files import rows

_CODE = r"^(?:\d{5}|2[AB]\d{3})$"


@dataclass(frozen=True)
class Departement:
    """A département: its code ("59", "2A", "974"), its French name, its INSEE région code."""

    code: str
    name: str
    region: str


@cache
def regions() -> dict[str, str]:
    """Return INSEE région code -> French name, 18 régions, sorted by code."""
    return {row["code"]: row["name"] for row in rows("regions.csv")}


@cache
def departements() -> dict[str, Departement]:
    """Return département code -> `Departement`, 101 départements, sorted by code."""
    return {row["code"]: Departement(**row) for row in rows("departements.csv")}


def region_of(departement: str) -> str | None:
    """Return the INSEE région code of a département code, None where it is not one."""
    found = departements().get(departement)
    return found.region if found else None


def departement_of_postcode(postcode: str) -> str | None:
    """Return the département of a postcode, None where it cannot be told.

    Leading zeros lost by a spreadsheet are put back ("1000" is 01000). Corsica: 200xx and 201xx
    are 2A, 202xx and 206xx are 2B. Saint-Barthélemy (97133) and Saint-Martin (97150), the
    collectivities of the Pacific (98xxx), Monaco (98000) and armies (00xxx) are no département.
    A few communes bear the postcode of the neighbouring département: prefer
    `departement_of_commune` where the commune is known.
    """
    text = postcode.strip().replace(" ", "")
    if not re.fullmatch(r"\d{4,5}", text, flags=re.ASCII):
        return None
    text = text.zfill(5)
    if text in {"97133", "97150"}:
        return None
    if text.startswith("97"):
        code = text[:3]
    elif text.startswith("20"):
        code = {"0": "2A", "1": "2A", "2": "2B", "6": "2B"}.get(text[2], "")
    else:
        code = text[:2]
    return code if code in departements() else None


def departement_of_commune(commune: str) -> str | None:
    """Return the département of an INSEE commune code (not a postcode), None where unknown."""
    text = commune.strip().upper()
    text = text.zfill(5) if re.fullmatch(r"\d{4}", text, flags=re.ASCII) else text
    if not re.fullmatch(_CODE, text, flags=re.ASCII):
        return None
    code = text[:3] if text.startswith("97") else text[:2]
    return code if code in departements() else None


def departement_of_postcodes(postcodes: pl.Expr) -> pl.Expr:
    """Columnar `departement_of_postcode` (String to String)."""
    text = postcodes.cast(pl.String).str.strip_chars().str.replace_all(" ", "")
    text = pl.when(text.str.contains(r"^[0-9]{4,5}$")).then(text.str.zfill(5))
    code = (
        pl.when(text.is_in(["97133", "97150"]))
        .then(None)
        .when(text.str.starts_with("97"))
        .then(text.str.slice(0, 3))
        .when(text.str.contains(r"^20[01]"))
        .then(pl.lit("2A"))
        .when(text.str.contains(r"^20[26]"))
        .then(pl.lit("2B"))
        .otherwise(text.str.slice(0, 2))
    )
    return _known(code)


def departement_of_communes(communes: pl.Expr) -> pl.Expr:
    """Columnar `departement_of_commune` (String to String)."""
    text = communes.cast(pl.String).str.strip_chars().str.to_uppercase()
    text = pl.when(text.str.contains(r"^[0-9]{4}$")).then(text.str.zfill(5)).otherwise(text)
    text = pl.when(text.str.contains(r"^(?:[0-9]{5}|2[AB][0-9]{3})$")).then(text)
    code = (
        pl.when(text.str.starts_with("97"))
        .then(text.str.slice(0, 3))
        .otherwise(text.str.slice(0, 2))
    )
    return _known(code)


def region_of_departements(codes: pl.Expr) -> pl.Expr:
    """Columnar `region_of` (String to String)."""
    table = {code: departement.region for code, departement in departements().items()}
    return codes.replace_strict(table, default=None, return_dtype=pl.String)


def _known(codes: pl.Expr) -> pl.Expr:
    return pl.when(codes.is_in(list(departements()))).then(codes)
