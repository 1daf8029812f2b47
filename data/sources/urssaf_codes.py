"""Codings of the URSSAF extracts: periods, days, cents.

A period is a year, a quarter and a month of the quarter: 201712 is February 2017, 201710 the first
quarter, 201762 the whole year; contributions write the year with two digits (1031 is July 2010,
years below 50 being of this century). A day is the year less 1900, then month and day: 990505 is 5
May 1999, 1050824 is 24 August 2005. Proceedings are dated as SAS does (26MAY2014).
"""

from __future__ import annotations

import polars as pl

from data.schema import EUR
from data.sources import parse

CREDITOR = "urssaf"
#: two-digit years below are of this century
_CENTURY_TURNS = 50
_WHOLE_YEAR = "62"
_SAS_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip


def periods(values: pl.Series) -> pl.DataFrame:
    """Read coded periods.

    Returns
    -------
    polars.DataFrame
        `period` ("2017-02", "2017-Q1" or "2017"), `end` (Date, its last day) and `problem` (null,
        "no_date", "bad_date"). A leading zero lost by a spreadsheet (232 for 0232, August 2002) is
        put back.
    """
    frame = values.cast(pl.String).alias("raw").to_frame()
    digits = pl.col("raw").str.strip_chars().str.replace(r"[.,]0+$", "")
    digits = pl.when(digits.str.contains(r"^[0-9]{3}$")).then("0" + digits).otherwise(digits)
    century = (
        pl.when(digits.str.slice(0, 2).cast(pl.Int32, strict=False) < _CENTURY_TURNS)
        .then(pl.lit("20"))
        .otherwise(pl.lit("19"))
    )
    frame = frame.with_columns(
        pl.when(digits.str.contains(r"^[0-9]{4}$"))
        .then(century + digits)
        .when(digits.str.contains(r"^[0-9]{6}$"))
        .then(digits)
        .alias("text")
    ).select(
        parse.is_missing("raw").alias("missing"),
        pl.col("text").str.slice(0, 4).cast(pl.Int32).alias("year"),
        pl.col("text").str.slice(4, 2).alias("part"),
    )
    quarter = pl.col("part").str.slice(0, 1).cast(pl.Int8)
    rank = pl.col("part").str.slice(1, 1).cast(pl.Int8)
    whole = pl.col("part") == _WHOLE_YEAR
    sound = pl.col("year").is_between(parse.FIRST_YEAR, parse.LAST_YEAR) & (
        whole | (quarter.is_between(1, 4) & (rank <= 3))
    )
    first = pl.when(whole).then(1).otherwise(3 * (quarter - 1) + pl.max_horizontal(rank, 1))
    months = pl.when(whole).then(12).when(rank == 0).then(3).otherwise(1)
    frame = frame.with_columns(
        quarter.alias("quarter"),
        rank.alias("rank"),
        whole.alias("whole"),
        sound.fill_null(value=False).alias("sound"),
    ).with_columns(
        pl.when("sound").then(pl.date("year", first, 1)).alias("start"),
        pl.when("sound").then(pl.date("year", first + months - 1, 1).dt.month_end()).alias("end"),
    )
    period = (
        pl.when("whole")
        .then(pl.col("year").cast(pl.String))
        .when(pl.col("rank") == 0)
        .then(pl.format("{}-Q{}", "year", "quarter"))
        .otherwise(pl.col("start").dt.strftime("%Y-%m"))
    )
    return frame.select(
        pl.when("sound").then(period).alias("period"),
        "end",
        pl.when("missing")
        .then(pl.lit("no_date"))
        .when(~pl.col("sound"))
        .then(pl.lit("bad_date"))
        .alias("problem"),
    )


def coded_days(values: pl.Series) -> pl.DataFrame:
    """Read coded days (1050824); return `day` (Date) and `problem` as `parse.dates`."""
    frame = values.cast(pl.String).alias("raw").to_frame()
    digits = pl.col("raw").str.strip_chars().str.replace(r"[.,]0+$", "")
    digits = pl.when(digits.str.contains(r"^[0-9]{6,7}$")).then(digits.cast(pl.Int64, strict=False))
    day = (digits + 19_000_000).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    return _told(frame.select(parse.is_missing("raw").alias("missing"), day.alias("day")))


def sas_days(values: pl.Series) -> pl.DataFrame:
    """Read days written by SAS (26MAY2014), or as other lists write them; as `parse.dates`."""
    frame = values.cast(pl.String).alias("raw").to_frame()
    pattern = r"^([0-9]{1,2})([a-z]{3})([0-9]{4})$"
    text = pl.col("raw").str.strip_chars().str.to_lowercase()
    month = text.str.extract(pattern, 2).replace_strict(
        _SAS_MONTHS, default=None, return_dtype=pl.Int8
    )
    written = pl.concat_str(
        text.str.extract(pattern, 3),
        month.cast(pl.String).str.zfill(2),
        text.str.extract(pattern, 1).str.zfill(2),
    ).str.to_date("%Y%m%d", strict=False)
    usual = parse.dates(values)["day"].alias("usual")
    return _told(
        frame.with_columns(usual).select(
            parse.is_missing("raw").alias("missing"), pl.coalesce(written, "usual").alias("day")
        )
    )


def _told(frame: pl.DataFrame) -> pl.DataFrame:
    sound = pl.col("day").dt.year().is_between(parse.FIRST_YEAR, parse.LAST_YEAR)
    return frame.with_columns(pl.when(sound).then("day").alias("day")).select(
        "day",
        pl.when("missing")
        .then(pl.lit("no_date"))
        .when(pl.col("day").is_null())
        .then(pl.lit("bad_date"))
        .alias("problem"),
    )


def cents(column: str) -> pl.Expr:
    """Return the euros of a text column of whole cents, null where it is none."""
    text = pl.col(column).str.strip_chars().str.replace(r"[.,]0+$", "")
    number = pl.when(text.str.contains(r"^-?[0-9]{1,14}$")).then(text)
    return (number.cast(pl.Decimal(20, 4)) * pl.lit(0.01).cast(pl.Decimal(6, 4))).cast(EUR)


def month_after(day: pl.Series) -> pl.Series:
    """Return the last day of the month after the one of `day` (Date)."""
    return day.dt.month_end().dt.offset_by("1d").dt.month_end()
