"""Warnings of regional cells: a table kept by hand, or the answer of the interface to come.

A warning is known on the day it was raised. Its reason is kept as written, without the e-mail
addresses, phone numbers, social security numbers and bank accounts that it may hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.reference import departements, regions
from data.reference.funders import plain
from data.sources import parse
from data.sources.base import CERTAIN, LIKELY, NO, Parsed, ReadOptions
from data.sources.openings import open_whole
from data.sources.places import departements_said
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.unit_lines import OTHER_UNIT, date_rules, units

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "alerts"
TITLE = "Signalements des cellules régionales"

_DAY = ("raised_on", "date_signalement", "date_alerte", "date de signalement", "signale_le")
COLUMNS: dict[str, tuple[str, ...]] = {
    "siret": ("siret",),
    "siren": ("siren",),
    "rna": ("rna", "numero_rna", "id_rna"),
    "region": ("region", "code_region"),
    "departement": ("departement", "code_departement"),
    "severity": ("severity", "gravite", "severite", "niveau de gravite", "niveau"),
    "words": ("reason", "motif", "raison", "description", "commentaire"),
    "day": (*_DAY, "date"),
}
_EXPECTED = (
    "un tableau de signalements a les colonnes siren (ou siret, ou rna), region, severity, reason "
    "et raised_on, ou les mêmes en français."
)
SEVERITIES: dict[str, int] = {
    **dict.fromkeys(("1", "faible", "basse", "leger", "legere", "low", "mineure"), 1),
    **dict.fromkeys(("2", "moyen", "moyenne", "modere", "moderee", "medium", "moderate"), 2),
    **dict.fromkeys(("3", "fort", "forte", "eleve", "elevee", "haute", "grave", "high"), 3),
    **dict.fromkeys(("critique", "critical", "severe", "tres forte", "tres grave"), 3),
}
_UNKNOWN = "gravité qui n'est ni un nombre de 1 à 3, ni un mot connu (faible, moyenne, forte)"
_BY_NAME = "structure connue par son seul nom : ni SIREN, ni SIRET, ni RNA"
_REMOVED = "[retiré]"
#: what says who, rather than what
_PERSONAL = "|".join(
    (
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        r"(?:\+33|\b0033|\b0)[\s.-]?(?:\(0\)[\s.-]?)?[1-9](?:[\s.-]?[0-9]{2}){4}\b",
        r"\b[12]\s?[0-9]{2}\s?[0-9]{2}\s?(?:[0-9]{2}|2[AB])\s?[0-9]{3}\s?[0-9]{3}(?:\s?[0-9]{2})?\b",
        r"\b[A-Z]{2}[0-9]{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b",
    )
)


_score = scorer(COLUMNS, {"severity", "day"})


def sniff(sample: Sample) -> int:
    """Tell whether a table holds warnings: a severity, a day, and whose or where."""
    found = [places(row, COLUMNS) for grid in sample.grids for row in grid.rows if _score(row)]
    if not any(at.keys() & {"siret", "siren", "rna", "region"} for at in found):
        return NO
    return CERTAIN if any(sample.has(name) for name in _DAY) else LIKELY


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one table of warnings into `alerts`.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, or JSON: a list of warnings, or an object with such a list ("alerts",
        "items", "results").
    options : ReadOptions
        `known_on`: day every line counts as known.

    Returns
    -------
    Parsed
        A warning has a SIREN or an RNA number; its région is a code, empty where it is not said in
        a way that is certain.

    Raises
    ------
    SourceError
        The file holds no warnings.
    """
    table = open_whole(path, _score, expected=_EXPECTED)
    at = places(table.header, COLUMNS)
    judged = _judged(named(table, at, COLUMNS))
    return Parsed(
        rows_in=judged.height,
        tables={"alerts": _facts(judged.filter(pl.col("reason").is_null()), options)},
        rejects=rejects_of(judged, table.header, at),
    )


def regions_said(values: pl.Series) -> pl.Series:
    """Return the INSEE code of régions given by code ("11", "1") or name, null where unknown."""
    names = {plain(name): code for code, name in regions().items()} | {
        code: code for code in regions()
    }
    known = {
        text: names.get(folded, names.get(folded.zfill(2)))
        for text in values.drop_nulls().unique()
        for folded in [plain(re.sub(r"[.,]0+$", "", text))]
    }
    return values.replace_strict(known, default=None, return_dtype=pl.String)


def without_persons(text: pl.Expr) -> pl.Expr:
    """Return texts without e-mail addresses, phone, social security and bank account numbers."""
    return text.str.replace_all(_PERSONAL, _REMOVED)


def _judged(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `unit`, `association`, `place`, `level` and `raised_on`, and the verdict."""
    day = parse.dates(lines["day"])
    numbers = {name: identifiers.repair(lines[name]) for name in ("siret", "siren", "rna")}
    here = {code: found.region for code, found in departements().items()}
    judged = lines.with_columns(
        *units(lines["siret"], lines["siren"]),
        pl.coalesce(*(found["rna"] for found in numbers.values())).alias("association"),
        pl.coalesce(
            regions_said(lines["region"]),
            departements_said(pl.col("departement")).replace_strict(
                here, default=None, return_dtype=pl.String
            ),
        ).alias("place"),
        _levels(lines["severity"]).alias("level"),
        day["day"].alias("raised_on"),
        day["problem"].alias("day_problem"),
    )
    nobody = pl.col("unit").is_null() & pl.col("association").is_null()
    judged = judged.with_columns(
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(pl.col("other_unit"), "invalid_identifier", "siret", OTHER_UNIT),
                *(
                    Rule(nobody & pl.lit(found["problem"] == reason), reason, name)
                    for reason in ("damaged_identifier", "invalid_identifier")
                    for name, found in numbers.items()
                ),
                Rule(nobody, "no_identifier", "siren", _BY_NAME),
                *date_rules("day_problem", "day", "date du signalement absente"),
                Rule(pl.col("raised_on").is_null(), "bad_date", "day"),
                Rule(pl.col("level").is_null(), "unreadable", "severity", _UNKNOWN),
            ]
        )
    )
    return further(
        judged, [Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line")]
    )


def _levels(values: pl.Series) -> pl.Series:
    said = values.str.replace(r"[.,]0+$", "").str.replace(r"\s*/\s*3$", "")
    known = {text: SEVERITIES.get(plain(text)) for text in said.drop_nulls().unique()}
    return said.replace_strict(known, default=None, return_dtype=pl.Int32)


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    words = without_persons(pl.col("words"))
    return kept.select(
        pl.col("unit").alias("siren"),
        pl.col("association").alias("rna"),
        pl.col("place").alias("region"),
        pl.col("level").alias("severity"),
        words.alias("reason"),
        "raised_on",
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col("raised_on")).alias("known_on"),
    )
