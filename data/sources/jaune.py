"""The State's list of grants to associations ("jaune budgétaire"), all vintages."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.contracts import TABLES
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.jaune_columns import Layout, layout_of, score, score_nomenclature
from data.sources.jaune_exercise import exercise_of
from data.sources.judged import first_reason, rejects_of
from data.sources.places import departements_of_places, departements_said
from data.sources.state_list import (
    DATASET,
    FUNDER_ID,
    FUNDER_NAME,
    MINISTRY,
    PROGRAMME,
    YEARS_TO_BILL,
    published_on,
)
from data.sources.tabular import Table, open_tables

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "jaune"
TITLE = "Jaune budgétaire : subventions de l'État aux associations"

_EXPECTED = (
    "une liste de subventions a une colonne SIREN, un montant, et un programme, un ministère ou "
    "une imputation."
)
#: its amounts were published multiplied by ten
_QUARANTINED_BILL = 2013
#: what the association invoices to the State, and what the State gives back to it
_CONTRACT = r"(?i)^prestations?\b.*(?:factur|de service)"
_REFUND = r"(?i)^(?:frais de personnel \(remboursement|cotisations?\b|adhésions?\b|adhesions?\b)"
#: the 2010 list glues département and town to the name: "LES AMIS DU LAC - 74 ANNECY"
_TOWN = r" - (\d{2,3}|2[AB])(?: [^-]*)?$"
#: reasons of the lines that another step may still match by the beneficiary's name
_WITHOUT_IDENTIFIER = ("no_identifier", "damaged_identifier", "invalid_identifier")


def sniff(sample: Sample) -> int:
    """Tell whether a file is a yearly list of the State: its columns name programme or ministry."""
    rows = [row for grid in sample.grids for row in grid.rows]
    found = sample.kind in {"table", "json"} and any(score(row) for row in rows)
    return CERTAIN if found else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one list of the State into `grants`.

    Parameters
    ----------
    path : pathlib.Path
        The list as published: CSV (Windows-1252 or UTF-8, header on one of the first lines) or
        workbook.
    options : ReadOptions
        `known_on`: day every line counts as known; without it 31 December of the exercise, or with
        `extra` ``{"known": "publication"}`` 1 October of the next year. `extra["exercise"]`: the
        exercise, where neither the columns nor the name of the file say it.

    Returns
    -------
    Parsed
        Table `grants`, funder "etat", dataset "plf-jaune-<year of the finance bill>". `named`: the
        lines rejected for want of an identifier that name their beneficiary.

    Raises
    ------
    SourceError
        The file is not such a list, or its exercise cannot be told.
    """
    table = _open(path)
    layout = layout_of(table.header)
    if layout is None:
        raise _not_a_list(path, " | ".join(table.header))
    exercise = exercise_of(path, table, layout, options)
    judged = _judge(_named(table, layout), exercise, set(table.ragged))
    at_fault = {
        reason: (table.header[layout.columns[key]], key)
        for reason, key in {
            "no_identifier": "siren",
            "damaged_identifier": "siren",
            "invalid_identifier": "siren",
            "no_amount": "amount",
            "bad_amount": "amount",
            "quarantined_amount": "amount",
            "total_line": "total" if "total" in layout.columns else "amount",
            "out_of_scope": "purpose",
        }.items()
        if key in layout.columns
    }
    by_name = judged.filter(
        pl.col("reason").is_in(list(_WITHOUT_IDENTIFIER))
        & pl.col("euros").is_not_null()
        & pl.col("name").str.contains(r"\p{L}")
        & ~pl.col("purpose").str.contains(_REFUND).fill_null(value=False)
        & pl.col("first")
    )
    return Parsed(
        rows_in=table.frame.height,
        tables={"grants": _facts(judged.filter(pl.col("reason").is_null()), exercise, options)},
        rejects=rejects_of(judged, at_fault, pl.col("message")),
        named=_facts(by_name, exercise, options),
    )


def _open(path: Path) -> Table:
    try:
        return open_tables(path, score, expected=_EXPECTED)[0]
    except SourceError as error:
        if error.code != "source-header":
            raise
        try:
            open_tables(path, score_nomenclature, expected=_EXPECTED)
        except SourceError:
            raise error from None
        raise _not_a_list(
            path, "la nomenclature des missions, programmes et actions (aucun bénéficiaire)"
        ) from None


def _not_a_list(path: Path, received: str) -> SourceError:
    return SourceError(
        f"« {path.name} » n'est pas une liste de subventions de l'État.",
        code="jaune-not-a-list",
        where=str(path),
        received=received,
        expected=_EXPECTED,
        todo="donnez le fichier « associations subventionnées » du même projet de loi de finances",
    )


def _named(table: Table, layout: Layout) -> pl.DataFrame:
    """Return the frame with our names beside its own, absent columns null."""
    keys = (
        *("siren", "rna", "name", "imputation", "ministry", "programme", "total", "purpose"),
        *("departement", "place", "place_departement"),
    )
    return table.frame.with_columns(
        (
            pl.col(f"c{layout.columns[key]}")
            if key in layout.columns
            else pl.lit(None, dtype=pl.String)
        ).alias(key)
        for key in (*keys, "amount")
    )


def _judge(lines: pl.DataFrame, exercise: int, ragged: set[int]) -> pl.DataFrame:
    """Add siren, rna, euros, and for the lines not kept reason and message."""
    ids = identifiers.repair(lines["siren"])
    rna = identifiers.repair(lines["rna"])
    paid = parse.amounts(lines["amount"])
    total = parse.amounts(lines["total"])
    cells = [column for column in lines.columns if re.fullmatch(r"c\d+", column)]
    is_total = (
        pl.col("imputation").is_null() & pl.col("amount").is_null() & pl.col("total").is_not_null()
    )
    judged = lines.with_columns(
        ids["siren"].alias("read_siren"),
        ids["problem"].alias("problem"),
        pl.coalesce(rna["rna"], ids["rna"]).alias("read_rna"),
        paid["amount"].alias("euros"),
        total["amount"].alias("total_euros"),
        total["problem"].alias("total_problem"),
        pl.coalesce(paid["problem"]).alias("amount_problem"),
        is_total.alias("is_total"),
        pl.struct(cells).is_first_distinct().alias("first"),
        pl.all_horizontal(pl.col(cells).is_null()).alias("empty"),
        pl.col("source_row").is_in(list(ragged)).alias("ragged"),
    )
    judged = judged.with_columns(
        pl.col("euros").sum().over("siren", "name").alias("details_euros"),
        (~pl.col("is_total")).sum().over("siren", "name").alias("details"),
    )
    # A beneficiary with a total and no detail: its total is the only trace of the grant.
    lone = pl.col("is_total") & (pl.col("details") == 0)
    judged = judged.with_columns(
        pl.when(lone).then("total_euros").otherwise("euros").alias("euros"),
        pl.when(lone).then("total_problem").otherwise("amount_problem").alias("amount_problem"),
    )
    grand_total = pl.col("siren").str.contains(r"(?i)^total\b")
    differs = pl.col("is_total") & (pl.col("total_euros") != pl.col("details_euros"))
    problem, amount = pl.col("problem"), pl.col("amount_problem")
    known = pl.col("read_siren").is_not_null() | pl.col("read_rna").is_not_null()
    return judged.with_columns(
        first_reason(
            {
                "empty_line": pl.col("empty"),
                "wrong_field_count": pl.col("ragged"),
                "total_line": grand_total | (pl.col("is_total") & ~lone),
                "quarantined_amount": pl.lit(exercise + YEARS_TO_BILL == _QUARANTINED_BILL),
                "no_identifier": ~known & (problem == "no_identifier"),
                "damaged_identifier": ~known & (problem == "damaged_identifier"),
                "invalid_identifier": ~known,
                "no_amount": amount == "no_amount",
                "bad_amount": pl.col("euros").is_null(),
                "out_of_scope": pl.col("purpose").str.contains(_REFUND),
                "duplicate_line": ~pl.col("first"),
            }
        ).alias("reason"),
        pl.when(differs & (pl.col("details") > 0))
        .then(
            pl.format(
                "le total ({}) n'est pas la somme du détail ({}) : le détail est gardé",
                "total_euros",
                "details_euros",
            )
        )
        .when(pl.lit(exercise + YEARS_TO_BILL == _QUARANTINED_BILL) & ~grand_total)
        .then(pl.lit("les montants du PLF 2013 ont été publiés multipliés par dix"))
        .alias("message"),
    )


def _facts(kept: pl.DataFrame, exercise: int, options: ReadOptions) -> pl.DataFrame:
    year = pl.lit(exercise, dtype=pl.Int32)
    known_on = pl.lit(options.known_on or date(exercise, 12, 31))
    if options.known_on is None and options.extra.get("known") == "publication":
        known_on = published_on(year)
    payer = pl.coalesce("programme", "imputation")
    identified = pl.col("reason").is_null()
    glued = pl.col("imputation").is_not_null() | pl.col("is_total")
    facts = kept.select(
        pl.when(identified).then("read_siren").alias("siren"),
        pl.when(identified).then("read_rna").alias("rna"),
        pl.when(glued)
        .then(pl.col("name").str.replace(_TOWN, ""))
        .otherwise("name")
        .alias("beneficiary_name"),
        pl.coalesce(
            departements_of_places(pl.col("place")),
            departements_said(pl.col("place_departement")),
            departements_said(pl.col("departement")),
            pl.when(glued).then(departements_said(pl.col("name").str.extract(_TOWN))),
        ).alias("departement"),
        pl.lit(FUNDER_ID).alias("funder_id"),
        pl.lit(FUNDER_NAME).alias("funder_name"),
        pl.lit("state").alias("funder_level"),
        pl.coalesce(
            payer.str.extract(PROGRAMME), "min:" + pl.col("ministry").str.extract(MINISTRY), payer
        ).alias("programme"),
        "purpose",
        pl.col("euros").cast(pl.Decimal(18, 2)).alias("amount_eur"),
        pl.lit("awarded").alias("stage"),
        year.alias("fiscal_year"),
        pl.when(pl.col("purpose").str.contains(_CONTRACT))
        .then(pl.lit("contract"))
        .otherwise(pl.lit("grant"))
        .alias("instrument"),
        pl.lit(f"{DATASET}{exercise + YEARS_TO_BILL}").alias("dataset"),
        pl.lit(NAME).alias("source"),
        "source_row",
        known_on.alias("known_on"),
    )
    return facts.select(
        (pl.col(column) if column in facts.columns else pl.lit(None)).cast(dtype).alias(column)
        for column, dtype in TABLES["grants"].schema().items()
    )
