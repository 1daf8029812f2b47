"""Answers of API Association (siva): the link between RNA and SIREN, states, dissolutions.

An answer joins two registers, each with the day of its last change: the later of both is the day it
counts as known; that of a dissolved association, the day of the dissolution if it is later.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from data import identifiers, reference
from data.schema import EUR
from data.sources import api_association_answers, parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.judged import first_reason, rejects_of
from data.sources.sample import Sample

NAME = "api_association"
TITLE = "API Association : associations (RNA et SIRENE réunis)"

_COMMUNE = r"^(?:\d{5}|2[AB]\d{3})$"
_NAF = r"^\d{2}\.?\d{2}[A-Z]$"
_AT_FAULT = {
    "no_identifier": ("identite.id_siren", "siren"),
    "damaged_identifier": ("identite.id_siren", "siren"),
    "invalid_identifier": ("identite.id_siren", "siren"),
    "out_of_scope": ("identite.id_forme_juridique", "category"),
    "no_date": ("identite.date_modif_siren", "siren_changed"),
    "bad_date": ("identite.date_modif_siren", "siren_changed"),
}


def sniff(sample: Sample) -> int:
    """Tell whether a file holds answers of the API: no other has these three blocks."""
    if sample.kind != "json":
        return NO
    if sample.content is None:
        return CERTAIN if sample.has(*api_association_answers.BLOCKS) else NO
    return CERTAIN if api_association_answers.are_answers(sample.content) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read associations into `structures` and `events`.

    Parameters
    ----------
    path : pathlib.Path
        One answer (JSON), a list of answers, or one answer a line.
    options : ReadOptions
        `known_on`: day every answer counts as known.

    Returns
    -------
    Parsed
        Table `structures`, one row an answer, and table `events`, the dissolutions.

    Raises
    ------
    SourceError
        The file holds no answer of this API.
    """
    judged = _judge(api_association_answers.load(path), options)
    kept = judged.filter(pl.col("reason").is_null())
    return Parsed(
        rows_in=judged.height,
        tables={"structures": _structures(kept), "events": _events(kept)},
        rejects=rejects_of(judged, _AT_FAULT),
    )


def _judge(answers: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Add what was read of each answer, and the reason of those that are not kept."""
    ids = identifiers.repair(answers["siren"])
    changes = [parse.dates(answers[name]) for name in ("rna_changed", "siren_changed")]
    category = pl.when(pl.col("category").str.contains(r"^\d{4}$")).then("category")
    family = reference.ess_family_of(category, pl.col("listed").str.to_uppercase() == "O")
    rna = pl.when(pl.col("rna").str.contains(identifiers.RNA)).then("rna")
    judged = answers.with_columns(
        ids["siren"].alias("unit"),
        ids["problem"].alias("problem"),
        rna.alias("number"),
        category.alias("legal_category"),
        # The register of associations holds nothing else.
        pl.coalesce(family, pl.when(rna.is_not_null()).then(pl.lit("association"))).alias("family"),
        parse.dates(answers["created"], parse.FOUNDED_YEAR)["day"].alias("created_on"),
        parse.dates(answers["dissolved"])["day"].alias("dissolved_on"),
        pl.coalesce(
            pl.lit(options.known_on, dtype=pl.Date),
            pl.max_horizontal(*(change["day"] for change in changes)),
        ).alias("known_on"),
        pl.any_horizontal(*(change["problem"] == "bad_date" for change in changes)).alias("unread"),
        pl.struct(answers.drop("source_row").columns).is_first_distinct().alias("first"),
    )
    unknown = pl.col("unit").is_null() & pl.col("number").is_null()
    problem, undated = pl.col("problem"), pl.col("known_on").is_null()
    return judged.with_columns(
        first_reason(
            {
                "unreadable": ~pl.col("readable"),
                "no_identifier": unknown & pl.col("rna").is_null() & (problem == "no_identifier"),
                "damaged_identifier": unknown & (problem == "damaged_identifier"),
                "invalid_identifier": unknown,
                "out_of_scope": pl.col("family").is_null(),
                "bad_date": undated & pl.col("unread"),
                "no_date": undated,
                "duplicate_line": ~pl.col("first"),
            }
        ).alias("reason"),
        # A day of dissolution on an active association is a contradiction: it says nothing.
        pl.when((pl.col("active") != "true").fill_null(value=True))
        .then("dissolved_on")
        .alias("ended_on"),
    ).with_columns(
        pl.coalesce(
            pl.lit(options.known_on, dtype=pl.Date), pl.max_horizontal("known_on", "ended_on")
        ).alias("known_on")
    )


def _structures(kept: pl.DataFrame) -> pl.DataFrame:
    naf = pl.when(pl.col("naf").str.contains(_NAF)).then("naf")
    until = parse.dates(kept["esus"])["day"]
    kept = kept.with_columns(
        naf.str.replace(r"^(\d{2})(\d{2}[A-Z])$", "$1.$2").alias("naf"),
        pl.coalesce(
            reference.departement_of_communes(pl.col("insee")),
            reference.departement_of_postcodes(pl.col("postcode")),
        ).alias("departement"),
        pl.when((pl.col("esus") == "") | (until >= pl.col("known_on")))
        .then(pl.lit(value=True))
        .alias("approved"),
        parse.amounts(kept["budget"])["amount"].cast(EUR).alias("budget_eur"),
    )
    return kept.select(
        pl.col("unit").alias("siren"),
        pl.col("number").alias("rna"),
        "name",
        "legal_category",
        pl.col("family").alias("ess_family"),
        pl.col("approved").alias("esus"),
        "naf",
        reference.sector_of(pl.col("naf")).alias("sector"),
        pl.when(pl.col("insee").str.contains(_COMMUNE)).then("insee").alias("commune"),
        "departement",
        reference.region_of_departements(pl.col("departement")).alias("region"),
        pl.when(pl.col("band").is_in(list(reference.bands()))).then("band").alias("employees_band"),
        "budget_eur",
        "created_on",
        pl.col("ended_on").alias("ceased_on"),
        pl.lit(NAME).alias("source"),
        "source_row",
        "known_on",
    )


def _events(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.filter(pl.col("ended_on").is_not_null()).select(
        pl.col("unit").alias("siren"),
        pl.col("number").alias("rna"),
        pl.lit("dissolution").alias("kind"),
        pl.col("ended_on").alias("occurred_on"),
        pl.lit(NAME).alias("source"),
        "source_row",
        "known_on",
    )
