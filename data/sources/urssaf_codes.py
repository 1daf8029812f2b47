"""Codings of the URSSAF extracts: periods, days, cents, and who a line is about.

A period is a year, a quarter and a month of the quarter: 201712 is February 2017, 201710 the first
quarter, 201762 the whole year; contributions write the year with two digits (1031 is July 2010,
years below 50 being of this century). A day is the year less 1900, then month and day: 990505 is 5
May 1999, 1050824 is 24 August 2005. Proceedings are dated as SAS does (26MAY2014).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from data import identifiers
from data.schema import EUR
from data.sources import parse
from data.sources.grids import Score
from data.sources.openings import open_pieces
from data.sources.rules import Rule
from data.sources.spellings import Spellings, named, places
from data.sources.text import fold

CREDITOR = "urssaf"
#: two-digit years below are of this century
_CENTURY_TURNS = 50
_WHOLE_YEAR = "62"
_SAS_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_OTHER_UNIT = "le SIRET et le SIREN de la ligne ne sont pas de la même structure"


def periods(values: pl.Series) -> pl.DataFrame:
    """Read coded periods.

    Returns
    -------
    polars.DataFrame
        `period` ("2017-02", "2017-Q1" or "2017"), `start` and `end` (Date, first and last day) and
        `problem` (null, "no_date", "bad_date"). A leading zero lost by a spreadsheet (232 for 0232,
        August 2002) is put back.
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
        "start",
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


def units(siret: pl.Series, siren: pl.Series | None = None) -> pl.DataFrame:
    """Read who the lines are about, from the SIRET of their establishment or their SIREN.

    Returns
    -------
    polars.DataFrame
        `unit` (SIREN), `unit_problem` (as `identifiers.repair`) and `other_unit` (Boolean): both
        numbers are sound and of two structures.
    """
    one = identifiers.repair(siret)
    two = identifiers.repair(siret.clear(siret.len()) if siren is None else siren)
    found = pl.concat(
        [one.select("siren", "problem"), two.select("siren", "problem").rename(lambda n: f"b_{n}")],
        how="horizontal",
    )
    return found.select(
        pl.coalesce("siren", "b_siren").alias("unit"),
        pl.when(pl.coalesce("siren", "b_siren").is_not_null())
        .then(None)
        # what is said of a number that is there, rather than that the other is missing
        .when(pl.col("problem") == "no_identifier")
        .then(pl.coalesce("b_problem", pl.lit("invalid_identifier")))
        .otherwise(pl.coalesce("problem", pl.lit("invalid_identifier")))
        .alias("unit_problem"),
        (pl.col("siren") != pl.col("b_siren")).fill_null(value=False).alias("other_unit"),
    )


def first_rules(otherwise: str = "siret") -> list[Rule]:
    """Return the rules every line is judged by first: its cut, then who it is about.

    A wrong identifier is that of the column `siret`, of `otherwise` where that one is empty.
    """
    said, there = pl.col("unit_problem"), pl.col("siret").is_not_null()
    return [
        Rule(pl.col("empty"), "empty_line"),
        Rule(pl.col("miscut"), "wrong_field_count"),
        Rule(pl.col("other_unit"), "invalid_identifier", "siret", _OTHER_UNIT),
        *(
            Rule((said == reason) & where, reason, fault)
            for reason in ("no_identifier", "damaged_identifier", "invalid_identifier")
            for where, fault in ((there, "siret"), (~there, otherwise))
        ),
    ]


def date_rules(problem: str, fault: str, missing: str) -> list[Rule]:
    """Return the rules of a column of days or periods; `missing` says what is not there."""
    return [
        Rule(pl.col(problem) == "no_date", "no_date", fault, missing),
        Rule(pl.col(problem) == "bad_date", "bad_date", fault),
    ]


def open_lines(
    path: Path, columns: Spellings, score: Score, *, expected: str
) -> tuple[list[str], dict[str, int], Iterator[pl.DataFrame]]:
    """Open an extract of which only `columns` are read.

    Returns
    -------
    tuple
        The header, the place of our names in it, and the lines piece by piece as `spellings.named`.

    Raises
    ------
    SourceError
        As `open_pieces`.
    """
    wanted = {fold(spelled) for spellings in columns.values() for spelled in spellings}
    tables = open_pieces(path, score, expected=expected, keep=lambda name: fold(name) in wanted)
    first = next(tables)
    at = places(first.header, columns)
    return first.header, at, (named(table, at, columns) for table in chain([first], tables))


def runs(pieces: Iterable[pl.DataFrame], key: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Yield the lines of a file cut elsewhere: those in a row with the same key stay together.

    `key` names text columns; lines without any of them may be cut from each other.
    """
    held: pl.DataFrame | None = None
    for piece in pieces:
        if held is None:
            held = piece
            continue
        keys = held.select(pl.concat_str(pl.col(name).fill_null("") for name in key)).to_series()
        cut = held.height
        if cut and keys[-1]:
            others = np.flatnonzero((keys != keys[-1]).to_numpy())
            cut = int(others[-1]) + 1 if others.size else 0
        if cut:
            yield held.head(cut)
        held = pl.concat([held.slice(cut), piece])
    if held is not None:
        yield held


def month_after(day: pl.Series) -> pl.Series:
    """Return the last day of the month after the one of `day` (Date)."""
    return day.dt.month_end().dt.offset_by("1d").dt.month_end()
