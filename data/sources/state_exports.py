"""What the exports of the State's own information systems have in common.

Chorus, Fonjep, Osiris and Subventia are no open data: their exports are for those whom the
administration gives them to. They all name the beneficiary by its SIRET, and the State pays.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from data.identifiers import repair
from data.sources import parse
from data.sources.rules import Rule
from data.sources.state_list import FUNDER_ID, FUNDER_NAME

#: what these exports write for nothing
_NOTHING = ("#", "N/A", "n/a", "-")
_TIME_OF_DAY = r"^([3-5]\d{4})[.,]\d+$"
#: a decision or a payment earlier than this before its exercise is a typing error
_EARLIEST_DAYS = 366

STATE = (
    pl.lit(FUNDER_ID).alias("funder_id"),
    pl.lit(FUNDER_NAME).alias("funder_name"),
    pl.lit("state").alias("funder_level"),
)


def without_marks(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return the frame with the marks of an empty cell ("#", "N/A") as nulls."""
    return frame.with_columns(
        pl.when(~pl.col(name).is_in(list(_NOTHING))).then(pl.col(name)).alias(name)
        for name in names
    )


def dates(values: pl.Series) -> pl.DataFrame:
    """Read dates as `parse.dates`, serial numbers of a spreadsheet with their hour included."""
    return parse.dates(values.cast(pl.String).str.replace(_TIME_OF_DAY, "$1"))


def amounts(values: pl.Series) -> pl.DataFrame:
    """Read amounts as `parse.amounts`, those written with a dollar sign ("$0") included."""
    return parse.amounts(values.cast(pl.String).str.replace(r"^\$\s*|\s*\$$", ""))


def beneficiaries(siret: pl.Series) -> list[pl.Series]:
    """Return `siren`, `id_problem` of a column of SIRET."""
    read = repair(siret)
    # An RNA number in the column of SIRET is not what the column is for.
    problem = read.select(
        pl.when(pl.col("siren").is_null())
        .then(pl.coalesce("problem", pl.lit("invalid_identifier")))
        .alias("id_problem")
    )
    return [read["siren"], problem["id_problem"]]


def unidentified(fault: str, known: pl.Expr) -> list[Rule]:
    """Return the rules for lines of which `known` is false: one a problem of the identifier."""
    return [
        Rule(~known & (pl.col("id_problem") == problem), problem, fault)
        for problem in ("no_identifier", "damaged_identifier", "invalid_identifier")
    ]


def unpriced(amount: str, problem: str) -> list[Rule]:
    """Return the rules for lines whose column `amount` has a `problem`."""
    return [
        Rule(pl.col(problem) == "no_amount", "no_amount", amount),
        Rule(pl.col(problem) == "bad_amount", "bad_amount", amount),
    ]


def long_before(day: pl.Expr, year: pl.Expr) -> pl.Expr:
    """Tell whether a day comes over a year before the exercise it is said to be of."""
    return day < pl.date(year, 1, 1).dt.offset_by(f"-{_EARLIEST_DAYS}d")
