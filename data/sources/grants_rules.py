"""Rules of the national harvest: whole cents, funders, programmes, grants published twice."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl

from data.reference.funders import funder_slug
from data.sources.state_list import DATASET, MINISTRY, PROGRAMME

#: no single grant reaches this: beyond it the amount is a typing error
ABSURD_EUR = 1e10


def cents(euros: pl.Series) -> pl.Series:
    """Return the amount in whole cents (Int64), half a cent rounded to even, null where absurd.

    A float is the nearest one to the decimal that was published: its shortest text gives that
    decimal back. It is asked only for the amounts that stand near half a cent.
    """
    usable = euros.is_finite() & (euros.abs() < ABSURD_EUR)
    hundredfold = euros.set(~usable.fill_null(value=False), None) * 100
    cents = hundredfold.round(0)
    near_half = ((hundredfold - hundredfold.floor() - 0.5).abs() < 1e-3).fill_null(value=False)
    if near_half.any():
        rows = near_half.arg_true()
        exact = [
            float((Decimal(repr(value)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
            for value in euros.gather(rows).to_list()
            if math.isfinite(value)
        ]
        cents = cents.scatter(rows, exact)
    return cents.cast(pl.Int64).alias("cents")


def funder(lines: pl.DataFrame) -> pl.Series:
    """Return the funder's identifier: "etat" for the State's yearly list, else a slug."""
    names = lines["donor_name_raw"].unique().drop_nulls().to_list()
    slugs = {name: funder_slug(name) for name in names}
    jaune = pl.col("source_id").str.starts_with(DATASET).fill_null(value=False)
    name = pl.col("donor_name_raw")
    return lines.select(
        pl.when(jaune)
        .then(pl.lit("etat"))
        .otherwise(name.replace_strict(slugs, default="slug:inconnu", return_dtype=pl.String))
        .alias("funder_id")
    )["funder_id"]


def first_of_equals(lines: pl.DataFrame) -> pl.Series:
    """Tell which lines are the first of their kind: equal in all columns, harvested twice."""
    columns = [column for column in lines.columns if column != "source_row"]
    return _first(lines.select(columns)).alias("first")


def _first(lines: pl.DataFrame) -> pl.Series:
    """Tell which rows are the first of their equals; rows are compared only if their hashes are."""
    hashes = lines.hash_rows()
    suspect = hashes.is_duplicated()
    first = ~suspect
    rows = suspect.arg_true()
    equal = lines.filter(suspect).select(pl.struct(pl.all()).is_first_distinct()).to_series()
    return first.scatter(rows, equal) if rows.len() else first


def republished(judged: pl.DataFrame) -> pl.Series:
    """Tell which grants, kept so far, their funder published in two lists.

    The n-th line of one list and the n-th line of another, equal in beneficiary, funder, exercise,
    amount, stage and kind, are one grant: a funder republishes whole years under another title
    (the Ministry of Culture for 175,000 lines). Two equal lines of one list stay two grants.
    """
    same = ["file", "benef_id", "funder_id", "year", "cents", "measure", "concours"]
    usable = judged["reason"].is_null().arg_true()
    rows = usable
    # From the cheapest question to the dearest, each asked of fewer lines.
    for columns in (["file", "cents", "year", "benef_id"], same):
        rows = rows.filter(judged.select(columns)[rows].hash_rows().is_duplicated())
    suspect = judged.select("source_id", *same)[rows].select(
        *same, pl.int_range(pl.len()).over(*same, "source_id").alias("nth")
    )
    again = rows.filter(~suspect.select(pl.struct(pl.all()).is_first_distinct()).to_series())
    found = pl.repeat(value=False, n=judged.height, eager=True)
    return (found.scatter(again, values=True) if again.len() else found).alias("again")


def programme(kept: pl.DataFrame) -> pl.Series:
    """Return the canonical programme: "163" for the State's, the list's own text otherwise.

    Worked out once per distinct pair of names: there are thousands for millions of lines.
    """
    text, donor = pl.col("donor_program"), pl.col("donor_name_raw")
    state = pl.col("donor_level") == "etat"
    pair = ["donor_program", "donor_name_raw", "donor_level"]
    distinct = (
        kept.select(pair)
        .unique()
        .with_columns(
            pl.when(state)
            .then(
                pl.coalesce(
                    text.str.extract(PROGRAMME),
                    donor.str.extract(PROGRAMME),
                    "min:" + donor.str.extract(MINISTRY),
                    text,
                )
            )
            .otherwise(text)
            .alias("programme")
        )
    )
    return kept.select(pair).join(
        distinct, on=pair, how="left", nulls_equal=True, maintain_order="left"
    )["programme"]
