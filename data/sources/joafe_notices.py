"""Notices of associations in the Journal officiel, out of the files that hold them.

Three shapes: the data set `jo_associations` (CSV, JSON, Parquet), the directory's answer for an
association, the weekly issues in XML of two periods. Titles, aims and addresses are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

import polars as pl

from data.sources.base import SourceError
from data.sources.columns import Piece
from data.sources.openings import open_pieces
from data.sources.sample import opening_of
from data.sources.spellings import named, places
from data.sources.text import decode, fold
from data.sources.xml_records import Outer, open_records, root_of, text_at

#: our name -> names in the data set, in the directory's answer
COLUMNS: dict[str, tuple[str, ...]] = {
    "source": ("source",),
    "type": ("typeavis", "typeavis_libelle", "typeAvisLibelle"),
    "state": ("etatavis",),
    "facet": ("annonce_type_facette",),
    "act": ("internal_contenu_subnode",),
    "code": ("metadonnees_type_code",),
    "rna": ("numero_rna",),
    "published": ("dateparution", "datePublication"),
    "declared": ("datedeclaration",),
    "notice": ("id", "numeroParution"),
    "content": ("contenu",),
}
EXPECTED = (
    "un export du jeu « jo_associations » a les colonnes typeavis, numero_rna et dateparution ; un "
    "numéro en XML commence par PARUTION_JO_ASSOCIATION ou parution."
)
OLD_ROOT, NEW_ROOT = "PARUTION_JO_ASSOCIATION", "parution"
_REQUIRED = frozenset({"type", "rna", "published"})
_READ = {fold(spelled) for spellings in COLUMNS.values() for spelled in spellings}
_NOTICES_AT_ONCE = 20_000
#: elements of a notice whose text is not about what happens
_NAMES = re.compile(r"(?i)titre|objet|siege|lieu|internet|theme|sigle|site|identifiant|adresse")
_RNA = re.compile(r"(?i)w[0-9a-z]{9}")


def score(header: Sequence[str]) -> int:
    """Return how many columns of notices a header has, 0 where it cannot be one."""
    found = set(places(header, COLUMNS))
    return len(found) if found >= _REQUIRED else 0


def is_issue(root: str, head: str) -> bool:
    """Tell from its root and its beginning whether an XML text is an issue."""
    return root == OLD_ROOT or (root == NEW_ROOT and "<listeAnnonces" in head)


def notices_of(content: object) -> list[object] | None:
    """Return the notices of a directory's answer about an association, None where it is none."""
    if not isinstance(content, dict) or not isinstance(content.get("result"), dict):
        return None
    notices = content["result"].get("annonces")
    return notices if isinstance(notices, list) and _asked(content) else None


def _asked(content: object) -> str:
    """Return the RNA number that a directory's answer is about, "" where there is none."""
    asked = content.get("args") if isinstance(content, dict) else None
    numbers = [str(one) for one in asked] if isinstance(asked, list) else []
    return next((number for number in numbers if _RNA.fullmatch(number)), "")


def pieces(path: Path) -> Iterator[Piece]:
    """Yield the notices of a file under the names of `COLUMNS`.

    Raises
    ------
    SourceError
        The file holds no notices of associations.
    """
    head = opening_of(path)
    if head.startswith("<"):
        if not is_issue(root_of(head), head):
            raise _unknown(path, f"un fichier XML de racine « {root_of(head)} »")
        yield from (_usual(rows) for rows in _issue(path))
        return
    answer = _answer(path, head)
    if answer is not None:
        yield _usual(answer)
        return
    for table in open_pieces(path, score, expected=EXPECTED, keep=lambda name: fold(name) in _READ):
        at = places(table.header, COLUMNS)
        yield Piece(
            named(table, at, COLUMNS).select("source_row", *COLUMNS, "empty", "miscut"),
            {name: table.header[place] for name, place in at.items()},
        )


def _usual(rows: list[dict[str, str]]) -> Piece:
    """Return notices read one by one as a table that has every column."""
    no = pl.lit(value=False)
    frame = pl.DataFrame(
        [{"source_row": int(row["row"]), **row} for row in rows],
        schema={"source_row": pl.Int64} | dict.fromkeys(COLUMNS, pl.String),
    ).with_columns(
        pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)).name.keep(),
        no.alias("empty"),
        no.alias("miscut"),
    )
    return Piece(frame, {name: spellings[0] for name, spellings in COLUMNS.items()})


def _answer(path: Path, head: str) -> list[dict[str, str]] | None:
    try:
        content = json.loads(decode(path.read_bytes())[0]) if '"args"' in head[:200] else None
    except (OSError, ValueError, RecursionError):
        return None
    notices = notices_of(content)
    if notices is None:
        return None
    records = [
        {fold(str(name)): value for name, value in notice.items()}
        if isinstance(notice, dict)
        else {}
        for notice in notices
    ]
    return [
        {
            key: next((str(record[fold(n)]) for n in names if record.get(fold(n))), "")
            for key, names in COLUMNS.items()
        }
        | {"rna": _asked(content), "row": str(at)}
        for at, record in enumerate(records, 1)
    ]


def _issue(path: Path) -> Iterator[list[dict[str, str]]]:
    rows: list[dict[str, str]] = []
    number = 0
    for outer, notice in open_records(path, ("ANNONCE_REF", "annonce")):
        number += 1
        read = _old if notice.tag == "ANNONCE_REF" else _new
        rows.append(read(notice, outer) | {"row": str(number)})
        if len(rows) == _NOTICES_AT_ONCE:
            yield rows
            rows = []
    if rows or not number:
        yield rows


def _old(notice: Element, outer: Outer) -> dict[str, str]:
    """Read a notice of an issue whose root is `PARUTION_JO_ASSOCIATION`."""
    inner = notice.find(OLD_ROOT)
    issue = outer.attributes if inner is None else inner.attrib
    published, number = issue.get("dateparution", ""), issue.get("numparution", "")
    kind = notice.find("TYPE")
    return {
        "type": text_at(notice, "TYPE"),
        "code": kind.get("code", "") if kind is not None else "",
        "rna": text_at(notice, "IDASSOC"),
        "published": published,
        "declared": notice.get("datedeclaration", ""),
        "notice": _identifier(number, published, notice.get("numannonce", "")),
        "content": _said(notice),
    }


def _new(notice: Element, outer: Outer) -> dict[str, str]:
    """Read a notice of an issue whose root is `parution`."""
    published = outer.texts.get("dateParution", "")
    kind = notice.find("metadonnees/type")
    acts = [
        child.tag
        for holder in notice.iterfind("contenu/*")
        for child in holder
        if fold(child.tag) in {"creation", "modification", "dissolution"}
    ]
    return {
        "type": text_at(notice, "metadonnees/type"),
        "act": " ".join(acts),
        "state": text_at(notice, "metadonnees/etat"),
        "code": kind.get("code", "") if kind is not None else "",
        "rna": text_at(notice, "metadonnees/idAssoc"),
        "published": published,
        "declared": text_at(notice, "contenu//dateDeclaration"),
        "notice": _identifier(
            outer.texts.get("numParution", ""), published, text_at(notice, "metadonnees/numAnnonce")
        ),
        "content": _said(notice),
    }


def _identifier(issue: str, published: str, number: str) -> str:
    """Return the identifier of a notice as the data set gives it: "201500271011", or ""."""
    year = re.search(r"(?:19|20)\d\d", published)
    digits = issue.strip()
    if digits.isdecimal() and len(digits) <= 4 and year:
        digits = f"{year[0]}{digits:0>4}"
    return f"{digits}{number.strip():0>4}" if digits and number.strip() else ""


def _said(notice: Element) -> str:
    """Return the texts of a notice that are no name, no aim and no address."""
    found: list[str] = []

    def gather(element: Element) -> None:
        if not _NAMES.search(element.tag):
            found.append(element.text or "")
            for child in element:
                gather(child)
                found.append(child.tail or "")

    gather(notice)
    return " ".join(" ".join(found).split())


def _unknown(path: Path, received: str) -> SourceError:
    return SourceError(
        f"Le fichier « {path.name} » n'a pas été reconnu : {EXPECTED}",
        code="source-header",
        where=str(path),
        received=received[:200],
        expected=EXPECTED,
        todo="vérifiez que le fichier vient bien du Journal officiel des associations",
    )
