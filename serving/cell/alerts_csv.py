"""Alerts of a file: each line kept as an alert, or rejected with its column, value and reason."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from data import identifiers
from data.errors import VeilleError
from data.reference.funders import plain
from data.rejects import REASONS
from data.sources import alerts as source
from data.sources import parse
from data.sources.base import SourceError
from data.sources.openings import open_whole
from data.sources.places import departements_said
from data.sources.spellings import named, places, scorer
from serving.access.principal import Principal
from serving.cell.alerts import NewAlert, raise_alert
from serving.cell.errors import CellError
from serving.cell.register import Named, resolve
from serving.services import Services
from serving.state.cell_models import Alert

MAX_LINES = 2_000
#: the columns of the files that `veille ingest` reads, and what those of a cell say besides
COLUMNS: dict[str, tuple[str, ...]] = source.COLUMNS | {
    "name": ("name", "nom", "structure", "raison_sociale", "denomination"),
    "source": ("source", "origine", "emetteur"),
    "confidentiality": ("confidentiality", "confidentialite", "diffusion"),
}
_CONFIDENTIALITIES = {
    **dict.fromkeys(("cell", "cellule"), "cell"),
    **dict.fromkeys(("territory", "territoire", "territoriale"), "territory"),
    **dict.fromkeys(("national", "nationale"), "national"),
}
_SOURCE = "Fichier de signalements"
_LONGEST = {"words": 4_000, "source": 120, "name": 300}
_score = scorer(COLUMNS, {"severity"}, either={"siren", "siret", "rna", "name"})
_EXPECTED = (
    "un tableau avec les colonnes siren (ou siret, rna, nom), gravite, motif, date_signalement, "
    "region, source, confidentialite"
)


@dataclass(frozen=True)
class Rejected:
    """A line that was not kept: `column` as the file spells it, `code` a reason of the rejects."""

    line: int
    column: str
    value: str | None
    code: str
    reason: str


@dataclass(frozen=True)
class Sheet:
    """A file read: what each line says, and the lines that say nothing acceptable."""

    lines: list[tuple[int, NewAlert]]
    rejected: list[Rejected]


def read_sheet(content: bytes) -> Sheet:
    """Read a CSV file of alerts.

    Raises
    ------
    CellError
        `bad-alert-file`: it holds no such table; `too-many-lines`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signalements.csv"
        path.write_bytes(content)
        try:
            table = open_whole(path, _score, expected=_EXPECTED)
        except SourceError as error:
            raise CellError(
                "Ce fichier n'est pas un tableau de signalements.",
                code="bad-alert-file",
                where="corps",
                expected=_EXPECTED,
                todo="Reprenez le modèle de docs/alerts-and-cases.md.",
            ) from error
    at = places(table.header, COLUMNS)
    frame = named(table, at, COLUMNS)
    if frame.height > MAX_LINES:
        raise CellError(
            "Ce fichier a trop de lignes.",
            code="too-many-lines",
            where="corps",
            received=f"{frame.height} lignes",
            expected=f"au plus {MAX_LINES} lignes",
            todo="Coupez-le en plusieurs fichiers.",
        )
    lines, rejected = [], []
    for row in _parsed(frame).iter_rows(named=True):
        problem = next(_problems(row), None)
        if problem is None:
            lines.append((row["source_row"], _new(row)))
        else:
            name, code, reason = problem
            spelled = table.header[at[name]] if name in at else name
            said = reason or REASONS[code]
            rejected.append(Rejected(row["source_row"], spelled, row.get(name), code, said))
    return Sheet(lines, rejected)


def raise_all(
    session: Session, known: Services, principal: Principal, sheet: Sheet
) -> tuple[list[tuple[int, Alert]], list[Rejected]]:
    """Keep the alerts of a file; those that may not be raised join the rejected ones."""
    found = resolve(known, principal.territory, [new.named for _, new in sheet.lines])
    kept, rejected = [], list(sheet.rejected)
    for (line, new), structure in zip(sheet.lines, found, strict=True):
        try:
            kept.append((line, raise_alert(session, principal, new, structure)))
        except VeilleError as error:
            received = None if error.received is None else str(error.received)
            rejected.append(Rejected(line, error.where, received, error.code, error.what))
    return kept, sorted(rejected, key=lambda one: one.line)


def _parsed(frame: pl.DataFrame) -> pl.DataFrame:
    read = {name: identifiers.repair(frame[name]) for name in ("siret", "siren", "rna")}
    days = parse.dates(frame["day"])
    said = departements_said(pl.col("departement"))
    return frame.with_columns(
        pl.coalesce(read["siren"]["siren"], read["siret"]["siren"]).alias("_siren"),
        pl.coalesce(*(found["rna"] for found in read.values())).alias("_rna"),
        *(found["problem"].alias(f"_{name}_problem") for name, found in read.items()),
        days["day"].alias("_day"),
        days["problem"].alias("_day_problem"),
        source.regions_said(frame["region"]).alias("_region"),
        said.alias("_departement"),
        frame["severity"]
        .map_elements(lambda text: source.SEVERITIES.get(plain(text)), return_dtype=pl.Int64)
        .alias("_severity"),
    )


def _problems(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with a line: column, code, what to say (the reason's words if empty)."""
    if row["empty"]:
        yield "", "empty_line", ""
    if row["miscut"]:
        yield "", "wrong_field_count", ""
    yield from _nobody(row)
    if row["_severity"] is None:
        yield "severity", "unreadable", "gravité qui n'est ni 1, 2, 3 ni un mot connu"
    if row["_day_problem"] not in {None, "no_date"} or (row["day"] and row["_day"] is None):
        yield "day", "bad_date", ""
    if not row["words"]:
        yield "words", "unreadable", "motif absent"
    for name in ("region", "departement"):
        if row[name] and row[f"_{name}"] is None:
            yield name, "unreadable", "lieu inconnu"
    if row["confidentiality"] and plain(row["confidentiality"]) not in _CONFIDENTIALITIES:
        yield "confidentiality", "unreadable", "confidentialité : cellule, territoire ou nationale"
    for name, longest in _LONGEST.items():
        if len(row[name] or "") > longest or "\0" in (row[name] or ""):
            yield name, "unreadable", f"texte de plus de {longest} caractères, ou illisible"


def _nobody(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield why a line names nobody: a wrong identifier is not passed over for a name."""
    if row["_siren"] or row["_rna"]:
        return
    for name in ("siret", "siren", "rna"):
        if row[f"_{name}_problem"] not in {None, "no_identifier"}:
            yield name, row[f"_{name}_problem"], ""
    if not row["name"]:
        yield "siren", "no_identifier", "ni SIREN, ni SIRET, ni RNA, ni nom"


def _new(row: Mapping[str, Any]) -> NewAlert:
    day: date | None = row["_day"]
    who = Named(row["_siren"], row["_rna"], row["name"], row["_departement"], row["_region"])
    said = plain(row["confidentiality"] or "territory")
    return NewAlert(
        named=who,
        severity=row["_severity"],
        reason=row["words"],
        source=row["source"] or _SOURCE,
        confidentiality=_CONFIDENTIALITIES[said],
        raised_on=day,
    )
