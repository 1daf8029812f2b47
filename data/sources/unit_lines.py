"""Lines that are each about one structure: opened with the columns of use, and judged first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from data import identifiers
from data.sources.grids import Score
from data.sources.openings import open_pieces
from data.sources.rules import Rule
from data.sources.spellings import Spellings, named, places
from data.sources.text import fold

OTHER_UNIT = "le SIRET et le SIREN de la ligne ne sont pas de la même structure"


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

    A wrong identifier is that of the column `siret`, of `otherwise` where that one is empty; an
    absent one is missed where the other lines have theirs.
    """
    said, written = pl.col("unit_problem"), pl.col("siret").is_not_null()
    there = written | (pl.col(otherwise).is_null() & written.any())
    return [
        Rule(pl.col("empty"), "empty_line"),
        Rule(pl.col("miscut"), "wrong_field_count"),
        Rule(pl.col("other_unit"), "invalid_identifier", "siret", OTHER_UNIT),
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


def passed(judged: pl.DataFrame, group: Sequence[str], order: Sequence[str]) -> pl.Expr:
    """Tell which sound lines another one of the same group comes after, in the order given."""
    sound = judged.filter(pl.col("reason").is_null())
    # Sorted as a whole: a rank within each group costs a hundred times as much.
    last = sound.sort(*order).unique(group, keep="last")["source_row"]
    return ~pl.col("source_row").is_in(last.implode())
