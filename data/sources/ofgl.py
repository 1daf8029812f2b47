"""Accounts of local authorities by aggregate (Observatoire des finances locales, OFGL).

What a local funder paid in grants to private bodies in a year, and its whole spending. The
accounts of year Y count as known on 1 September Y + 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, merged
from data.sources.local_accounts import GRANTS_ACCOUNT, published_on
from data.sources.openings import open_pieces
from data.sources.rules import Rule, rejects_of, verdicts
from data.sources.spellings import named, places
from data.sources.text import fold

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "ofgl"
TITLE = "Comptes des collectivités par agrégat (OFGL)"

#: the names of the site and those of its API; the names that carry a year are not needed
COLUMNS: dict[str, tuple[str, ...]] = {
    "year": ("Exercice", "exer", "annee_join"),
    "siren": ("Code Siren Collectivité", "siren"),
    "aggregate": ("Agrégat", "agregat"),
    "main_amount": ("Montant BP", "montant_bp"),
    "whole_amount": ("Montant", "montant"),
    "budget": ("Type de budget", "type_de_budget"),
}
_EXPECTED = (
    "une base de l'OFGL a les colonnes Exercice, Code Siren Collectivité, Agrégat et Montant BP "
    "(base consolidée), ou Type de budget et Montant."
)
_GRANTS = fold("Subventions aux personnes de droit privé")
_SPENDING = fold("Dépenses totales hors remb")
_MAIN = fold("Budget principal")
_ANNEX = "budget annexe : le budget principal parle pour le financeur"
_PART = "dépenses d'un seul budget : la dépense entière se lit dans la base consolidée"


def _score(header: Sequence[str]) -> int:
    at = places(header, COLUMNS)
    known = {"year", "siren", "aggregate"} <= at.keys()
    amount = "main_amount" in at or {"budget", "whole_amount"} <= at.keys()
    return len(at) if known and amount else 0


def _is_read(name: str) -> bool:
    return bool(places([name], COLUMNS))


def sniff(sample: Sample) -> int:
    """Tell whether a file is a base of the OFGL: its columns are those of no other file."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one base whole; see `parts`."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read one base into `budgets`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        Export of data.ofgl.fr (CSV, JSON, Parquet or workbook): one line a body, a year and an
        aggregate; consolidated (main and annex budgets together) or budget by budget.
    options : ReadOptions
        `known_on`: day every line counts as known.

    Yields
    ------
    Parsed
        Table `budgets`, stage "executed": programme "6574" for the grants to private bodies (main
        budget, as the balances say them), no programme for the whole spending (all budgets).

    Raises
    ------
    SourceError
        The file is not a base of the OFGL.
    """
    for table in open_pieces(path, _score, expected=_EXPECTED, keep=_is_read):
        at = places(table.header, COLUMNS)
        judged = _judged(named(table, at, COLUMNS), consolidated="main_amount" in at)
        yield Parsed(
            rows_in=judged.height,
            tables={"budgets": _facts(judged.filter(pl.col("reason").is_null()), options)},
            rejects=rejects_of(judged, table.header, at),
        )


def _judged(lines: pl.DataFrame, *, consolidated: bool) -> pl.DataFrame:
    """Add `kind` ("grants" or "spending"), `funder`, `exercise`, `euros` and the verdict."""
    kinds = {
        label: {_GRANTS: "grants", _SPENDING: "spending"}.get(fold(label), "other")
        for label in lines["aggregate"].drop_nulls().unique()
    }
    grants = pl.col("kind") == "grants"
    one_budget = pl.lit(value=not consolidated)
    annex = pl.col("budget").str.to_lowercase().str.replace_all(r"[^a-z]", "") != _MAIN
    lines = lines.with_columns(
        pl.col("aggregate").replace_strict(kinds, return_dtype=pl.String).alias("kind")
    ).with_columns(
        # The main budget, as in the balances; the spending of all budgets, lest an activity that
        # moves to an annex one look like a cut.
        (grants & consolidated).alias("of_main"),
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(pl.col("kind").is_null(), "unreadable", "aggregate", "agrégat absent"),
                Rule(pl.col("kind") == "other", "out_of_scope", "aggregate"),
                Rule(one_budget & ~grants, "out_of_scope", "aggregate", _PART),
                Rule(one_budget & annex.fill_null(value=True), "out_of_scope", "budget", _ANNEX),
            ]
        ),
    )
    outside = lines.filter(pl.col("reason").is_not_null())
    inside = _read(lines.filter(pl.col("reason").is_null()))
    return pl.concat([inside, outside], how="diagonal").sort("source_row")


def _read(lines: pl.DataFrame) -> pl.DataFrame:
    ids = identifiers.repair(lines["siren"])
    years = parse.dates(lines["year"])
    of_main = pl.col("of_main")
    amounts = lines.select(pl.when(of_main).then("main_amount").otherwise("whole_amount"))
    money = parse.amounts(amounts.to_series())
    lines = lines.with_columns(
        ids["siren"].alias("funder"),
        ids["problem"].alias("id_problem"),
        years["year"].alias("exercise"),
        years["problem"].alias("year_problem"),
        money["amount"].alias("euros"),
        money["problem"].alias("amount_problem"),
    )
    problem, amount, euros = pl.col("id_problem"), pl.col("amount_problem"), pl.col("euros")
    same = pl.struct("funder", "exercise", "kind", "euros")
    return lines.with_columns(
        *verdicts(
            [
                Rule(problem == "no_identifier", "no_identifier", "siren"),
                Rule(problem == "damaged_identifier", "damaged_identifier", "siren"),
                Rule(pl.col("funder").is_null(), "invalid_identifier", "siren"),
                Rule(pl.col("year_problem") == "no_date", "no_date", "year"),
                Rule(pl.col("exercise").is_null(), "bad_date", "year"),
                *(
                    Rule(which & fault, reason, column, message)
                    for column, which in (
                        ("main_amount", of_main),
                        ("whole_amount", ~of_main),
                    )
                    for fault, reason, message in (
                        (amount == "no_amount", "no_amount", ""),
                        (euros.is_null(), "bad_amount", ""),
                        (euros < 0, "bad_amount", "montant négatif"),
                    )
                ),
                Rule(~same.is_first_distinct(), "duplicate_line"),
            ]
        )
    )


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    known_on = pl.lit(options.known_on) if options.known_on else published_on(pl.col("exercise"))
    return kept.select(
        pl.col("funder").alias("funder_id"),
        pl.when(pl.col("kind") == "grants").then(pl.lit(GRANTS_ACCOUNT)).alias("programme"),
        pl.col("exercise").alias("year"),
        pl.lit("executed").alias("stage"),
        pl.col("euros").alias("amount_eur"),
        pl.lit(NAME).alias("source"),
        "source_row",
        known_on.alias("known_on"),
    )
