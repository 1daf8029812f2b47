"""Credit ratings of the Banque de France (FIBEN), one line a rating, from those entitled to them.

A rating is known on its own day, when the Banque de France gives it to the structure and to those
who may read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.sources import parse
from data.sources.base import CERTAIN, LIKELY, NO, Parsed, ReadOptions
from data.sources.openings import open_whole
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.unit_lines import date_rules, first_rules, units

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "bdf_rating"
TITLE = "Banque de France : cotations"

_RATING = ("cotation", "cote de credit", "cotation bdf", "cote bdf")
COLUMNS: dict[str, tuple[str, ...]] = {
    "siret": ("siret",),
    "siren": ("siren", "numero siren"),
    "rating": (*_RATING, "cote", "rating"),
    "day": ("date_cotation", "date de cotation", "date_cote", "date_effet", "rated_on", "date"),
}
_EXPECTED = "un fichier de cotations a les colonnes siren, cotation et date_cotation."
#: activity (a letter, older ratings and some exports), then credit: 1+ to 8, P, 0 since 2022;
#: 3++ to 9, P, 0 before
_SCALES = r"^[A-HJ-NX]?(?:[1-6][+-]?|3\+\+|[7-9]|P|0)$"
_UNKNOWN = "cote qui n'existe dans aucune échelle de la Banque de France"
_DISAGREE = "deux cotes différentes le même jour : aucune n'est gardée"


_score = scorer(COLUMNS, {"rating", "day"}, either=("siret", "siren"))


def sniff(sample: Sample) -> int:
    """Tell whether a file holds ratings: a SIREN, a rating and its day."""
    headers = [row for grid in sample.grids for row in grid.rows if _score(row)]
    if not headers:
        return NO
    named_so = any(sample.has(name) for name in _RATING) or sample.has("date_cotation")
    return CERTAIN if named_so else LIKELY


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one file of ratings into `ratings`.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line a rating.
    options : ReadOptions
        `known_on`: day every line counts as known.

    Returns
    -------
    Parsed
        `rating` as given, its spaces taken out, its letters in capitals.

    Raises
    ------
    SourceError
        The file holds no ratings.
    """
    table = open_whole(path, _score, expected=_EXPECTED)
    at = places(table.header, COLUMNS)
    judged = _judged(named(table, at, COLUMNS))
    return Parsed(
        rows_in=judged.height,
        tables={"ratings": _facts(judged.filter(pl.col("reason").is_null()), options)},
        rejects=rejects_of(judged, table.header, at),
    )


def _judged(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `unit`, `given` and `rated_on`, and the verdict."""
    day = parse.dates(lines["day"])
    given = (
        pl.col("rating")
        .str.to_uppercase()
        .str.replace_all(r"\s", "")
        .str.replace_all("[−–—]", "-")
        .str.replace(r"^([0-9])[.,]0+$", "$1")
    )
    judged = lines.with_columns(
        *units(lines["siret"], lines["siren"]),
        given.alias("given"),
        day["day"].alias("rated_on"),
        day["problem"].alias("day_problem"),
    ).with_columns(
        *verdicts(
            [
                *first_rules("siren"),
                *date_rules("day_problem", "day", "date de cotation absente"),
                Rule(pl.col("rated_on").is_null(), "bad_date", "day"),
                Rule(pl.col("given").is_null(), "unreadable", "rating", "cote absente"),
                Rule(~pl.col("given").str.contains(_SCALES), "unreadable", "rating", _UNKNOWN),
            ]
        )
    )
    one = ("unit", "rated_on")
    return further(
        judged,
        [
            Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line"),
            Rule(pl.col("given").n_unique().over(one) > 1, "duplicate_line", "rating", _DISAGREE),
            Rule(~pl.struct(*one, "given").is_first_distinct(), "duplicate_line"),
        ],
    )


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    return kept.select(
        pl.col("unit").alias("siren"),
        pl.col("given").alias("rating"),
        "rated_on",
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col("rated_on")).alias("known_on"),
    )
