"""Links of succession of SIRENE: which legal unit continues another.

The link itself is dated twice: the day it takes effect and the day INSEE recorded it, which is the
day it counts as known (the effect where the record's day is absent).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from data import identifiers
from data.rejects import reject
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, merged
from data.sources.columns import Piece, has_all, pieces
from data.sources.judged import first_reason, rejects_of
from data.sources.sample import Sample
from data.sources.seen import Seen

NAME = "successions"
TITLE = "SIRENE : liens de succession entre établissements"

COLUMNS = {
    "predecessor": ("siretEtablissementPredecesseur",),
    "successor": ("siretEtablissementSuccesseur",),
    "effect": ("dateLienSuccession",),
    "seat": ("transfertSiege",),
    "continuity": ("continuiteEconomique",),
    "recorded": ("dateDernierTraitementLienSuccession",),
}
_REQUIRED = ("predecessor", "successor", "effect", "seat", "continuity")
_EXPECTED = "StockEtablissementLiensSuccession, le fichier des liens de succession (INSEE)."
_DATES = {"no_date": "effect", "bad_date": "effect"}
_IDENTIFIERS = ("no_identifier", "damaged_identifier", "invalid_identifier")
_NO_SEAT = "le lien ne concerne pas le siège : l'unité légale n'est pas continuée entière"
_NO_CONTINUITY = "sans continuité économique"
_SAME = "les deux établissements sont de la même unité légale"


def sniff(sample: Sample) -> int:
    """Tell whether a file holds links of succession: its columns are of no other file."""
    return CERTAIN if has_all(sample, COLUMNS, _REQUIRED) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read links into `successions`, in memory (see `parts`)."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read links into `successions`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        StockEtablissementLiensSuccession (CSV, Parquet).
    options : ReadOptions
        `known_on`: day every link counts as known.

    Yields
    ------
    Parsed
        Table `successions`: links of the seat, with economic continuity, between two legal units.
        All others are out of scope.

    Raises
    ------
    SourceError
        The file is not this one.
    """
    seen = Seen()
    for piece in pieces(path, COLUMNS, required=_REQUIRED, expected=_EXPECTED):
        frame, broken = piece.frame, pl.col("empty") | pl.col("miscut")
        of_seat = frame.select(_is_true("seat") | broken).to_series()
        near = frame.filter(of_seat)
        continued = near.select(_is_true("continuity") | broken).to_series()
        judged = _judge(near.filter(continued), options, seen)
        same = pl.when(pl.col("reason") == "out_of_scope").then(pl.lit(_SAME))
        yield Parsed(
            rows_in=frame.height,
            tables={"successions": _facts(judged.filter(pl.col("reason").is_null()))},
            rejects=pl.concat(
                [
                    _reject(frame.filter(~of_seat), piece, "seat", _NO_SEAT),
                    _reject(near.filter(~continued), piece, "continuity", _NO_CONTINUITY),
                    *(
                        rejects_of(judged.filter(unread=end), _at_fault(piece, end), same)
                        for end in ("predecessor", "successor")
                    ),
                ]
            ).sort("source_row"),
        )


def _at_fault(piece: Piece, end: str) -> dict[str, tuple[str, str]]:
    return piece.at_fault(_DATES | dict.fromkeys((*_IDENTIFIERS, "out_of_scope"), end))


def _is_true(name: str) -> pl.Expr:
    return (pl.col(name).str.to_lowercase() == "true").fill_null(value=False)


def _reject(rows: pl.DataFrame, piece: Piece, name: str, message: str) -> pl.DataFrame:
    column = piece.spelled[name]
    return reject(rows, "out_of_scope", column=column, value=pl.col(name), message=message)


def _judge(links: pl.DataFrame, options: ReadOptions, seen: Seen) -> pl.DataFrame:
    """Add the two units and the days of each link, and the reason of those that are not kept.

    `unread` is the end of the link at fault, the successor where it is neither.
    """
    before, after = (identifiers.repair(links[end]) for end in ("predecessor", "successor"))
    effect, recorded = parse.dates(links["effect"]), parse.dates(links["recorded"])
    judged = links.with_columns(
        before["siren"].alias("before"),
        after["siren"].alias("after"),
        effect["day"].alias("occurred_on"),
        effect["problem"].alias("effect_problem"),
        pl.coalesce(pl.lit(options.known_on, dtype=pl.Date), recorded["day"], effect["day"]).alias(
            "known_on"
        ),
        pl.when(before["siren"].is_null())
        .then(before["problem"])
        .otherwise(after["problem"])
        .alias("problem"),
        pl.when(before["siren"].is_null())
        .then(pl.lit("predecessor"))
        .otherwise(pl.lit("successor"))
        .alias("unread"),
        seen.again(links.drop("source_row")).alias("again"),
    )
    problem, day = pl.col("problem"), pl.col("effect_problem")
    return judged.with_columns(
        first_reason(
            {
                "empty_line": pl.col("empty"),
                "wrong_field_count": pl.col("miscut"),
                "no_identifier": problem == "no_identifier",
                "damaged_identifier": problem == "damaged_identifier",
                "invalid_identifier": pl.col("before").is_null() | pl.col("after").is_null(),
                "out_of_scope": pl.col("before") == pl.col("after"),
                "no_date": day == "no_date",
                "bad_date": pl.col("occurred_on").is_null(),
                "duplicate_line": pl.col("again"),
            }
        ).alias("reason")
    )


def _facts(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.select(
        pl.col("after").alias("siren"),
        pl.col("before").alias("predecessor"),
        "occurred_on",
        pl.lit(NAME).alias("source"),
        "source_row",
        "known_on",
    )
