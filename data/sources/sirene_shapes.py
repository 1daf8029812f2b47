"""The shapes in which SIRENE reaches us, brought to one frame of texts.

Every shape gives `source_row` and the columns of `COLUMNS`, null where the shape has none. Names
and birth dates of persons are never read.
"""

from __future__ import annotations

import csv
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

import polars as pl

from data.sources.base import SourceError
from data.sources.tabular import open_tables
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
#: a table beyond this is read by columns, a smaller one cell by cell
LARGE_BYTES = 64_000_000
_EXPECTED = (
    "StockUniteLegale (CSV ou zip), une réponse de l'API Recherche d'entreprises (JSON), ou la "
    "liste d'ESS France (CSV ou JSON)."
)


def load(path: Path) -> pl.DataFrame:
    """Return the units of a file: `source_row` (Int64), `COLUMNS` (String), `ragged` (Boolean).

    `ragged` tells the lines of a table that have more fields than its header.

    Raises
    ------
    SourceError
        The file is unreadable or is none of the shapes known.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4096)
        if zipfile.is_zipfile(path):
            with _unzipped(path) as inner:
                return _table(inner)
        if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in {b"{", b"["}:
            return _json(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise _unknown(path, str(error)) from error
    return _table(path)


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


# --- CSV --------------------------------------------------------------------------------------


def _table(path: Path) -> pl.DataFrame:
    with path.open("rb") as file:
        first = decode(file.readline())[0]
    header = next(csv.reader([first.replace("\ufeff", "")]), [])
    if _score_stock(header) and path.stat().st_size > LARGE_BYTES:
        return _stock(path, header)
    table = open_tables(path, _score, expected=_EXPECTED)[0]
    named = table.frame.rename({f"c{at}": name for at, name in enumerate(_unique(table.header))})
    if _score_stock(table.header):
        shaped = _shaped(named, _STOCK, names=_STOCK_NAMES)
    else:
        shaped = _shaped(named, _LIST).with_columns(pl.lit("O").alias("listed"))
    return shaped.with_columns(pl.col("source_row").is_in(list(table.ragged)).alias("ragged"))


def _unique(names: Sequence[str]) -> list[str]:
    return [name if name not in names[:at] else f"{name} ({at})" for at, name in enumerate(names)]


def _score(header: Sequence[str]) -> int:
    return _score_stock(header) + _score_list(header)


def _score_stock(header: Sequence[str]) -> int:
    names = {fold(name) for name in header}
    return 10 if {"siren", "categoriejuridiqueunitelegale"} <= names else 0


def _score_list(header: Sequence[str]) -> int:
    names = {fold(name) for name in header}
    return 5 if "siren" in names and names & set(_LIST["family"]) else 0


def _stock(path: Path, header: list[str]) -> pl.DataFrame:
    """Read the national stock: tens of millions of lines, only the columns of use.

    INSEE writes it by machine: unlike the reader of small tables, this one does not look for
    fields in excess.
    """
    wanted = {*(name for names in _STOCK.values() for name in names), *_STOCK_NAMES}
    columns = [name for name in header if fold(name) in wanted]
    try:
        frame = pl.read_csv(
            path, columns=columns, infer_schema=False, encoding="utf8-lossy", row_index_name="line"
        )
    except pl.exceptions.PolarsError as error:
        raise _unknown(path, str(error).splitlines()[0]) from error
    frame = frame.with_columns((pl.col("line").cast(pl.Int64) + 2).alias("source_row"))
    return _shaped(frame, _STOCK, names=_STOCK_NAMES)


def _shaped(
    frame: pl.DataFrame, spellings: Mapping[str, tuple[str, ...]], names: Sequence[str] = ()
) -> pl.DataFrame:
    """Return `source_row`, `COLUMNS`, `ragged` (false) from a frame with published names."""
    found: dict[str, str] = {}
    for column in frame.columns:
        found.setdefault(fold(column), column)
    none = pl.lit(None, dtype=pl.String)
    shaped = {
        key: next((pl.col(found[name]) for name in spellings.get(key, ()) if name in found), none)
        for key in COLUMNS
    }
    if names:
        present = [_known(pl.col(found[name])) for name in names if name in found]
        shaped["name"] = pl.coalesce(*present, none)
    return frame.select(
        "source_row",
        *(_known(text).alias(key) for key, text in shaped.items()),
        pl.lit(value=False).alias("ragged"),
    )


def _known(text: pl.Expr) -> pl.Expr:
    """Return the text, null where it is empty or not to be spread ([ND], [NON-DIFFUSIBLE])."""
    text = text.cast(pl.String).str.strip_chars()
    return pl.when((text != "") & ~text.str.contains(r"^\[N(?:D|ON-DIFFUSIBLE)\]$")).then(text)


# --- JSON -------------------------------------------------------------------------------------


def _json(path: Path) -> pl.DataFrame:
    """Read an answer of an API; a date that covers the whole answer is each row's `updated`."""
    try:
        content: object = json.loads(decode(path.read_bytes())[0])
    except ValueError as error:
        raise _unknown(path, f"JSON illisible ({error})") from error
    records, generated = _records(content)
    if records is None:
        received = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise _unknown(path, f"JSON : {received}")
    flat = [_flat(record) for record in records]
    names = {name for record in flat for name in record}
    if flat and "siren" not in names:
        raise _unknown(path, f"JSON sans SIREN : {sorted(names)[:12]}")
    listed = bool(names & set(_LIST["family"]))
    frame = pl.DataFrame(
        [{name: record.get(name) for name in names} for record in flat],
        schema=dict.fromkeys(sorted(names), pl.String),
    ).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_row"))
    shaped = _shaped(frame, _LIST if listed else _ANSWER)
    if listed:
        shaped = shaped.with_columns(pl.lit("O").alias("listed"))
    elif "estess" in names:
        yes = frame["estess"].str.to_lowercase() == "true"
        shaped = shaped.with_columns(pl.when(yes).then(pl.lit("O")).alias("listed"))
    return shaped.with_columns(pl.coalesce("updated", pl.lit(generated, dtype=pl.String)))


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
