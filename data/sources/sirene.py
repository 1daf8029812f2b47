"""SIRENE and the list of ESS France: the structures, their form, sector, place and size."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from data import identifiers, reference
from data.reference.perimeter import Perimeter
from data.sources import parse, sirene_shapes
from data.sources.base import CERTAIN, LIKELY, NO, Parsed, ReadOptions
from data.sources.judged import first_reason, rejects_of
from data.sources.sample import Sample
from data.sources.text import fold

NAME = "sirene"
TITLE = "SIRENE (unités légales), API Recherche d'entreprises, liste d'ESS France"

#: columns of the list of ESS France and of the search API
_LISTED = (
    "famille juridique de l'entreprise",
    "famille juridique",
    "nature_juridique",
    "forme_juridique",
)
#: digits that a SIREN keeps at least once a spreadsheet has dropped its leading zeros
_SHORT_SIREN = r"^[0-9]{6,8}$"
_RNA = r"^W[0-9][0-9A-Z][0-9]{7}$"
_FAMILIES = {
    "association": "association",
    "cooperative": "cooperative",
    "mutuelle": "mutual",
    "fondation": "foundation",
    "societe": "commercial",
    "entreprise": "commercial",
}
_AT_FAULT = {
    "no_identifier": ("siren", "siren"),
    "damaged_identifier": ("siren", "siren"),
    "invalid_identifier": ("siren", "siren"),
    "out_of_scope": ("catégorie juridique", "category"),
    "bad_date": ("date de mise à jour", "updated"),
    "no_date": ("date de mise à jour", "updated"),
}
_MESSAGES = {
    "out_of_scope": "catégorie juridique hors du périmètre de l'ESS (ess_perimeter.toml)",
    "no_date": "le fichier ne dit pas de quand il date : donnez --known-on",
}


def sniff(sample: Sample) -> int:
    """Tell whether a file describes legal units of SIRENE or is the list of ESS France."""
    if sample.has("siren", "categorieJuridiqueUniteLegale"):
        return CERTAIN
    if sample.kind == "json" and ("familleJuridique" in sample.head or "est_ess" in sample.head):
        return LIKELY
    return LIKELY if sample.has("siren") and sample.count(*_LISTED) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read units into `structures`.

    Parameters
    ----------
    path : pathlib.Path
        StockUniteLegale (CSV, or zip of one CSV), an answer of the search API (JSON), or the list
        of ESS France (CSV, JSON).
    options : ReadOptions
        `known_on`: day every row counts as known. Without it: the day the unit was last processed,
        else the day the answer was made; a row without either is rejected (`no_date`).
        `extra["perimeter"]`: a perimeter file of one's own (see data/reference).

    Returns
    -------
    Parsed
        Table `structures`. A creation date that is absent, impossible or 1900-01-01 ("unknown")
        leaves the row with no creation date. `ceased_on` is filled only by a source that dates it.

    Raises
    ------
    SourceError
        The file is none of the shapes known.
    PerimeterError
        The perimeter file cannot be used.
    """
    asked = options.extra.get("perimeter")
    perimeter = reference.load_perimeter(Path(asked) if asked else None)
    judged = _judge(sirene_shapes.load(path), options, perimeter)
    message = pl.col("reason").replace_strict(_MESSAGES, default=None, return_dtype=pl.String)
    return Parsed(
        rows_in=judged.height,
        tables={"structures": _facts(judged.filter(pl.col("reason").is_null()))},
        rejects=rejects_of(judged, _AT_FAULT, message),
    )


def _judge(units: pl.DataFrame, options: ReadOptions, perimeter: Perimeter) -> pl.DataFrame:
    """Add what was read of each unit, and the reason of those that are not kept."""
    siren = pl.col("siren")
    padded = units.select(
        pl.when(siren.str.contains(_SHORT_SIREN)).then(siren.str.zfill(9)).otherwise(siren)
    )["siren"]
    ids = identifiers.repair(padded)
    updated = parse.dates(units["updated"])
    judged = units.with_columns(
        ids["siren"].alias("read_siren"),
        ids["problem"].alias("problem"),
        updated["day"].alias("updated_on"),
        updated["problem"].alias("updated_problem"),
        parse.dates(units["created"])["day"].alias("created_on"),
        parse.dates(units["ceased"])["day"].alias("ceased_on"),
        pl.lit(options.known_on, dtype=pl.Date).alias("asked_on"),
        _family(perimeter).alias("ess_family"),
        pl.struct(units.drop("source_row").columns).is_first_distinct().alias("first"),
    )
    undated = pl.col("asked_on").is_null() & pl.col("updated_on").is_null()
    problem = pl.col("problem")
    unread = pl.col("read_siren").is_null()
    return judged.with_columns(
        first_reason(
            {
                "wrong_field_count": pl.col("ragged"),
                "no_identifier": problem == "no_identifier",
                "damaged_identifier": unread & (problem == "damaged_identifier"),
                "invalid_identifier": unread,
                "out_of_scope": pl.col("ess_family").is_null(),
                "bad_date": undated & (pl.col("updated_problem") == "bad_date"),
                "no_date": undated,
                "duplicate_line": ~pl.col("first"),
            }
        ).alias("reason")
    )


def _family(perimeter: Perimeter) -> pl.Expr:
    """Return the ESS family: of the legal category, else the one that the list names."""
    category = pl.when(pl.col("category").str.contains(r"^[0-9]{4}$")).then("category")
    listed = pl.col("listed").str.to_uppercase() == "O"
    said = pl.col("family").str.to_lowercase().str.replace_all("[éèê]", "e")
    named = pl.coalesce(
        *(
            pl.when(said.str.contains(word)).then(pl.lit(family))
            for word, family in _FAMILIES.items()
        )
    )
    of_category = reference.ess_family_of(category, None, perimeter)
    return pl.coalesce(of_category, named, reference.ess_family_of(category, listed, perimeter))


def _facts(kept: pl.DataFrame) -> pl.DataFrame:
    # NAF 2003 and older codes look alike but mean other things.
    revised = pl.col("nomenclature").is_null() | (pl.col("nomenclature") == "NAFRev2")
    naf = pl.when(revised & pl.col("naf").str.contains(r"^\d{2}\.?\d{2}[A-Z]$")).then("naf")
    said = pl.col("departement").str.strip_chars().str.to_uppercase().str.pad_start(2, "0")
    kept = kept.with_columns(
        naf.str.replace(r"^(\d{2})(\d{2}[A-Z])$", "$1.$2").alias("naf"),
        pl.coalesce(
            reference.departement_of_communes(pl.col("commune")),
            pl.when(said.is_in(list(reference.departements()))).then(said),
            reference.departement_of_postcodes(pl.col("postcode")),
        ).alias("departement"),
    )
    return kept.select(
        pl.col("read_siren").alias("siren"),
        pl.when(pl.col("rna").str.contains(_RNA)).then("rna").alias("rna"),
        "name",
        pl.when(pl.col("category").str.contains(r"^[0-9]{4}$"))
        .then("category")
        .alias("legal_category"),
        "ess_family",
        pl.lit(None, dtype=pl.Boolean).alias("esus"),
        "naf",
        reference.sector_of(pl.col("naf")).alias("sector"),
        "commune",
        "departement",
        pl.coalesce(
            reference.region_of_departements(pl.col("departement")), _region_named(kept["region"])
        ).alias("region"),
        pl.when(pl.col("band").is_in(list(reference.bands()))).then("band").alias("employees_band"),
        "created_on",
        "ceased_on",
        pl.lit(NAME).alias("source"),
        "source_row",
        pl.coalesce("asked_on", "updated_on").alias("known_on"),
    )


def _region_named(names: pl.Series) -> pl.Series:
    """Return the codes of régions given by name ("ILE DE FRANCE")."""
    codes = {fold(name): code for code, name in reference.regions().items()}
    found = {name: codes.get(fold(name)) for name in names.drop_nulls().unique().to_list()}
    return names.replace_strict(found, default=None, return_dtype=pl.String)
