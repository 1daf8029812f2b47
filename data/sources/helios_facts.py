"""From judged lines of mandates to facts: what was paid, what was due and when."""

from __future__ import annotations

import polars as pl

from data.sources.base import ReadOptions

_NAME = "helios"


def facts_of(kept: pl.DataFrame, options: ReadOptions) -> dict[str, pl.DataFrame]:
    """Return the tables `grants` and `payments` of the lines kept.

    A line paid gives a grant. A line of money due to a SIREN also gives an instalment, due on the
    day of the mandate then paid; not money taken back, nor a mandate issued after its payment,
    which settles the accounts and waits for nothing.
    """
    due = kept.filter(
        pl.col("siren").is_not_null(),
        pl.col("euros") > 0,
        pl.col("paid_on").is_null() | (pl.col("paid_on") >= pl.col("issued_on")),
    ).with_columns(_payment_id().alias("payment_id"))
    owed = due.with_columns(pl.lit(None, dtype=pl.Date).alias("paid_on"))
    paid = due.filter(pl.col("paid_on").is_not_null())
    return {
        "grants": _grants(kept.filter(pl.col("paid_on").is_not_null()), options),
        "payments": pl.concat(
            [_states(owed, "issued_on", options), _states(paid, "paid_on", options)]
        ),
    }


def _payment_id() -> pl.Expr:
    """Return what makes a payment: its mandate, its line, and its rank when paid in several times.

    The number of a mandate belongs to a payer and a year.
    """
    number = pl.concat_str(
        pl.col("funder_id"), pl.col("issued_on").dt.year(), pl.col("mandate"), separator="-"
    )
    line = pl.concat_str(
        pl.coalesce("mandate_id", number, pl.format("ligne-{}", "source_row")),
        pl.col("line").fill_null("1"),
        separator="-",
    )
    rank = pl.int_range(1, pl.len() + 1).over(line)
    return pl.concat_str(pl.lit(_NAME), line, rank, separator="-")


def _states(lines: pl.DataFrame, known: str, options: ReadOptions) -> pl.DataFrame:
    return lines.select(
        "siren",
        "payment_id",
        "funder_id",
        pl.col("issued_on").alias("due_on"),
        "paid_on",
        pl.col("euros").alias("amount_eur"),
        pl.lit(_NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col(known)).alias("known_on"),
    )


def _grants(lines: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    return lines.select(
        "siren",
        "rna",
        pl.col("name").alias("beneficiary_name"),
        "funder_id",
        "funder_name",
        "funder_level",
        "purpose",
        pl.col("euros").alias("amount_eur"),
        pl.lit("paid").alias("stage"),
        pl.col("issued_on").dt.year().alias("fiscal_year"),
        pl.lit("grant").alias("instrument"),
        # Exports overlap; a payment of the same amount in another month is another payment.
        pl.col("paid_on").dt.strftime(f"{_NAME}-%Y-%m").alias("dataset"),
        pl.lit(_NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col("paid_on")).alias("known_on"),
    )
