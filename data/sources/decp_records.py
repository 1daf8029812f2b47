"""Records of public contracts published in JSON: found, one by one, and flattened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from data.sources.base import SourceError
from data.sources.text import decode

#: a file beyond this is never held whole in memory
LARGE_BYTES = 64_000_000
_READ_CHARS = 1_000_000
#: no contract is longer: beyond, its record never ends
_LONGEST_CHARS = 8_000_000
_LIST = re.compile(r'"(marches?|contrat-?concessions?|contratsConcession)"\s*:\s*\[', re.IGNORECASE)
_LISTS = re.compile(
    r"marches?|contrat.?concessions?|contratsconcession|data|results|records", re.IGNORECASE
)
_CONCESSION = re.compile(r"concession|d[ée]l[ée]gation de service", re.IGNORECASE)

#: one contract as flattened: texts, None where absent
Row = dict[str, str | int | bool | None]


def records(path: Path, large: int = LARGE_BYTES) -> Iterator[object]:
    """Yield the records of a JSON file, in order: whole where it is small, else as they are met.

    Raises
    ------
    SourceError
        The file is absent, is not JSON, holds no list of records, or is damaged.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(path, f"lecture impossible ({error.strerror})") from error
    if size > large:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            yield from _streamed(stream, path)
        return
    try:
        content: object = json.loads(decode(path.read_bytes())[0])
    except (ValueError, RecursionError) as error:
        raise unreadable(path, f"JSON illisible ({error})"[:200]) from error
    lists = _lists(content)
    if not lists:
        raise unreadable(path, "aucune liste de marchés")
    for items in lists:
        yield from items


def unreadable(path: Path, why: str) -> SourceError:
    """Return the error of a file that does not hold a list of contracts."""
    return SourceError(
        f"« {path.name} » n'est pas une liste de marchés publics (DECP).",
        code="decp-unreadable",
        where=str(path),
        received=why,
        expected="les données essentielles de la commande publique : JSON, CSV ou Parquet",
        todo="vérifiez que le fichier est complet et qu'il s'agit bien des données, non du schéma",
    )


def _lists(content: object) -> list[list[object]]:
    """Return the lists of records of a JSON document."""
    if isinstance(content, list):
        return [content]
    if not isinstance(content, dict):
        return []
    found = []
    for key, value in content.items():
        if not _LISTS.fullmatch(str(key)):
            continue
        if isinstance(value, list):
            found.append(value)
        elif isinstance(value, dict):
            found += _lists(value)
    return found


def _streamed(stream: IO[str], path: Path) -> Iterator[object]:
    """Yield the records of a large document without holding it."""
    decoder = json.JSONDecoder()
    text = stream.read(_READ_CHARS)
    at = len(text) - len(text.lstrip())
    inside = text[at : at + 1] == "["
    at += inside
    found, ended = inside, False
    while True:
        if not inside:
            start = _LIST.search(text, at)
            if start:
                inside, found, at = True, True, start.end()
                continue
        else:
            at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
            if text[at : at + 1] == "]":
                inside, at = False, at + 1
                continue
            if at < len(text):
                try:
                    record, end = decoder.raw_decode(text, at)
                except (ValueError, RecursionError):
                    if ended or len(text) - at > _LONGEST_CHARS:
                        raise unreadable(path, f"« {text[at : at + 80]} »") from None
                else:
                    # A number at the very end of what was read may go on.
                    if end < len(text) or ended:
                        yield record
                        at = end
                        continue
        if ended:
            break
        more = stream.read(_READ_CHARS)
        ended = not more
        text, at = text[at if inside else max(at, len(text) - 100) :] + more, 0
    if inside or not found:
        raise unreadable(path, "liste interrompue" if found else "aucune liste de marchés")


def is_nested(record: object) -> bool:
    """Tell whether a record is a contract of the official format."""
    return isinstance(record, dict) and bool(
        {"acheteur", "titulaires", "autoriteConcedante"} & record.keys()
    )


def flat(record: object, number: int) -> Row:
    """Flatten one contract.

    Returns
    -------
    dict
        `source_row` and texts: id, buyer, buyer_name, nature, purpose, amount, duration, notified,
        published, techniques, modalities, framework; `holders` (distinct), `holder_id` and
        `holder_type` of the only one; `concession`; `broken` where it is no record at all. Names of
        holders, which may be those of persons, are left out.
    """
    if not isinstance(record, dict):
        return {"source_row": number, "broken": True}
    holders = holders_of(record)
    buyer = record.get("acheteur")
    buyer = buyer if isinstance(buyer, dict) else {}
    kinds = " ".join(text_of(record.get(key)) or "" for key in ("_type", "nature"))
    return {
        "source_row": number,
        "broken": False,
        "id": text_of(record.get("id")),
        "buyer": text_of(buyer.get("id")),
        "buyer_name": text_of(buyer.get("nom")),
        "nature": text_of(record.get("nature")),
        "purpose": text_of(record.get("objet")),
        "amount": text_of(record.get("montant")),
        "duration": text_of(record.get("dureeMois")),
        "notified": text_of(record.get("dateNotification")),
        "published": text_of(record.get("datePublicationDonnees")),
        "techniques": text_of(record.get("techniques")),
        "modalities": text_of(record.get("modalitesExecution")),
        "framework": text_of(record.get("idAccordCadre")),
        "holders": len(holders),
        "holder_id": next(iter(holders), None) if len(holders) == 1 else None,
        "holder_type": next(iter(holders.values())) if len(holders) == 1 else None,
        "concession": bool(
            _CONCESSION.search(kinds)
            or text_of(record.get("autoriteConcedante"))
            or (isinstance(record.get("concessionnaires"), list) and record["concessionnaires"])
        ),
    }


def changes(record: object, number: int) -> Iterator[Row]:
    """Yield the modifications of a contract that say a new amount, in the order of their dates.

    They stop where the holder changes: what each then receives is not said.
    """
    listed = record.get("modifications") if isinstance(record, dict) else None
    if not isinstance(listed, list):
        return
    first = set(holders_of(record))
    opened = [_opened(item, "modification") for item in listed]
    dated = [(text_of(item.get("dateNotificationModification")) or "", item) for item in opened]
    for notified, item in sorted(dated, key=lambda pair: pair[0]):
        others = set(holders_of(item))
        if others and others != first:
            return
        amount = text_of(item.get("montant"))
        if amount is not None:
            yield {
                "source_row": number,
                "amount": amount,
                "notified": notified,
                "published": text_of(item.get("datePublicationDonneesModification")),
            }


def holders_of(record: object) -> dict[str, str | None]:
    """Return the identifiers of the distinct holders of a contract -> kind of identifier."""
    listed = record.get("titulaires") if isinstance(record, dict) else None
    if isinstance(listed, dict):
        listed = listed.get("titulaire", listed)
    items = listed if isinstance(listed, list) else [listed]
    opened = [_opened(item, "titulaire") for item in items]
    return {
        identifier: text_of(item.get("typeIdentifiant"))
        for item in opened
        if (identifier := text_of(item.get("id"))) is not None
    }


def _opened(item: object, key: str) -> dict[str, object]:
    """Return the object in `item`, whether it is wrapped in `key` or not; empty when none is."""
    inner = item.get(key, item) if isinstance(item, dict) else None
    return inner if isinstance(inner, dict) else {}


def text_of(value: object) -> str | None:
    """Return a JSON value as text: lists and objects as their texts, separated by commas."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return ", ".join(filter(None, map(text_of, value))) or None
    if value is None or isinstance(value, bool):
        return None
    text = str(value).strip()
    return None if text.lower() in {"", "nan", "nc", "cdl", "null", "none"} else text
