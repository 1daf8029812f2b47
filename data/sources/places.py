"""Where a beneficiary is, as lists say it: code or name of a département, commune, postcode.

Only what is certain is returned: anything else is null.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from data.reference import departement_of_communes, departement_of_postcodes, departements
from data.reference.funders import funder_slug, plain

#: Corsican SIREN do not tell Corse-du-Sud from Haute-Corse
_CORSICA = "20"
_POSTCODE_AND_TOWN = r"(?:^|\D)\d{5}[\s–-]+\p{L}"
_DIGITS = 9


@cache
def _spelt() -> dict[str, str]:
    """Return each way to write a département (plain) -> its code."""
    spelt: dict[str, str] = {}
    for code, found in departements().items():
        spelt[code.lower()] = code
        spelt[code.lower().zfill(3)] = code
        if code.startswith("0"):
            spelt[code[1:]] = code
        name = plain(found.name)
        spelt[name] = spelt[name.replace(" ", "")] = code
        spelt[f"{code.lower()} {name}"] = code
    return spelt


def departements_said(values: pl.Expr) -> pl.Expr:
    """Return the département of cells that say one: "59", "059", "2a", "Nord", "59 - Nord"."""
    text = (
        values.cast(pl.String)
        .str.to_lowercase()
        .str.normalize("NFKD")
        .str.replace_all(r"\p{M}", "")
        .str.replace_all("œ", "oe")
        .str.replace(r"^(\d+)[.,]0+$", "$1")
        .str.replace_all(r"[^a-z0-9]+", " ")
        .str.strip_chars()
    )
    return text.replace_strict(_spelt(), default=None, return_dtype=pl.String)


def departements_of_places(values: pl.Expr) -> pl.Expr:
    """Return the département of INSEE commune codes, given whole ("59350", "1004")."""
    return departement_of_communes(values.cast(pl.String).str.replace(r"^(\d+)[.,]0+$", "$1"))


def departements_of_posts(values: pl.Expr) -> pl.Expr:
    """Return the département of postcodes ("59000", "1000", "59000.0")."""
    return departement_of_postcodes(values.cast(pl.String).str.replace(r"^(\d+)[.,]0+$", "$1"))


def departements_of_addresses(values: pl.Expr) -> pl.Expr:
    """Return the département of addresses that hold a postcode followed by a town.

    Postcodes of two départements say nothing.
    """
    posts = values.cast(pl.String).str.extract_all(_POSTCODE_AND_TOWN)
    codes = posts.list.eval(departement_of_postcodes(pl.element().str.extract(r"(\d{5})")))
    known = codes.list.drop_nulls().list.unique()
    return pl.when(known.list.len() == 1).then(known.list.first())


def departement_of_funder(siren: str | None, name: str | None) -> str | None:
    """Return the département where a funder that is a commune or a département acts.

    The SIREN of a commune is 21, its INSEE code and a rank; that of a département 22 and its code.
    Without it, the full official name of a département; a commune's name alone says nothing.
    """
    if siren is not None and len(siren) == _DIGITS and siren[:2] in {"21", "22"}:
        code = siren[2:5] if siren[2:4] == "97" else siren[2:4]
        return code if code in departements() and siren[2:4] != _CORSICA else None
    return _by_slug().get(funder_slug(name)) if siren is None and name else None


@cache
def _by_slug() -> dict[str, str]:
    return {
        funder_slug(f"Département {found.name}"): code for code, found in departements().items()
    }
