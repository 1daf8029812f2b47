"""From the sorted lines of a list to facts: who, how much, when; or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.contracts import TABLES
from data.rejects import REASONS, empty_rejects
from data.sources.scdl_funders import funders
from data.sources.scdl_lines import money
from data.sources.scdl_reading import read_beneficiary, read_money, read_support, read_when

if TYPE_CHECKING:
    from data.sources.base import ReadOptions
    from data.sources.scdl_columns import Columns
    from data.sources.tabular import Table


def judge(
    lines: pl.DataFrame,
    table: Table,
    columns: Columns,
    options: ReadOptions,
    *,
    stem: str,
    year: int | None,
    paid: bool,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the facts (table `grants`) and the rejects of sorted lines.

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
    ).with_columns(*funders(lines, options, stem).get_columns())
    refused = pl.concat([empty_rejects(), *_refusals(lines, table, columns)])
    sound = lines.join(refused.select("source_row").unique(), on="source_row", how="anti")
    known = [
        _facts(sound, place, columns, options, stem=stem, paid=paid)
        for place in range(len(columns.amounts))
    ]
    return pl.concat(known), refused


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
        reason.replace_strict(REASONS, return_dtype=pl.String).alias("message"),
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
