"""The catalogue of schemes: means of help, whom each is for, where; read strictly from TOML.

The shipped file is `schemes.toml` beside this module; an operator's file of the same form replaces
whole schemes by their id, or adds some. What a criterion is worth for a structure is judged
elsewhere (`serving.cell.criteria`).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from data.reference.schemes_reading import CRITERION_KINDS, DRIVERS, STAGES, SchemesError, Table
from data.reference.sectors import sectors
from data.reference.territories import regions

__all__ = [
    "CRITERION_KINDS",
    "DRIVERS",
    "STAGES",
    "Catalogue",
    "Criterion",
    "Scheme",
    "SchemesError",
    "load_schemes",
    "read_schemes",
]

SHIPPED = "schemes.toml"
_VERSION = 1


@dataclass(frozen=True)
class Criterion:
    """One condition: its kind, its words, and what the kind compares with.

    `values` are codes (families, sectors, legal categories, proceedings), `number` a limit (euros,
    employees, or a ratio), `of` the alternatives of `any_of`.
    """

    kind: str
    label: str
    values: tuple[str, ...] = ()
    number: float | None = None
    of: tuple[Criterion, ...] = ()


@dataclass(frozen=True)
class Scheme:
    """One scheme; `regions` is empty for the whole country, `source_on` None where undated."""

    id: str
    label: str
    means: str
    stages: tuple[str, ...]
    regions: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    drivers: tuple[str, ...]
    contact: str
    bring: tuple[str, ...]
    source: str
    source_on: date | None
    to_confirm: bool
    note: str
    #: written by the operator, not shipped
    own: bool = False


@dataclass(frozen=True)
class Catalogue:
    """Schemes by id in the order of the file, sectors that complete each other, a digest."""

    schemes: Mapping[str, Scheme]
    complementary: Mapping[str, frozenset[str]]
    digest: str

    def related(self, sector: str) -> frozenset[str]:
        """Return the sectors that complete a sector, itself left out."""
        return self.complementary.get(sector, frozenset())


def load_schemes(own: Path | None = None) -> Catalogue:
    """Read the shipped catalogue, with the operator's file over it where it exists.

    Raises
    ------
    SchemesError
        `schemes-invalid`, with the scheme, the field, the value and what was expected.
    """
    shipped = _shipped()
    return shipped if own is None or not own.exists() else read_schemes(own, shipped)


def read_schemes(path: Path, base: Catalogue | None = None) -> Catalogue:
    """Read a catalogue file alone, or over `base`; raise SchemesError as `load_schemes`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemesError(
            "Le catalogue des dispositifs n'est pas lisible.",
            code="schemes-invalid",
            where=str(path),
            received=type(error).__name__,
            expected="un fichier TOML en UTF-8",
            todo="Vérifiez le chemin et l'encodage du fichier.",
        ) from error
    return _parse(path.name, text, base, own=True)


@cache
def _shipped() -> Catalogue:
    resource = files("data.reference").joinpath(SHIPPED)
    return _parse(SHIPPED, resource.read_text(encoding="utf-8"), None, own=False)


def _parse(where: str, text: str, base: Catalogue | None, *, own: bool) -> Catalogue:
    root = Table(where, "", {})
    try:
        root = Table(where, "", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise root.refused("le fichier", str(error), "un fichier TOML") from error
    root.only({"version", "scheme", "complementary_sectors"})
    if root.content.get("version") != _VERSION:
        raise root.refused("version", root.content.get("version"), str(_VERSION))
    tables = root.tables("scheme", required=base is None)
    found = {name: _scheme(Table(where, name, table), own=own) for name, table in tables.items()}
    near = root.tables("complementary_sectors", required=False, of=list)
    complementary = _both_ways(root, near) if near or base is None else base.complementary
    before = base.digest if base else ""
    digest = hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()[:16]
    return Catalogue({**(base.schemes if base else {}), **found}, complementary, digest)


def _scheme(table: Table, *, own: bool) -> Scheme:
    table.only(
        {
            *("label", "means", "stages", "territory", "contact", "bring", "source", "source_on"),
            *("to_confirm", "note", "drivers", "criteria"),
        }
    )
    table.check_id()
    to_confirm = table.flag("to_confirm")
    return Scheme(
        id=table.scheme,
        label=table.text("label"),
        means=table.text("means"),
        stages=table.words("stages", STAGES),
        regions=_territory(table),
        criteria=tuple(_criterion(one) for one in table.rows("criteria")),
        drivers=table.words("drivers", DRIVERS, empty=True),
        contact=table.text("contact"),
        bring=table.texts("bring"),
        source=table.text("source"),
        source_on=table.day("source_on", required=not to_confirm),
        to_confirm=to_confirm,
        note=table.text("note", required=False),
        own=own,
    )


def _territory(table: Table) -> tuple[str, ...]:
    if table.content.get("territory") == "all":
        return ()
    expected = "« all », ou une liste de codes de région"
    return table.words("territory", tuple(regions()), expected=expected)


def _criterion(table: Table) -> Criterion:
    kind = table.word("kind", tuple(CRITERION_KINDS))
    compared = CRITERION_KINDS[kind]
    table.only({"kind", "label", *compared.keys})
    return Criterion(
        kind=kind,
        label=table.text("label"),
        values=compared.values(table),
        number=compared.number(table),
        of=tuple(_alternative(one) for one in table.rows("of")) if kind == "any_of" else (),
    )


def _alternative(table: Table) -> Criterion:
    simple = tuple(kind for kind in CRITERION_KINDS if kind != "any_of")
    table.word("kind", simple)
    return _criterion(table)


def _both_ways(root: Table, near: Mapping[str, object]) -> dict[str, frozenset[str]]:
    pairs: set[tuple[str, str]] = set()
    for sector in near:
        table = Table(root.file, "complementary_sectors", dict(near))
        if sector not in sectors():
            raise table.refused(sector, sector, " | ".join(sectors()))
        for other in table.words(sector, tuple(sectors())):
            if other == sector:
                raise table.refused(sector, other, "un autre secteur")
            pairs |= {(sector, other), (other, sector)}
    return {s: frozenset(o for mine, o in pairs if mine == s) for s in sorted(dict(pairs))}
