"""Files found beside the published lists that hold no fact for us: said by name, never read.

A file that is here is no error: `veille ingest auto` on a whole folder names it and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from data.sources.sample import Sample

_CODE = re.compile(r"[0-9A-Z][0-9A-Z.]{0,8}p?")


@dataclass(frozen=True)
class Known:
    """A kind of file: what it is (French), and how it is recognised."""

    what: str
    matches: Callable[[Sample], bool]


def _columns(*names: str, kind: str = "") -> Callable[[Sample], bool]:
    return lambda sample: kind in ("", sample.kind) and sample.has(*names)


def _keys(*names: str) -> Callable[[Sample], bool]:
    return lambda sample: set(names) <= sample.keys


def _starts(*names: str) -> Callable[[Sample], bool]:
    """Tell whether the first row of the first table starts with these cells."""
    return lambda sample: any(
        grid.rows and [cell.strip("\ufeff ") for cell in grid.rows[0][: len(names)]] == list(names)
        for grid in sample.grids[:1]
    )


def _prose(sample: Sample) -> bool:
    head = sample.head.lstrip("\ufeff \n")
    return sample.kind == "table" and (head.startswith(("# ", "<!--")) or "\n## " in head)


def _codes(sample: Sample) -> bool:
    """Tell whether a table of two columns gives codes and what they mean."""
    rows = [row for grid in sample.grids[:1] for row in grid.rows[1:] if any(row)]
    return (
        sample.kind == "table"
        and len(rows) > 1
        and all(_CODE.fullmatch(row[0].strip()) for row in rows)
        and sum(len(row) == 2 for row in rows) > len(rows) / 2
    )


def _territories(sample: Sample) -> bool:
    """Tell whether a JSON object gives the names of territories by code."""
    content = sample.content
    return isinstance(content, dict) and all(
        isinstance(value, dict) and "nom" in value and _CODE.fullmatch(str(key))
        for key, value in list(content.items())[:50]
    )


NOT_READ: tuple[Known, ...] = (
    Known(
        "un schéma de données (Table Schema ou JSON Schema), pas des données",
        lambda s: bool({"$schema", "definitions"} & s.keys) or {"fields", "name"} <= s.keys,
    ),
    Known(
        "une table de correspondance de noms de colonnes, pas des données",
        _columns("original_name", "official_name"),
    ),
    Known(
        "une nomenclature des missions, programmes et actions de l'État, pas des crédits",
        lambda s: s.has("Type ligne", "Mission", "Libelle") or s.has("Code Mission", "Libellé"),
    ),
    Known(
        "la liste des programmes de l'État, pas des crédits",
        _columns("code_ministere", "label_theme", kind="json"),
    ),
    Known("une nomenclature (des codes et ce qu'ils veulent dire), pas des données", _codes),
    Known(
        "le code officiel géographique, déjà fourni avec l'outil",
        lambda s: s.has("commune_code", "region_code") or s.has("TYPECOM", "COM", "REG"),
    ),
    Known("une liste de territoires, déjà fournie avec l'outil", _territories),
    Known(
        "la liste d'adresses de jeux de données, pas les données",
        _starts("type", "url", "format"),
    ),
    Known(
        "le sommaire d'une moisson de données, pas les données",
        _keys("datasets", "licence"),
    ),
    Known(
        "le réglage d'un import de démarches simplifiées, pas des données",
        _keys("schema"),
    ),
    Known(
        "les ratios financiers de l'INPI : des sociétés commerciales seules, non lus",
        lambda s: "ratios_inpi_bce" in s.head or s.has("taux_d_endettement", "siren"),
    ),
    Known(
        "l'historique des établissements de SIRENE : la ligne suit l'unité légale, non lu",
        _columns("siret", "etatAdministratifEtablissement"),
    ),
    Known(
        "les demandes et consommations d'activité partielle, non lues",
        lambda s: s.has("ID_DA", "ETAB_SIRET"),
    ),
    Known(
        "des comptes de collectivités sans leur SIREN, non lus",
        lambda s: s.has("type de zone administrative", "cog (code officiel géographique)"),
    ),
    Known("un texte, pas des données", _prose),
)


def not_read(sample: Sample) -> str | None:
    """Return what a file that holds no fact is (French), None where it is none of these."""
    return next((known.what for known in NOT_READ if known.matches(sample)), None)
