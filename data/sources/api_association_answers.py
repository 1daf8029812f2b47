"""Answers of API Association, one or many, brought to one frame of the texts of use."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from data.sources.base import SourceError
from data.sources.text import decode

#: our name -> paths inside an answer, the first that says something wins. Nothing else is read:
#: telephones, e-mails, leaders, bank details and comments stay in the file
FIELDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "siren": (("identite", "id_siren"), ("id_siren",), ("identite", "id_siret_siege")),
    "rna": (("identite", "id_rna"), ("id_rna",)),
    "name": (("identite", "nom"), ("identite", "nom_sirene")),
    "category": (("identite", "id_forme_juridique"),),
    "created": (("identite", "date_creat"), ("identite", "date_creation_sirene")),
    "dissolved": (("identite", "date_dissolution"),),
    "active": (("identite", "active"),),
    "rna_changed": (("identite", "date_modif_rna"),),
    "siren_changed": (("identite", "date_modif_siren"),),
    "naf": (("activites", "id_activite_principale"),),
    "band": (("activites", "id_tranche_effectif"),),
    "listed": (("activites", "appartenance_ess"),),
    "insee": (
        ("coordonnees", "adresse_siege", "code_insee"),
        ("coordonnees", "adresse_siege_sirene", "code_insee"),
    ),
    "postcode": (
        ("coordonnees", "adresse_siege", "cp"),
        ("coordonnees", "adresse_siege_sirene", "cp"),
    ),
}
_WRAPPERS = ("asso", "association", "data", "result", "results", "associations", "items")
#: the three blocks of every answer
BLOCKS = ("identite", "activites", "coordonnees")
_UNKNOWN_DAY = "0001-01-01"
_ESUS = re.compile(r"\besus\b|solidaire d.utilit[ée] sociale", re.IGNORECASE)
_EXPECTED = "une réponse de l'API Association, une liste de réponses, ou une réponse par ligne."


def load(path: Path) -> pl.DataFrame:
    """Return the answers of a file.

    Returns
    -------
    polars.DataFrame
        `source_row` (from 1), a text for each of `FIELDS`, `readable` (Boolean: it is an answer),
        `esus` (the day the last ESUS approval ends, "" where it has no end, null where none is
        listed), `budget` (charges, else income, of the last yearly accounts that have some).

    Raises
    ------
    SourceError
        The file holds no answer of this API.
    """
    try:
        text = decode(path.read_bytes())[0].replace("\x00", "")
    except OSError as error:
        raise _not_answers(path, str(error)) from error
    try:
        content: object = json.loads(text)
    except (ValueError, RecursionError):
        content = _lines(text)
    records = _records(content)
    if not records or not any(_is_answer(record) for record in records):
        raise _not_answers(path, text.strip()[:100] or "fichier vide")
    return _frame(records)


def are_answers(content: object) -> bool:
    """Tell whether a JSON content is an answer or a list that starts with one."""
    return any(_is_answer(record) for record in (_records(content) or [])[:1])


def _lines(text: str) -> list[object]:
    """Read one answer a line; a line that is no JSON is None."""
    found: list[object] = []
    for line in filter(str.strip, text.split("\n")):
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            found.append(None)
    return found


def _records(content: object) -> list[object] | None:
    if isinstance(content, list):
        return [_unwrapped(record) for record in content]
    if not isinstance(content, dict):
        return None
    inner = _unwrapped(content)
    return _records(inner) if isinstance(inner, list) else [inner]


def _unwrapped(record: object) -> object:
    """Open the object that holds an answer, or a list of answers, under one name."""
    if isinstance(record, dict) and not _is_answer(record):
        inner = next((record[name] for name in _WRAPPERS if name in record), None)
        if isinstance(inner, dict | list):
            return inner
    return record


def _is_answer(record: object) -> bool:
    return isinstance(record, dict) and isinstance(record.get("identite"), dict)


def _not_answers(path: Path, received: str) -> SourceError:
    return SourceError(
        f"« {path.name} » n'est pas une réponse de l'API Association.",
        code="source-header",
        where=str(path),
        received=received,
        expected=_EXPECTED,
        todo="vérifiez que le fichier est bien le bon",
    )


def _frame(records: Sequence[object]) -> pl.DataFrame:
    columns: dict[str, list[str | None]] = {
        name: [_first(record, paths) for record in records] for name, paths in FIELDS.items()
    }
    return pl.DataFrame(columns, schema=dict.fromkeys(FIELDS, pl.String)).with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_row"),
        pl.Series("readable", [_is_answer(record) for record in records], dtype=pl.Boolean),
        pl.Series("esus", [_esus(record) for record in records], dtype=pl.String),
        pl.Series("budget", [_budget(record) for record in records], dtype=pl.String),
    )


def _first(record: object, paths: Sequence[Sequence[str]]) -> str | None:
    return next((text for path in paths if (text := _text(record, path)) is not None), None)


def _text(record: object, path: Sequence[str]) -> str | None:
    """Return the text at a path, None where it is absent, empty, unknown or not a plain value."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    if isinstance(record, bool):
        return str(record).lower()
    if not isinstance(record, str | int | float):
        return None
    text = str(record).strip()
    return None if not text or text.startswith(_UNKNOWN_DAY) else text


def _rows(record: object, name: str) -> list[dict[str, object]]:
    found = record.get(name) if isinstance(record, dict) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _esus(record: object) -> str | None:
    """Return the day the last ESUS approval ends, "" where one has no end, None where none is."""
    ends = [
        _text(row, ["date_validite"]) or ""
        for row in _rows(record, "agrements")
        if _ESUS.search(_text(row, ["type"]) or "")
    ]
    return "" if "" in ends else max(ends, default=None)


def _budget(record: object) -> str | None:
    """Return the charges (else the income) of the last yearly accounts that have some."""
    for row in sorted(_rows(record, "comptes"), key=_year, reverse=True):
        for name in ("charges", "produits"):
            text = _text(row, [name])
            if text is not None and text.strip("0.,"):
                return text
    return None


def _year(row: dict[str, object]) -> str:
    return _text(row, ["annee"]) or ""
