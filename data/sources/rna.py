"""The national register of associations (RNA): its two exports, current and before 2009.

A row is the state of an association the day it was last updated, which is the day it counts as
known; the row of a dissolved one, the later of that day and of the dissolution: the register does
not say when it was entered. `date_decla` is the last declaration, never a creation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from data import identifiers
from data.reference import region_of_departements
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, merged
from data.sources.columns import pieces
from data.sources.judged import first_reason, rejects_of
from data.sources.places import departements_of_places, departements_of_posts
from data.sources.sample import Sample
from data.sources.seen import Seen

NAME = "rna"
TITLE = "RNA : répertoire national des associations"

#: neither the declarant, nor the leader's title, nor addresses, telephones and e-mails are read
COLUMNS = {
    "id": ("id",),
    "siret": ("siret",),
    "created": ("date_creat",),
    "dissolved": ("date_disso",),
    "name": ("titre",),
    "short_name": ("titre_court",),
    "insee": ("adrs_codeinsee",),
    "postcode": ("adrs_codepostal",),
    "town": ("adrs_libcommune", "libcom"),
    "position": ("position",),
    "updated": ("maj_time",),
}
_REQUIRED = ("id", "name", "created", "position")
_SIGNATURE = ("id_ex", "rup_mi", "gestion", "titre", "date_creat", "position")
_EXPECTED = "un export du RNA (rna_waldec ou rna_import) : id, titre, date_creat, position."
_COMMUNE = r"^(?:\d{5}|2[AB]\d{3})$"
_UNKNOWN_DAY = "0001-01-01"
_DISSOLVED, _DELETED = "D", "S"
_AT_FAULT = {
    "no_identifier": "id",
    "damaged_identifier": "siret",
    "invalid_identifier": "id",
    "no_date": "updated",
    "bad_date": "updated",
    "out_of_scope": "position",
}
_MESSAGES = {
    "out_of_scope": "fiche supprimée du répertoire",
    "no_date": "le fichier ne dit pas quand la fiche a été mise à jour : donnez --known-on",
    "invalid_identifier": "ancien numéro d'association, sans SIRET valide",
}


def sniff(sample: Sample) -> int:
    """Tell whether a file is an export of the register: its columns are of no other file."""
    return CERTAIN if sample.has(*_SIGNATURE) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read associations into `structures` and `events`, in memory (see `parts`)."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read associations into `structures` and `events`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        rna_waldec or rna_import, national or of one département (CSV in UTF-8 or Latin-1, Parquet).
    options : ReadOptions
        `known_on`: day every row counts as known.

    Yields
    ------
    Parsed
        Table `structures`, one row an association (SIREN empty where its SIRET is), and table
        `events`, one dissolution an association that is dissolved on a day that is known.

    Raises
    ------
    SourceError
        The file is not an export of the register.
    """
    seen = Seen()
    message = pl.col("reason").replace_strict(_MESSAGES, default=None, return_dtype=pl.String)
    for piece in pieces(path, COLUMNS, required=_REQUIRED, expected=_EXPECTED):
        judged = _judge(piece.frame, options, seen)
        kept = judged.filter(pl.col("reason").is_null())
        yield Parsed(
            rows_in=judged.height,
            tables={"structures": _structures(kept), "events": _events(kept)},
            rejects=rejects_of(judged, piece.at_fault(_AT_FAULT), message),
        )


def _days(values: pl.Series, first_year: int = parse.FIRST_YEAR) -> pl.DataFrame:
    """Read days; 0001-01-01 means "unknown", and the time of an update may be glued to its day."""
    text = pl.lit(values)
    known = pl.when(~text.str.starts_with(_UNKNOWN_DAY)).then(text)
    days = pl.select(known.str.replace(r"^(\d{8})\d{6}$", "$1")).to_series()
    return parse.dates(days, first_year)


def _judge(rows: pl.DataFrame, options: ReadOptions, seen: Seen) -> pl.DataFrame:
    """Add the identifiers and the days of each row, and the reason of those that are not kept."""
    ids, updated = identifiers.repair(rows["siret"]), _days(rows["updated"])
    number = pl.col("id").str.to_uppercase()
    judged = rows.with_columns(
        ids["siren"].alias("siren"),
        ids["problem"].alias("problem"),
        pl.when(number.str.contains(identifiers.RNA)).then(number).alias("rna"),
        _days(rows["created"], parse.FOUNDED_YEAR)["day"].alias("created_on"),
        _days(rows["dissolved"])["day"].alias("dissolved_on"),
        pl.coalesce(pl.lit(options.known_on, dtype=pl.Date), updated["day"]).alias("known_on"),
        updated["problem"].alias("day_problem"),
        pl.col("position").str.to_uppercase().alias("state"),
        seen.again(rows.drop("source_row")).alias("again"),
    )
    unknown = pl.col("siren").is_null() & pl.col("rna").is_null()
    undated = pl.col("known_on").is_null()
    return judged.with_columns(
        first_reason(
            {
                "empty_line": pl.col("empty"),
                "wrong_field_count": pl.col("miscut"),
                "out_of_scope": pl.col("state") == _DELETED,
                "damaged_identifier": unknown & (pl.col("problem") == "damaged_identifier"),
                "no_identifier": unknown
                & pl.col("id").is_null()
                & (pl.col("problem") == "no_identifier"),
                "invalid_identifier": unknown,
                "bad_date": undated & (pl.col("day_problem") == "bad_date"),
                "no_date": undated,
                "duplicate_line": pl.col("again"),
            }
        ).alias("reason"),
        # A day of dissolution on an active association is a contradiction: it says nothing.
        pl.when((pl.col("state") == _DISSOLVED) & pl.col("dissolved_on").is_not_null())
        .then("dissolved_on")
        .alias("ended_on"),
    ).with_columns(
        pl.coalesce(
            pl.lit(options.known_on, dtype=pl.Date), pl.max_horizontal("known_on", "ended_on")
        ).alias("known_on")
    )


def _structures(kept: pl.DataFrame) -> pl.DataFrame:
    departement = pl.coalesce(
        departements_of_places(pl.col("insee")), departements_of_posts(pl.col("postcode"))
    )
    return kept.with_columns(departement.alias("departement")).select(
        "siren",
        "rna",
        pl.coalesce("name", "short_name").alias("name"),
        pl.lit(None, dtype=pl.String).alias("legal_category"),
        pl.lit("association").alias("ess_family"),
        pl.coalesce(pl.when(pl.col("insee").str.contains(_COMMUNE)).then("insee"), "town").alias(
            "commune"
        ),
        "departement",
        region_of_departements(pl.col("departement")).alias("region"),
        "created_on",
        pl.col("ended_on").alias("ceased_on"),
        pl.lit(NAME).alias("source"),
        "source_row",
        "known_on",
    )


def _events(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.filter(pl.col("ended_on").is_not_null()).select(
        "siren",
        "rna",
        pl.lit("dissolution").alias("kind"),
        pl.col("ended_on").alias("occurred_on"),
        pl.lit(NAME).alias("source"),
        "source_row",
        "known_on",
    )
