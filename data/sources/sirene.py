"""SIRENE and the list of ESS France: the structures, their form, sector, place and size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from data import identifiers, reference
from data.reference.perimeter import Perimeter
from data.rejects import reject
from data.sources import parse, sirene_shapes
from data.sources.base import CERTAIN, LIKELY, NO, Parsed, ReadOptions, merged
from data.sources.judged import first_reason, rejects_of
from data.sources.sample import Sample
from data.sources.seen import Seen
from data.sources.text import fold

NAME = "sirene"
TITLE = "SIRENE (unités légales), API Recherche d'entreprises, liste d'ESS France"

#: digits that a SIREN keeps at least once a spreadsheet has dropped its leading zeros
_SHORT_SIREN = r"^[0-9]{6,8}$"
_FAMILIES = {
    "association": "association",
    "cooperative": "cooperative",
    "mutuelle": "mutual",
    "fondation": "foundation",
    "societe": "commercial",
    "entreprise": "commercial",
}
#: reason -> what of the row is at fault
_AT_FAULT = {
    "no_identifier": "siren",
    "damaged_identifier": "siren",
    "invalid_identifier": "siren",
    "out_of_scope": "category",
    "bad_date": "updated",
    "no_date": "updated",
}
#: what the reject of a unit that is none of ours says
OUT_OF_SCOPE = "catégorie juridique hors du périmètre de l'ESS (ess_perimeter.toml)"
_MESSAGES = {
    "out_of_scope": OUT_OF_SCOPE,
    "no_date": "le fichier ne dit pas de quand il date : donnez --known-on",
}


def sniff(sample: Sample) -> int:
    """Tell whether a file describes legal units of SIRENE or is the list of ESS France."""
    if sample.has("siren", "categorieJuridiqueUniteLegale"):
        return NO if sample.has("changementEtatAdministratifUniteLegale") else CERTAIN
    if sample.kind == "json" and sirene_shapes.is_answer(sample.content):
        return CERTAIN
    return LIKELY if any(sample.has("siren", family) for family in sirene_shapes.FAMILIES) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read units into `structures`, in memory (see `parts`)."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read units into `structures`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        StockUniteLegale (CSV, Parquet, or zip of one CSV), an answer of the search API (JSON), or
        the list of ESS France (CSV, JSON).
    options : ReadOptions
        `known_on`: day every row counts as known. Without it: the day the unit was last processed,
        else the day the answer was made; a row without either is rejected (`no_date`).
        `extra["perimeter"]`: a perimeter file of one's own (see data/reference).

    Yields
    ------
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
    seen = Seen()
    for units in sirene_shapes.load(path):
        frame = units.frame
        inside = frame.select(_may_be_inside(frame["category"], perimeter)).to_series()
        judged = _judge(frame.filter(inside), options, perimeter, seen)
        at_fault = {
            reason: (units.spelled[key], key)
            for reason, key in _AT_FAULT.items()
            if key in units.spelled
        }
        message = pl.col("reason").replace_strict(_MESSAGES, default=None, return_dtype=pl.String)
        outside = reject(
            frame.filter(~inside),
            "out_of_scope",
            column=units.spelled.get("category", ""),
            value=pl.col("category"),
            message=OUT_OF_SCOPE,
        )
        rejects = [outside, rejects_of(judged, at_fault, message)]
        yield Parsed(
            rows_in=frame.height,
            tables={"structures": _facts(judged.filter(pl.col("reason").is_null()))},
            rejects=pl.concat(rejects).sort("source_row"),
        )


def _may_be_inside(categories: pl.Series, perimeter: Perimeter) -> pl.Expr:
    """Tell the rows to look at: nine units in ten of the national stock are none of them."""
    codes = categories.unique()
    inside = codes.filter(
        pl.select(reference.ess_family_of(pl.lit(codes), None, perimeter).is_not_null()).to_series()
    )
    return (
        pl.col("category").is_in(inside.to_list())
        | (pl.col("listed").str.to_uppercase() == "O")
        | pl.col("family").is_not_null()
        | pl.col("empty")
        | pl.col("miscut")
    ).fill_null(value=False)


def _judge(
    units: pl.DataFrame, options: ReadOptions, perimeter: Perimeter, seen: Seen
) -> pl.DataFrame:
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
        parse.dates(units["created"], parse.FOUNDED_YEAR)["day"].alias("created_on"),
        parse.dates(units["ceased"])["day"].alias("ceased_on"),
        pl.lit(options.known_on, dtype=pl.Date).alias("asked_on"),
        _family(perimeter).alias("ess_family"),
        seen.again(units.drop("source_row")).alias("again"),
    )
    undated = pl.col("asked_on").is_null() & pl.col("updated_on").is_null()
    problem = pl.col("problem")
    unread = pl.col("read_siren").is_null()
    return judged.with_columns(
        first_reason(
            {
                "empty_line": pl.col("empty"),
                "wrong_field_count": pl.col("miscut"),
                "out_of_scope": pl.col("ess_family").is_null(),
                "no_identifier": problem == "no_identifier",
                "damaged_identifier": unread & (problem == "damaged_identifier"),
                "invalid_identifier": unread,
                "bad_date": undated & (pl.col("updated_problem") == "bad_date"),
                "no_date": undated,
                "duplicate_line": pl.col("again"),
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
        pl.when(pl.col("rna").str.contains(identifiers.RNA)).then("rna").alias("rna"),
        "name",
        pl.when(pl.col("category").str.contains(r"^[0-9]{4}$"))
        .then("category")
        .alias("legal_category"),
        "ess_family",
        pl.lit(None, dtype=pl.Boolean).alias("esus"),
        "naf",
        _sectors(kept["naf"]).alias("sector"),
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


def _sectors(naf: pl.Series) -> pl.Series:
    codes = naf.drop_nulls().unique()
    sectors = pl.select(reference.sector_of(pl.lit(codes))).to_series()
    return naf.replace_strict(codes, sectors, default=None, return_dtype=pl.String)


def _region_named(names: pl.Series) -> pl.Series:
    """Return the codes of régions given by name ("ILE DE FRANCE")."""
    codes = {fold(name): code for code, name in reference.regions().items()}
    found = {name: codes.get(fold(name)) for name in names.drop_nulls().unique().to_list()}
    return names.replace_strict(found, default=None, return_dtype=pl.String)
