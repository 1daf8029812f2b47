"""The shapes in which SIRENE reaches us, brought to one frame of texts.

Every shape gives `source_row` and the columns of `COLUMNS`, null where the shape has none. Names
and birth dates of persons are never read.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import polars as pl

from data.sources.base import SourceError
from data.sources.openings import open_pieces
from data.sources.spellings import named, places
from data.sources.tabular import texts
from data.sources.text import decode, fold

#: `listed`: text "O" where the unit is of the ESS by SIRENE's flag or by the list of ESS France;
#: `updated`: day the row was last processed
COLUMNS = (
    "siren", "rna", "name", "category", "family", "listed", "naf", "nomenclature", "band",
    "postcode", "commune", "departement", "region", "created", "ceased", "updated",
)  # fmt: skip

#: column -> spellings (folded), the first present one wins; several for `name` are coalesced
_STOCK = {
    "siren": ("siren",),
    "rna": ("identifiantassociationunitelegale",),
    "category": ("categoriejuridiqueunitelegale",),
    "listed": ("economiesocialesolidaireunitelegale",),
    "naf": ("activiteprincipaleunitelegale",),
    "nomenclature": ("nomenclatureactiviteprincipaleunitelegale",),
    "band": ("trancheeffectifsunitelegale",),
    "created": ("datecreationunitelegale",),
    "updated": ("datederniertraitementunitelegale",),
}
_STOCK_NAMES = ("denominationunitelegale", "denominationusuelle1unitelegale", "sigleunitelegale")
_LIST = {
    "siren": ("siren",),
    "name": ("nomouraisonsocialedelentreprise", "nomouraisonsociale", "nom"),
    "family": ("famillejuridiquedelentreprise", "famillejuridique"),
    "postcode": ("codepostal", "codepostaldeletablissement"),
    "commune": ("libelledelacommunedeletablissement", "commune"),
    "departement": ("codedudepartementdeletablissement", "codedepartement"),
    "region": ("regiondeletablissement", "region"),
}
_ANSWER = {
    "siren": ("siren",),
    "rna": ("identifiantassociation",),
    "name": ("nomcomplet", "nomraisonsociale", "nom"),
    "category": ("naturejuridique", "formejuridique"),
    "naf": ("activiteprincipale",),
    "band": ("trancheeffectifsalarie", "trancheeffectifs"),
    "postcode": ("codepostal",),
    "commune": ("commune",),
    "created": ("datecreation",),
    "ceased": ("datefermeture",),
    "updated": ("datemiseajourinsee", "datemiseajour"),
}
#: names of the column by which the list of ESS France is recognised
FAMILIES = _LIST["family"]
_READ = frozenset(
    {name for columns in (_STOCK, _LIST) for names in columns.values() for name in names}
    | set(_STOCK_NAMES)
)
_EXPECTED = (
    "StockUniteLegale (CSV, zip ou Parquet), une réponse de l'API Recherche d'entreprises (JSON), "
    "ou la liste d'ESS France (CSV ou JSON)."
)


@dataclass(frozen=True)
class Units:
    """A piece of a file.

    `frame` has `source_row` (Int64), `COLUMNS` (String), `empty` and `miscut` (Boolean: a line
    without cells, with more or fewer fields than its header); `spelled` is how the file names the
    columns of `COLUMNS` that it has.
    """

    frame: pl.DataFrame
    spelled: dict[str, str]


def load(path: Path) -> Iterator[Units]:
    """Yield the units of a file, piece by piece.

    Raises
    ------
    SourceError
        The file is unreadable or is none of the shapes known.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        if not head.startswith(b"PAR1") and zipfile.is_zipfile(path):
            with _unzipped(path) as inner:
                yield from _tables(inner)
            return
    except (OSError, zipfile.BadZipFile) as error:
        raise _unknown(path, str(error)) from error
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"{", b"["}:
        yield _json(path)
    else:
        yield from _tables(path)


def _unknown(path: Path, received: str) -> SourceError:
    return SourceError(
        f"« {path.name} » n'est pas un fichier SIRENE reconnu.",
        code="sirene-shape",
        where=str(path),
        received=received[:300] or "rien",
        expected=_EXPECTED,
    )


@contextmanager
def _unzipped(path: Path) -> Iterator[Path]:
    """Give the one CSV file of an archive, unpacked beside the system's temporary files."""
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        names = [name for name in archive.namelist() if name.lower().endswith(".csv")]
        if len(names) != 1:
            raise _unknown(path, f"archive de {len(names)} fichiers CSV : {names[:5]}")
        yield Path(archive.extract(names[0], folder))


# --- Tables -----------------------------------------------------------------------------------


def _tables(path: Path) -> Iterator[Units]:
    """Read StockUniteLegale or the list of ESS France, a column of use at a time."""
    for table in open_pieces(path, _score, expected=_EXPECTED, keep=_is_read):
        stock = _score_stock(table.header) > 0
        columns = _STOCK if stock else _LIST
        at = places(table.header, columns)
        named_table = named(table, at, columns)
        if stock:
            names = places(table.header, {name: (name,) for name in _STOCK_NAMES})
            cells = [_known(pl.col(f"c{names[name]}")) for name in _STOCK_NAMES if name in names]
            none = pl.lit(None, dtype=pl.String)
            named_table = named_table.with_columns(pl.coalesce(*cells, none).alias("name"))
        frame = _shaped(named_table)
        if not stock:
            frame = frame.with_columns(pl.lit("O").alias("listed"))
        yield Units(frame, {key: table.header[place] for key, place in at.items()})


def _is_read(name: str) -> bool:
    return fold(name) in _READ


def _score(header: Sequence[str]) -> int:
    return _score_stock(header) + _score_list(header)


def _score_stock(header: Sequence[str]) -> int:
    names = {fold(name) for name in header}
    return 10 if {"siren", "categoriejuridiqueunitelegale"} <= names else 0


def _score_list(header: Sequence[str]) -> int:
    names = {fold(name) for name in header}
    return 5 if "siren" in names and names & set(_LIST["family"]) else 0


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `source_row`, `COLUMNS`, `empty`, `miscut` from a frame with our names."""
    return frame.select(
        "source_row",
        *(
            (_known(pl.col(key)) if key in frame.columns else pl.lit(None, pl.String)).alias(key)
            for key in COLUMNS
        ),
        *(
            (pl.col(flag) if flag in frame.columns else pl.lit(value=False)).alias(flag)
            for flag in ("empty", "miscut")
        ),
    )


def _known(text: pl.Expr) -> pl.Expr:
    """Return the text, null where it is not to be spread ([ND], [NON-DIFFUSIBLE])."""
    return pl.when(~text.is_in(["[ND]", "[NON-DIFFUSIBLE]"])).then(text)


# --- JSON -------------------------------------------------------------------------------------


def _json(path: Path) -> Units:
    """Read an answer of an API; a date that covers the whole answer is each row's `updated`."""
    try:
        content: object = json.loads(decode(path.read_bytes())[0])
    except (OSError, ValueError, RecursionError) as error:
        raise _unknown(path, f"JSON illisible ({error})") from error
    records, generated = _records(content)
    if records is None:
        received = (
            sorted(map(str, content)) if isinstance(content, dict) else type(content).__name__
        )
        raise _unknown(path, f"JSON : {received}")
    flat = [_flat(record) for record in records]
    names = sorted({name for record in flat for name in record})
    if flat and "siren" not in names:
        raise _unknown(path, f"JSON sans SIREN : {names[:12]}")
    columns = _LIST if set(names) & set(_LIST["family"]) else _ANSWER
    found = {
        key: next((name for name in spellings if name in names), None)
        for key, spellings in columns.items()
    }
    spelled = {key: name for key, name in found.items() if name is not None}
    frame = texts(
        pl.DataFrame(
            {key: [record.get(name) for record in flat] for key, name in spelled.items()},
            schema=dict.fromkeys(spelled, pl.String),
        )
    ).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_row"))
    shaped = _shaped(frame)
    if columns is _LIST:
        shaped = shaped.with_columns(pl.lit("O").alias("listed"))
    elif "estess" in names:
        yes = pl.Series([record.get("estess") for record in flat], dtype=pl.String)
        yes = yes.str.to_lowercase() == "true"
        shaped = shaped.with_columns(pl.when(yes).then(pl.lit("O")).alias("listed"))
    updated = pl.coalesce("updated", pl.lit(generated, dtype=pl.String))
    return Units(shaped.with_columns(updated), spelled)


def is_answer(content: object) -> bool:
    """Tell whether a JSON content is an answer or a list that `load` reads."""
    records, _ = _records(content)
    names = set(_flat(records[0])) if records else set()
    return "siren" in names and bool(names & {"estess", *_ANSWER["category"], *_LIST["family"]})


def _records(content: object) -> tuple[list[object] | None, str | None]:
    """Return the records of an answer, and the day it was made where it says so."""
    if isinstance(content, list):
        return content, None
    if not isinstance(content, dict):
        return None, None
    generated = content.get("generated_at")
    day = generated if isinstance(generated, str) else None
    for key in ("results", "data", "items"):
        found = content.get(key)
        if isinstance(found, list):
            return found, day
        if isinstance(found, dict):
            return list(found.values()), day
    siren, result = content.get("args"), content.get("result")
    if isinstance(siren, list) and len(siren) == 1 and _is_list_answer(result):
        return [{"siren": siren[0], **result}], day
    return ([content], day) if "siren" in content else (None, None)


def _is_list_answer(result: object) -> TypeGuard[dict[str, object]]:
    return isinstance(result, dict) and bool({fold(key) for key in result} & set(_LIST["family"]))


def _flat(record: object) -> dict[str, str | None]:
    """Return the texts of a record by folded name; the seat and the complements are opened.

    The leaders (`dirigeants`) and all other lists are left out: they name persons.
    """
    if not isinstance(record, dict):
        return {}
    flat: dict[str, str | None] = {}
    for key, value in record.items():
        if isinstance(value, dict) and key in {"siege", "complements"}:
            for inner, text in _flat(value).items():
                flat.setdefault(inner, text)
        elif isinstance(value, str | int | float | bool):
            flat[fold(str(key))] = str(value)
    return flat
