"""Dissolutions of associations, published in the Journal officiel (JOAFE).

A dissolution is known on the day it is published; so is its annulment, from which day on it no
longer holds. Every notice about the end of an association bears one identifier, made of its RNA
number, so that an annulment finds the dissolution in whatever file it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.contracts import TABLES
from data.sources import parse
from data.sources.base import CERTAIN, NO, POSSIBLE, Parsed, ReadOptions, merged
from data.sources.columns import Piece
from data.sources.joafe_notices import COLUMNS, is_issue, notices_of, pieces, score
from data.sources.judged import first_reason, rejects_of
from data.sources.seen import Seen
from data.sources.spellings import named, places
from data.sources.tabular import Table, frame_of
from data.sources.xml_records import root_of

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "joafe"
TITLE = "Journal officiel : dissolutions d'associations"

_DISSOLUTION = r"(?i)dissolution"
_ANNULLED = r"(?i)annul"
_DEPOSIT = r"(?i)d[ée]p[ôo]t de compte"
#: what a merger says, once names and aims are left out
_MERGER = r"(?i)\bfusion|\babsorb|\babsorption|transmission universelle"
_NAMES = r'(?i)"(?:ancien|nouveau|nouvel)?_?(?:titre|objet|sigle)[^"]*"\s*:\s*"(?:[^"\\]|\\.)*"'
#: codes of the issues in XML: 3 a dissolution; twice the figure corrects, three times annuls
_CODES = {"3": "dissolution", "33": "dissolution", "333": "dissolution annulation"}
#: a declaration is published within weeks; beyond, one of the two days is mistyped
_LATEST_DAYS = 730
_MESSAGES = {
    "other": "annonce qui n'est pas une dissolution",
    "deposit": "dépôt de comptes : lu par la source joafe_accounts",
    "not_rna": "numéro qui n'est pas un RNA (les annonces d'avant 2007 portent un numéro interne)",
}


def sniff(sample: Sample) -> int:
    """Tell whether most of the lines seen of a file are notices other than deposits."""
    if sample.kind == "xml":
        return CERTAIN if is_issue(root_of(sample.head), sample.head) else NO
    notices = notices_of(sample.content)
    if notices is not None:
        kinds = [str(n.get("typeAvisLibelle")) for n in notices if isinstance(n, dict)]
        lines = pl.DataFrame({"source": "", "type": kinds}, schema_overrides={"type": pl.String})
    else:
        grid = next((grid for grid in sample.grids if grid.rows and score(grid.rows[0])), None)
        if grid is None:
            return NO
        header, *rows = grid.rows
        table = Table("", header, frame_of(list(enumerate(rows)), len(header)), {}, [], "", "")
        lines = named(table, places(header, COLUMNS), COLUMNS)
    if lines.is_empty():
        return POSSIBLE
    deposits = lines.filter(_is_deposit().fill_null(value=False)).height
    if 2 * deposits < lines.height:
        return CERTAIN
    return POSSIBLE if deposits < lines.height else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read notices of the Journal officiel into `events` and `retractions`, in memory.

    Parameters
    ----------
    path : pathlib.Path
        Export of the data set `jo_associations` (CSV, JSON, Parquet), the directory's answer for
        an association, or an issue in XML.
    options : ReadOptions
        `known_on`: day everything counts as known; without it the day of publication.

    Returns
    -------
    Parsed
        Table `events`: dissolutions and mergers, by RNA number (`siren` empty). `occurred_on` is
        the day of the declaration where it is one of the two years before the publication, that of
        the publication otherwise. Table `retractions`: the dissolutions that are annulled.

    Raises
    ------
    SourceError
        The file holds no notices of associations.
    """
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read notices piece by piece, as `read`: files larger than memory.

    Raises
    ------
    SourceError
        As `read`.
    """
    seen = Seen()
    for piece in pieces(path):
        yield _parsed(piece, seen, options)


def _is_deposit() -> pl.Expr:
    said = pl.col("source").str.to_lowercase() == "dca"
    return said.fill_null(value=False) | pl.col("type").str.contains(_DEPOSIT)


def _parsed(piece: Piece, seen: Seen, options: ReadOptions) -> Parsed:
    unsaid = pl.all_horizontal(pl.col("type", "facet", "act").is_null())
    code = pl.col("code").replace_strict(_CODES, default=None, return_dtype=pl.String)
    told = piece.frame.with_columns(
        pl.concat_str(
            # the issues in XML may give the code alone
            ["type", "state", "facet", "act", pl.when(unsaid).then(code)],
            separator=" ",
            ignore_nulls=True,
        ).alias("said"),
        _is_deposit().fill_null(value=False).alias("deposit"),
    ).with_columns(
        pl.col("said").str.contains(_DISSOLUTION).alias("ends"),
        pl.col("said").str.contains(_ANNULLED).alias("annulled"),
    )
    numbers = identifiers.repair(told["rna"])
    days = parse.dates(told["published"])
    judged = told.with_columns(
        numbers["rna"].alias("number"),
        days["day"].alias("day"),
        pl.when(days["day"].is_null())
        .then(pl.coalesce(days["problem"], pl.lit("bad_date")))
        .alias("day_problem"),
        parse.dates(told["declared"])["day"].alias("declared_day"),
    )
    judged = judged.with_columns(_reason())
    judged = judged.with_columns(_repeated(judged, seen))
    kept = judged.filter(pl.col("reason").is_null())
    known = pl.lit(options.known_on, dtype=pl.Date) if options.known_on else pl.col("day")
    return Parsed(
        rows_in=piece.frame.height,
        tables={
            "events": _events(kept.filter(~pl.col("annulled")), known),
            "retractions": kept.filter("annulled").select(
                _notice().alias("notice_id"),
                pl.lit(NAME).alias("source"),
                "source_row",
                known.alias("known_on"),
            ),
        },
        rejects=rejects_of(
            judged,
            piece.at_fault(
                {
                    "no_identifier": "rna",
                    "invalid_identifier": "rna",
                    "no_date": "published",
                    "bad_date": "published",
                    "out_of_scope": "type",
                }
            ),
            _message(),
        ),
    )


def _reason() -> pl.Expr:
    return first_reason(
        {
            "empty_line": pl.col("empty"),
            "wrong_field_count": pl.col("miscut"),
            "out_of_scope": pl.col("deposit") | ~pl.col("ends").fill_null(value=False),
            "no_identifier": parse.is_missing("rna"),
            "invalid_identifier": pl.col("number").is_null(),
            "no_date": pl.col("day_problem") == "no_date",
            "bad_date": pl.col("day_problem").is_not_null(),
        }
    ).alias("reason")


def _repeated(judged: pl.DataFrame, seen: Seen) -> pl.Expr:
    """Return the reasons with that of the notices met before: same number and day."""
    sound = judged["reason"].is_null()
    rows = judged.filter(sound).select("source_row", "number", "day", "annulled", "notice")
    again = rows.filter(seen.again(rows.drop("source_row")))["source_row"]
    return (
        pl.when(pl.col("source_row").is_in(again.implode()))
        .then(pl.lit("duplicate_line"))
        .otherwise("reason")
        .alias("reason")
    )


def _message() -> pl.Expr:
    return (
        pl.when((pl.col("reason") == "out_of_scope") & pl.col("deposit"))
        .then(pl.lit(_MESSAGES["deposit"]))
        .when(pl.col("reason") == "out_of_scope")
        .then(pl.lit(_MESSAGES["other"]))
        .when(pl.col("reason") == "invalid_identifier")
        .then(pl.lit(_MESSAGES["not_rna"]))
    )


def _notice() -> pl.Expr:
    return pl.concat_str(pl.lit("JOAFE-"), pl.col("number"))


def _events(kept: pl.DataFrame, known: pl.Expr) -> pl.DataFrame:
    late = (pl.col("day") - pl.col("declared_day")).dt.total_days()
    merged_into = (
        pl.concat_str(["type", pl.col("content").str.replace_all(_NAMES, "")], ignore_nulls=True)
        .str.contains(_MERGER)
        .fill_null(value=False)
    )
    schema = TABLES["events"].schema()
    facts = kept.select(
        pl.col("number").alias("rna"),
        pl.when(merged_into).then(pl.lit("merger")).otherwise(pl.lit("dissolution")).alias("kind"),
        pl.when(late.is_between(0, _LATEST_DAYS))
        .then("declared_day")
        .otherwise("day")
        .alias("occurred_on"),
        _notice().alias("notice_id"),
        pl.lit(NAME).alias("source"),
        "source_row",
        known.alias("known_on"),
    )
    return facts.select(
        (pl.col(name) if name in facts.columns else pl.lit(None, dtype=kind).alias(name))
        for name, kind in schema.items()
    )
