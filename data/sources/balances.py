"""Account balances of communes, départements, régions and groupings (DGFiP).

What a local funder paid in grants to private bodies (accounts 6574…) in a year, from its main
budget. The accounts of year Y count as known on 1 September Y + 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, merged
from data.sources.local_accounts import GRANTS_ACCOUNT, published_on
from data.sources.openings import open_pieces
from data.sources.rules import Rule, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.whole_amounts import with_whole

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample
    from data.sources.tabular import Table

NAME = "balances"
TITLE = "Balances comptables des collectivités (DGFiP) : comptes 6574"

COLUMNS: dict[str, tuple[str, ...]] = {
    "year": ("exer", "exercice"),
    "siren": ("siren",),
    "siret": ("ident",),
    "budget": ("cbudg", "budget"),
    "account": ("compte",),
    "debit": ("obnetdeb",),
    "credit": ("obnetcre",),
    "order_debit": ("oobdeb",),
    "order_credit": ("oobcre",),
}
_MONEY = ("debit", "credit", "order_debit", "order_credit")
_EXPECTED = (
    "une balance comptable a les colonnes exer, siren (ou ident), cbudg (ou budget), compte et "
    "obnetdeb."
)
#: how the type of budget says a main one: since 2016, and before
_MAIN = ("1", "BP")
_ANNEX = "budget annexe ou rattaché : le budget principal parle pour le financeur"


_score = scorer(COLUMNS, {"year", "budget", "account", "debit"}, either=("siret", "siren"))


def sniff(sample: Sample) -> int:
    """Tell whether a file is a balance: its columns are those of no other file."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one balance whole; see `parts`."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read one balance into `budgets`, piece by piece.

    The file is read twice: the sum of the accounts 6574… of a funder is only known at the end.

    Parameters
    ----------
    path : pathlib.Path
        Export of data.economie.gouv.fr: CSV, JSON or Parquet, one line a budget and an account.
    options : ReadOptions
        `known_on`: day every line counts as known.

    Yields
    ------
    Parsed
        Table `budgets`: programme "6574", stage "executed", the whole amount of a funder and a
        year, said by each line of its accounts 6574…

    Raises
    ------
    SourceError
        The file is not a balance.
    """
    lines = [
        _sorted_out(table).filter(pl.col("reason").is_null())
        for table in open_pieces(path, _score, expected=_EXPECTED)
    ]
    judged = _judged(pl.concat(lines))
    for table in open_pieces(path, _score, expected=_EXPECTED):
        outside = _sorted_out(table)
        inside = judged.join(outside.select("source_row"), on="source_row", how="semi")
        at = places(table.header, COLUMNS)
        at["id"] = at.get("siren", at.get("siret", 0))
        yield Parsed(
            rows_in=outside.height,
            tables={"budgets": _facts(inside.filter(pl.col("reason").is_null()), options)},
            rejects=pl.concat(rejects_of(lines, table.header, at) for lines in (outside, inside)),
        )


def _sorted_out(table: Table) -> pl.DataFrame:
    """Return the lines of a piece; those that are no grant of a main budget have a `reason`."""
    lines = named(table, places(table.header, COLUMNS), COLUMNS).with_columns(
        pl.col("account").str.strip_chars("'’ ").str.replace(r"[.,]0+$", ""),
        pl.col("budget").str.replace(r"[.,]0+$", "").str.to_uppercase().alias("main"),
    )
    return lines.with_columns(
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(pl.col("account").is_null(), "unreadable", "account", "compte absent"),
                Rule(~pl.col("account").str.starts_with(GRANTS_ACCOUNT), "out_of_scope", "account"),
                Rule(pl.col("main").is_null(), "unreadable", "budget", "type de budget absent"),
                Rule(~pl.col("main").is_in(_MAIN), "out_of_scope", "budget", _ANNEX),
            ]
        )
    )


def _judged(lines: pl.DataFrame) -> pl.DataFrame:
    """Judge the lines of accounts 6574… of the whole file: `funder`, `exercise`, `whole`."""
    lines = lines.with_columns(pl.coalesce("siren", "siret").alias("id"))
    ids = identifiers.repair(lines["id"])
    years = parse.dates(lines["year"])
    money = {name: parse.amounts(lines[name]) for name in _MONEY}
    zero = pl.lit(0, dtype=pl.Decimal(18, 2))
    none = pl.all_horizontal(pl.col(f"{name}_problem") == "no_amount" for name in _MONEY[:2])
    net = {name: pl.coalesce(f"{name}_euros", zero) for name in _MONEY}
    judged = lines.with_columns(
        ids["siren"].alias("funder"),
        ids["problem"].alias("id_problem"),
        years["year"].alias("exercise"),
        years["problem"].alias("year_problem"),
        *(found["amount"].alias(f"{name}_euros") for name, found in money.items()),
        *(found["problem"].alias(f"{name}_problem") for name, found in money.items()),
        pl.struct(cells_of(lines)).is_first_distinct().alias("first"),
    )
    problem = pl.col("id_problem")
    judged = judged.with_columns(
        # What was ordered to be paid, less what was cancelled; no money moves in order operations.
        (net["debit"] - net["order_debit"] - net["credit"] + net["order_credit"])
        .cast(pl.Decimal(18, 2))
        .alias("euros"),
        *verdicts(
            [
                Rule(problem == "no_identifier", "no_identifier", "id"),
                Rule(problem == "damaged_identifier", "damaged_identifier", "id"),
                Rule(pl.col("funder").is_null(), "invalid_identifier", "id"),
                Rule(pl.col("year_problem") == "no_date", "no_date", "year"),
                Rule(pl.col("exercise").is_null(), "bad_date", "year"),
                Rule(~pl.col("first"), "duplicate_line"),
                Rule(none, "no_amount", "debit"),
                *(
                    Rule(pl.col(f"{name}_problem") == "bad_amount", "bad_amount", name)
                    for name in _MONEY
                ),
            ]
        ),
    )
    return with_whole(judged, ["funder", "exercise"], "debit")


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    known_on = pl.lit(options.known_on) if options.known_on else published_on(pl.col("exercise"))
    return kept.select(
        pl.col("funder").alias("funder_id"),
        pl.lit(GRANTS_ACCOUNT).alias("programme"),
        pl.col("exercise").alias("year"),
        pl.lit("executed").alias("stage"),
        pl.col("whole").alias("amount_eur"),
        pl.lit(NAME).alias("source"),
        "source_row",
        known_on.alias("known_on"),
    )
