"""Bulletins of the BODACC in XML (DILA): one file a bulletin and a part of it.

PCL (collective proceedings), RCS-A (sales, registrations), RCS-B (changes, removals), accounts and
miscellaneous notices. Names and addresses of persons are never read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import polars as pl

from data.sources.bodacc_notices import FIELDS
from data.sources.xml_records import Outer, open_records, text_at

#: root of the file, "-" for "_" -> letter of the bulletin, family of its notices
ROOTS = {
    "PCL_REDIFF": ("A", "collective"),
    "RCS_A_IMMAT": ("A", "immatriculation"),
    "RCS_B_REDIFF": ("B", ""),
    "Bilan_XML_Rediff": ("C", "dpc"),
    "Divers_XML_Rediff": ("A", "divers"),
}
_RECORDS = ("annonce", "avis")
_NOTICES_AT_ONCE = 20_000
_JUDGMENT = ("famille", "nature", "date", "complementJugement")
_PREVIOUS = ("nomPublication", "numeroParution", "numeroAnnonce")


def known_root(name: str) -> tuple[str, str] | None:
    """Return the letter and the family of a bulletin from the name of its root."""
    return ROOTS.get(name.replace("-", "_"))


def frames(path: Path) -> Iterator[pl.DataFrame]:
    """Yield the notices of a bulletin under the names of `FIELDS`, numbered from 1.

    Raises
    ------
    SourceError
        The file is not sound XML. A file of another root yields nothing.
    """
    rows: list[dict[str, object]] = []
    number = 0
    for outer, notice in open_records(path, _RECORDS):
        bulletin = known_root(outer.root)
        if bulletin is None:
            return
        # An announcement says its type by an element called "annonce" or the like.
        number += 1
        rows.append({"source_row": number} | _fields(notice, outer, *bulletin))
        if len(rows) == _NOTICES_AT_ONCE:
            yield _frame(rows)
            rows = []
    if rows or number == 0:
        yield _frame(rows)


def _frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema={"source_row": pl.Int64} | dict.fromkeys(FIELDS, pl.String), orient="row"
    ).with_columns(pl.col(pl.String).fill_null(""))


def _fields(notice: Element, outer: Outer, letter: str, family: str) -> dict[str, object]:
    said = notice.find("typeAnnonce")
    kinds = [child.tag for child in said] if said is not None else []
    judgment, removal, change = (
        notice.find(name) for name in ("jugement", "radiationAuRCS", "modificationsGenerales")
    )
    kind = kinds[0] if kinds else ""
    if judgment is None and (judgment := notice.find("jugementAnnule")) is not None:
        kind = "annulation"
    if letter == "B":
        family = "radiation" if removal is not None else "modification"
    return {
        "publication": letter,
        "parution": outer.texts.get("parution", ""),
        "published": outer.texts.get("dateParution", ""),
        "number": text_at(notice, "numeroAnnonce"),
        "type": kind,
        "family": family,
        "register": ",".join(filter(None, _numbers(notice))),
        "judgment": _json(judgment, _JUDGMENT),
        "removal": _json(
            removal,
            ("radiationPP/dateCessationActivitePP", "radiationPM/dateCessationActivitePM"),
            ("commentaire",),
        ),
        "change": _json(change, ("descriptif",)),
        "previous": _json(notice.find("parutionAvisPrecedent"), _PREVIOUS),
    }


def _numbers(notice: Element) -> Iterator[str]:
    """Yield the numbers of the structures of a notice, not those of former owners."""
    for holder in (notice, *notice.iterfind("personnes/personne")):
        for number in holder.iterfind("numeroImmatriculation"):
            yield text_at(number, "numeroIdentificationRCS") or text_at(
                number, "numeroIdentification"
            )


def _json(element: Element | None, *paths: tuple[str, ...]) -> str:
    """Return the texts of an element as the open data API gives them, "" without element."""
    if element is None:
        return ""
    found = {
        path.rpartition("/")[2]: text
        for group in paths
        for path in group
        if (text := text_at(element, path))
    }
    return json.dumps(found, ensure_ascii=False)
