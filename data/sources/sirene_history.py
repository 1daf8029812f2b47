"""History of the legal units of SIRENE: the day an association, a cooperative… ceased.

The file dates effects, not the day INSEE recorded them. A cessation counts as known on the first
day of the next month, when the first monthly file that can hold it is published: never before the
file that says it, but possibly before INSEE had recorded it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from data import identifiers, reference
from data.rejects import reject
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, merged
from data.sources.columns import Piece, has_all, pieces
from data.sources.judged import first_reason, rejects_of
from data.sources.sample import Sample
from data.sources.seen import Seen

NAME = "sirene_history"
TITLE = "SIRENE : historique des unités légales (cessations)"

COLUMNS = {
    "siren": ("siren",),
    "started": ("dateDebut",),
    "state": ("etatAdministratifUniteLegale",),
    "changed": ("changementEtatAdministratifUniteLegale",),
    "category": ("categorieJuridiqueUniteLegale",),
    "listed": ("economieSocialeSolidaireUniteLegale",),
}
_REQUIRED = ("siren", "started", "state", "changed", "category")
_EXPECTED = "StockUniteLegaleHistorique, le fichier des périodes des unités légales (INSEE)."
_CEASED, _ACTIVE = "C", "A"
_TURNED = (
    (pl.col("changed").str.to_lowercase() == "true") & pl.col("state").is_in([_CEASED, _ACTIVE])
).fill_null(value=False)
_AT_FAULT = {
    "no_identifier": "siren",
    "damaged_identifier": "siren",
    "invalid_identifier": "siren",
    "no_date": "started",
    "bad_date": "started",
}
_UNCHANGED = "période sans passage à l'état cessé ni reprise"
_OUTSIDE = "catégorie juridique hors du périmètre de l'ESS (ess_perimeter.toml)"
_NO_END = "début d'activité, sans cessation antérieure"
_STATES = pl.Schema({"unit": pl.String(), "day": pl.Date()})


def sniff(sample: Sample) -> int:
    """Tell whether a file is the history of legal units: its columns are of no other file."""
    return CERTAIN if has_all(sample, COLUMNS, _REQUIRED) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read cessations into `events`, in memory (see `parts`)."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read cessations into `events`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        StockUniteLegaleHistorique (CSV, Parquet).
    options : ReadOptions
        `known_on`: day every row counts as known (that of the file). Without it, the first day of
        the month after the effect. `extra["perimeter"]`: a perimeter file of one's own.

    Yields
    ------
    Parsed
        Table `events`, kind "cessation", on the day the period that turns to C begins; table
        `retractions` where a later period turns back to A. All other periods are out of scope.

    Raises
    ------
    SourceError
        The file is not this history.
    data.reference.perimeter.PerimeterError
        The perimeter file cannot be used.
    """
    asked = options.extra.get("perimeter")
    perimeter = reference.load_perimeter(Path(asked) if asked else None)
    family = reference.ess_family_of(
        pl.col("category"), pl.col("listed").str.to_uppercase() == "O", perimeter
    )
    seen, ends, restarts = Seen(), pl.DataFrame(schema=_STATES), pl.DataFrame(schema=_STATES)
    for piece in pieces(path, COLUMNS, required=_REQUIRED, expected=_EXPECTED):
        turned = piece.frame.select(_TURNED | pl.col("empty") | pl.col("miscut")).to_series()
        near = piece.frame.filter(turned).with_columns(family.alias("family"))
        scope = near.select(
            pl.col("family").is_not_null() | pl.col("empty") | pl.col("miscut")
        ).to_series()
        judged = _judge(near.filter(scope), seen)
        kept = judged.filter(pl.col("reason").is_null())
        ended, restarted = (kept.filter(state=state) for state in (_CEASED, _ACTIVE))
        back = pl.concat(
            [
                _taken_back(pl.concat([ends, ended.select(*_STATES)]), restarted),
                _taken_back_already(ended, restarts),
            ]
        )
        ends = pl.concat([ends, ended.select(*_STATES)], rechunk=True)
        restarts = pl.concat([restarts, restarted.select(*_STATES)], rechunk=True)
        beginnings = restarted.join(back, on="source_row", how="anti")
        yield Parsed(
            rows_in=piece.frame.height,
            tables={
                "events": _events(ended, options),
                "retractions": _retractions(back, options),
            },
            rejects=pl.concat(
                [
                    _reject(piece.frame.filter(~turned), piece, "changed", _UNCHANGED),
                    _reject(near.filter(~scope), piece, "category", _OUTSIDE),
                    _reject(beginnings, piece, "state", _NO_END),
                    rejects_of(judged, piece.at_fault(_AT_FAULT)),
                ]
            ).sort("source_row"),
        )


def _reject(rows: pl.DataFrame, piece: Piece, name: str, message: str) -> pl.DataFrame:
    column = piece.spelled.get(name, "")
    return reject(rows, "out_of_scope", column=column, value=pl.col(name), message=message)


def _judge(turns: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    """Add the SIREN and the day of each turn, and the reason of those that cannot be read."""
    ids, days = identifiers.repair(turns["siren"]), parse.dates(turns["started"])
    judged = turns.with_columns(
        ids["siren"].alias("unit"),
        ids["problem"].alias("problem"),
        days["day"].alias("day"),
        days["problem"].alias("day_problem"),
        seen.again(turns.drop("source_row")).alias("again"),
    )
    problem, day = pl.col("problem"), pl.col("day_problem")
    return judged.with_columns(
        first_reason(
            {
                "empty_line": pl.col("empty"),
                "wrong_field_count": pl.col("miscut"),
                "no_identifier": problem == "no_identifier",
                "damaged_identifier": problem == "damaged_identifier",
                "invalid_identifier": pl.col("unit").is_null(),
                "no_date": day == "no_date",
                "bad_date": pl.col("day").is_null(),
                "duplicate_line": pl.col("again"),
            }
        ).alias("reason")
    )


def _taken_back(ends: pl.DataFrame, restarted: pl.DataFrame) -> pl.DataFrame:
    """Return the cessations, read so far, that the restarts of this piece take back."""
    found = restarted.select("unit", "source_row", pl.col("day").alias("restart"))
    return (
        found.join(ends, on="unit", how="inner")
        .filter(pl.col("day") < pl.col("restart"))
        .select("unit", "day", "restart", "source_row")
    )


def _taken_back_already(ended: pl.DataFrame, restarts: pl.DataFrame) -> pl.DataFrame:
    """Return the cessations of this piece whose restart was read in an earlier one."""
    return (
        ended.select("unit", "day", "source_row")
        .join(restarts.rename({"day": "restart"}), on="unit", how="inner")
        .filter(pl.col("day") < pl.col("restart"))
        .select("unit", "day", "restart", "source_row")
    )


def _known_on(day: str, options: ReadOptions) -> pl.Expr:
    monthly = pl.col(day).dt.month_start().dt.offset_by("1mo")
    return (monthly if options.known_on is None else pl.lit(options.known_on)).alias("known_on")


def _notice() -> pl.Expr:
    return pl.format("sirene-{}-{}", "unit", "day").alias("notice_id")


def _events(ended: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    return ended.select(
        pl.col("unit").alias("siren"),
        pl.lit(None, dtype=pl.String).alias("rna"),
        pl.lit("cessation").alias("kind"),
        pl.col("day").alias("occurred_on"),
        _notice(),
        pl.lit(NAME).alias("source"),
        "source_row",
        _known_on("day", options),
    )


def _retractions(back: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    return back.select(
        _notice(),
        pl.lit(NAME).alias("source"),
        "source_row",
        _known_on("restart", options),
    )
