"""Perimeter of the ESS: from the INSEE legal category (and SIRENE's flag) to a family."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import polars as pl

from data.contracts import ESS_FAMILIES
from data.errors import VeilleError

_LONGEST = 4


@dataclass(frozen=True)
class Perimeter:
    """A perimeter: `families` code or prefix -> family, what SIRENE's ESS flag adds, and never."""

    families: dict[str, str]
    flag_family: str
    flag_never: tuple[str, ...]


class PerimeterError(VeilleError):
    """A perimeter file that cannot be used."""


def _error(where: str, received: object, expected: str) -> PerimeterError:
    return PerimeterError(
        "Le périmètre de l'ESS n'est pas utilisable.",
        code="perimeter-invalid",
        where=where,
        received=received,
        expected=expected,
        todo="corriger le fichier d'après data/reference/ess_perimeter.toml",
    )


def _codes(where: str, key: str, value: object) -> list[str]:
    if isinstance(value, list) and all(
        isinstance(code, str) and code.isdigit() and len(code) <= _LONGEST for code in value
    ):
        return [str(code) for code in value]
    raise _error(f"{where}, {key}", value, "une liste de codes de un à quatre chiffres, en texte")


def load_perimeter(path: Path | None = None) -> Perimeter:
    """Read the perimeter file `path`, or the one shipped with the product.

    Raises
    ------
    PerimeterError
        The file is absent, is not TOML, names an unknown family, or puts a code in two families.
    """
    return _shipped() if path is None else _parse(path.name, _text(path))


@cache
def _shipped() -> Perimeter:
    resource = files("data.reference").joinpath("ess_perimeter.toml")
    return _parse("ess_perimeter.toml", resource.read_text(encoding="utf-8"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _error(str(path), str(error), "un fichier TOML en UTF-8") from error


def _parse(where: str, text: str) -> Perimeter:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _error(where, str(error), "un fichier TOML") from error
    unknown = sorted(set(content) - {"version", "families", "flag"})
    tables = content.get("families"), content.get("flag")
    if unknown or not all(isinstance(table, dict) for table in tables):
        raise _error(where, unknown or sorted(content), "les tables [families] et [flag]")
    families: dict[str, str] = {}
    for family, codes in content["families"].items():
        if family not in ESS_FAMILIES:
            raise _error(f"{where}, [families]", family, ", ".join(ESS_FAMILIES))
        for code in _codes(where, family, codes):
            if families.setdefault(code, family) != family:
                raise _error(where, code, "un code dans une seule famille")
    flag_family = content["flag"].get("family")
    if flag_family not in ESS_FAMILIES:
        raise _error(f"{where}, [flag] family", flag_family, ", ".join(ESS_FAMILIES))
    never = _codes(where, "never", content["flag"].get("never", []))
    return Perimeter(families=families, flag_family=flag_family, flag_never=tuple(never))


def ess_family_of(
    category: pl.Expr, flag: pl.Expr | None = None, perimeter: Perimeter | None = None
) -> pl.Expr:
    """Return the ESS family of INSEE legal categories, null outside the perimeter.

    Parameters
    ----------
    category : polars.Expr
        Legal category, text of four digits ("9220").
    flag : polars.Expr, optional
        Boolean: SIRENE's ESS indicator is "O", or the unit is in the list of ESS France. It
        brings in units of other categories, and of unknown category, as the flag's family.
    perimeter : Perimeter, optional
        Default: the one shipped.
    """
    chosen = perimeter or _shipped()
    text = category.cast(pl.String).str.strip_chars()
    by_length = {
        length: {code: name for code, name in chosen.families.items() if len(code) == length}
        for length in range(_LONGEST, 0, -1)
    }
    listed = pl.coalesce(
        *(
            text.str.slice(0, length).replace_strict(table, default=None, return_dtype=pl.String)
            for length, table in by_length.items()
            if table
        ),
        pl.lit(None, dtype=pl.String),
    )
    if flag is None:
        return listed
    barred = pl.any_horizontal(
        pl.lit(value=False), *(text.str.starts_with(code) for code in chosen.flag_never)
    ).fill_null(value=False)
    flagged = pl.when(flag.fill_null(value=False) & ~barred).then(pl.lit(chosen.flag_family))
    return pl.coalesce(listed, flagged)
