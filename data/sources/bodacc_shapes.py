"""Notices of the BODACC out of the files that hold them, whatever their shape."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from data.sources import bodacc_xml
from data.sources.base import SourceError
from data.sources.blocks import LARGE_BYTES
from data.sources.bodacc_notices import FIELDS
from data.sources.openings import open_pieces
from data.sources.sample import opening_of
from data.sources.spellings import named, places
from data.sources.text import decode, fold
from data.sources.xml_records import root_of

EXPECTED = (
    "un export du jeu « annonces-commerciales » a au moins une date de parution, un registre et "
    "une famille d'avis ; un bulletin en XML commence par PCL_REDIFF, RCS_A_IMMAT ou RCS_B_REDIFF."
)
_REQUIRED = frozenset({"published", "family", "register"})
_READ = {fold(spelled) for spellings in FIELDS.values() for spelled in spellings}
#: as the open data export names the columns
_USUAL = {name: spellings[0] for name, spellings in FIELDS.items()}


def score(header: Sequence[str]) -> int:
    """Return how many columns of notices a header has, 0 where it cannot be one."""
    found = set(places(header, FIELDS))
    return len(found) if found >= _REQUIRED and {"judgment", "id"} & found else 0


class Notices:
    """The notices of a file, in pieces that fit in memory, as many times as needed.

    Each piece has `source_row`, the texts of `FIELDS` ("" where absent), `empty` and `miscut`
    (Boolean). `spelled` is how the file names the columns; it is known once a piece was read.
    """

    def __init__(self, path: Path) -> None:
        self.spelled = dict(_USUAL)
        self._path = path
        self._held: list[pl.DataFrame] | None = None

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield the pieces; a small file is read once.

        Raises
        ------
        SourceError
            The file holds no notices.
        """
        if self._held is not None:
            yield from self._held
        elif self._path.is_file() and self._path.stat().st_size > LARGE_BYTES:
            yield from self._read()
        else:
            self._held = list(self._read())
            yield from self._held

    def _read(self) -> Iterator[pl.DataFrame]:
        head = opening_of(self._path)
        if head.startswith("<"):
            if bodacc_xml.known_root(root_of(head)) is None:
                raise _unknown(self._path, root_of(head) or head[:40])
            pieces = bodacc_xml.frames(self._path)
            yield from (_flagged(piece) for piece in pieces)
            return
        summary = _summary(self._path, head)
        if summary is not None:
            yield _flagged(summary)
            return
        tables = open_pieces(
            self._path, score, expected=EXPECTED, keep=lambda name: fold(name) in _READ
        )
        for table in tables:
            at = places(table.header, FIELDS)
            self.spelled |= {name: table.header[place] for name, place in at.items()}
            yield named(table, at, FIELDS).select(
                "source_row", pl.col(list(FIELDS)).fill_null(""), "empty", "miscut"
            )


def _flagged(frame: pl.DataFrame) -> pl.DataFrame:
    no = pl.lit(value=False)
    return frame.with_columns(no.alias("empty"), no.alias("miscut"))


def _summary(path: Path, head: str) -> pl.DataFrame | None:
    """Return the notices of the directory's own answer ({"args": [SIREN], "result": {...}})."""
    try:
        content = json.loads(decode(path.read_bytes())[0]) if '"args"' in head[:200] else None
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("result"), dict):
        return None
    notices, siren = content["result"].get("annonces"), content.get("args")
    if not isinstance(notices, list) or not isinstance(siren, list) or len(siren) != 1:
        raise SourceError(
            "Cette réponse ne contient pas la liste des annonces d'une seule entreprise.",
            code="source-header",
            where=str(path),
            received=", ".join(sorted(map(str, content["result"])))[:200],
            expected=EXPECTED,
            todo="demandez de nouveau les annonces à l'annuaire des entreprises, pour un SIREN",
        )
    records = [
        {fold(str(name)): value for name, value in notice.items()}
        if isinstance(notice, dict)
        else {}
        for notice in notices
    ]
    return pl.DataFrame(
        [
            {"source_row": at}
            | {
                key: next((str(record[fold(n)]) for n in names if record.get(fold(n))), "")
                for key, names in FIELDS.items()
            }
            | {"register": str(siren[0])}
            for at, record in enumerate(records, 1)
        ],
        schema={"source_row": pl.Int64} | dict.fromkeys(FIELDS, pl.String),
        orient="row",
    )


def _unknown(path: Path, root: str) -> SourceError:
    return SourceError(
        f"Le fichier « {path.name} » n'a pas été reconnu : {EXPECTED}",
        code="source-header",
        where=str(path),
        received=f"un fichier XML de racine « {root} »"[:200],
        expected=EXPECTED,
        todo="vérifiez que le fichier est bien un bulletin du BODACC",
    )
