"""From the sorted lines of a list to facts: who, how much, when; or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.contracts import TABLES
from data.reference.funders import funder_slug
from data.rejects import REASONS, empty_rejects
from data.sources.places import departement_of_funder
from data.sources.scdl_funders import funders
from data.sources.scdl_lines import money
from data.sources.scdl_reading import (
    read_beneficiary,
    read_money,
    read_place,
    read_support,
    read_when,
)

if TYPE_CHECKING:
    from data.sources.base import ReadOptions
    from data.sources.scdl_columns import Columns
    from data.sources.tabular import Table


#: reasons of the lines that another step may still match by the beneficiary's name
_WITHOUT_IDENTIFIER = ("no_identifier", "damaged_identifier", "invalid_identifier")
_OWN_NUMBER = "le numéro du bénéficiaire est celui du financeur"


def judge(
    lines: pl.DataFrame,
    table: Table,
    columns: Columns,
    options: ReadOptions,
    *,
    stem: str,
    year: int | None,
    paid: bool,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the facts (table `grants`), the rejects of sorted lines, and those known by name.

    The last are rejected only for want of an identifier and say a name, an amount and an exercise:
    in the shape of `grants`, with no number of the beneficiary, and its département where the line
    says it, else that of a funder that is a commune or a département.

    Parameters
    ----------
    lines : polars.DataFrame
        What `sort_lines` returned.
    table : Table
        Where the lines come from: names of the columns for the rejects.
    columns : Columns
        Meanings of the columns.
    options : ReadOptions
        See `data.sources.scdl.read`.
    stem : str
        Name of the file, for the name of the dataset and, as a last resort, of the funder.
    year : int or None
        Exercise of the lines that give none.
    paid : bool
        Whether plain amounts were paid rather than awarded.
    """
    lines = lines.with_columns(
        **read_beneficiary(lines),
        **read_when(lines, year),
        **read_support(lines),
        **read_money(lines, columns),
        **read_place(lines),
    ).with_columns(*funders(lines, options, stem).get_columns())
    # A funder gives nothing to itself: its own number stands in the column of the beneficiary.
    own = (pl.col("siren") == pl.col("funder_id")).fill_null(value=False)
    lines = lines.with_columns(
        own.alias("own"),
        pl.when(own).then(pl.lit("invalid_identifier")).otherwise("id_problem").alias("id_problem"),
    )
    refused = pl.concat([empty_rejects(), *_refusals(lines, table, columns)])
    sound = lines.join(refused.select("source_row").unique(), on="source_row", how="anti")
    otherwise = refused.filter(~pl.col("reason").is_in(list(_WITHOUT_IDENTIFIER)))
    by_name = _by_name(
        lines.filter(pl.col("id_problem").is_not_null()).join(
            otherwise.select("source_row").unique(), on="source_row", how="anti"
        )
    )
    facts, named = (
        pl.concat(
            _facts(part, place, columns, options, stem=stem, paid=paid)
            for place in range(len(columns.amounts))
        )
        for part in (sound, by_name)
    )
    return facts, refused, named


def _by_name(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that say a beneficiary by name, without any number."""
    payers = lines.select("funder_id", "funder_name").unique(maintain_order=True)
    placed = payers.with_columns(
        pl.Series(
            "funder_departement",
            [
                departement_of_funder(None if ":" in payer else payer, name)
                for payer, name in payers.iter_rows()
            ],
            dtype=pl.String,
        )
    )
    itself = [
        own and bool(name and payer) and funder_slug(name) == funder_slug(payer)
        for own, name, payer in lines.select("own", "beneficiary_name", "funder_name").iter_rows()
    ]
    return (
        lines.filter(
            pl.col("beneficiary_name").str.contains(r"\p{L}") & ~pl.Series(itself, dtype=pl.Boolean)
        )
        .join(placed, on=["funder_id", "funder_name"], nulls_equal=True, maintain_order="left")
        .with_columns(
            pl.lit(None, dtype=pl.String).alias("siren"),
            pl.lit(None, dtype=pl.String).alias("rna"),
            pl.coalesce("departement", "funder_departement").alias("departement"),
        )
    )


def _refusals(lines: pl.DataFrame, table: Table, columns: Columns) -> list[pl.DataFrame]:
    """Return the rejects of the lines, one table a kind of problem."""

    def named(meaning: str) -> str:
        place = columns.at.get(meaning)
        return "" if place is None else table.header[place]

    found = []
    for problem, column in (("id_problem", "id_column"), ("date_problem", "date_column")):
        for meaning in lines[column].unique(maintain_order=True).to_list():
            part = lines.filter(pl.col(problem).is_not_null() & (pl.col(column) == meaning))
            found.append(_rejected(part, pl.col(problem), named(meaning), pl.col(meaning)))
    for meaning in ("status", "instrument"):
        part = lines.filter(pl.col("out") == meaning)
        found.append(_rejected(part, pl.lit("out_of_scope"), named(meaning), pl.col(meaning)))
    for place, column_of_money in enumerate(columns.amounts):
        part = lines.filter(
            pl.col("amount_problem").is_not_null() & (pl.col("amount_place") == place)
        )
        found.append(
            _rejected(
                part,
                pl.col("amount_problem"),
                table.header[column_of_money.at],
                pl.col(money(place)),
            )
        )
    return found


def _rejected(lines: pl.DataFrame, reason: pl.Expr, column: str, value: pl.Expr) -> pl.DataFrame:
    return lines.select(
        "source_row",
        pl.lit(column).alias("column"),
        value.alias("value"),
        reason.alias("reason"),
        pl.when((reason == "invalid_identifier") & pl.col("own"))
        .then(pl.lit(_OWN_NUMBER))
        .otherwise(reason.replace_strict(REASONS, return_dtype=pl.String))
        .alias("message"),
    )


def _facts(
    lines: pl.DataFrame,
    place: int,
    columns: Columns,
    options: ReadOptions,
    *,
    stem: str,
    paid: bool,
) -> pl.DataFrame:
    """Return the facts of one column of money, in the shape of the table `grants`."""
    column = columns.amounts[place]
    stage = "paid" if paid and column.instrument == "grant" else column.stage
    year = pl.col("fiscal_year") if column.year is None else pl.lit(column.year, dtype=pl.Int32)
    decided = pl.col("decided_on")
    if column.year is not None:
        decided = pl.when(decided.dt.year() == column.year).then(decided)
    year_end = pl.date(year, 12, 31)
    if options.known_on is not None:
        known = pl.lit(options.known_on)
    elif stage == "paid":
        known = pl.max_horizontal(decided, pl.coalesce("period_end_on", year_end))
    else:
        known = pl.coalesce(decided, year_end)
    instrument = pl.col("kind") if column.instrument == "grant" else pl.lit(column.instrument)
    facts = lines.filter(pl.col(f"eur{place}").is_not_null()).select(
        "siren",
        "rna",
        "beneficiary_name",
        "departement",
        pl.lit(None, dtype=pl.String).alias("matched_by"),
        "funder_id",
        "funder_name",
        "funder_level",
        "programme",
        "purpose",
        pl.col(f"eur{place}").alias("amount_eur"),
        pl.lit(stage).alias("stage"),
        year.alias("fiscal_year"),
        decided.alias("decided_on"),
        "period_start_on",
        "period_end_on",
        pl.coalesce("pluriannual", pl.when("several_years").then(statement=True)).alias(
            "multi_year"
        ),
        instrument.alias("instrument"),
        pl.lit(f"scdl:{stem}").alias("dataset"),
        pl.lit("scdl").alias("source"),
        "source_row",
        known.alias("known_on"),
    )
    return facts.select(
        pl.col(name).cast(dtype) for name, dtype in TABLES["grants"].schema().items()
    )
