"""Deposits of yearly accounts by associations, published in the Journal officiel (DCA).

The data set `jo_associations` mixes them with notices of creation, change and dissolution: its
lines whose `source` is "dca" are read, and the answer of the Annuaire des entreprises for one
association. A deposit is known on the day it is published.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import polars as pl

from data.sources import parse
from data.sources.base import CERTAIN, NO, POSSIBLE, Parsed, ReadOptions, merged
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.seen import Seen
from data.sources.spellings import named, places, scorer
from data.sources.tabular import Table, frame_of
from data.sources.text import decode
from data.sources.unit_lines import date_rules, first_rules, open_lines, units

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "joafe_accounts"
TITLE = "Journal officiel : dépôts de comptes des associations"

COLUMNS: dict[str, tuple[str, ...]] = {
    "kind": ("source",),
    "siret": ("dca_siren",),
    "closed": ("dca_datecloture",),
    "published": ("dateparution", "datePublication"),
    "notice": ("id", "numeroParution"),
    "details": ("details",),
}
_NEEDED = frozenset({"siret", "closed", "published"})
_EXPECTED = (
    "un export de dépôts de comptes a les colonnes dca_siren, dca_datecloture et dateparution ; "
    "la réponse de l'annuaire a une liste result.annonces."
)
#: SIREN and day of the end of the year: 999999999_31122022
_DEPOSIT = r"^([0-9]{9})_([0-9]{2})([0-9]{2})([0-9]{4})"
_OTHER_NOTICE = "annonce qui n'est pas un dépôt de comptes"
_BEFORE_END = "comptes publiés avant la fin de l'exercice"
_AGAIN = "comptes de cet exercice déjà publiés (rectificatif, ou annonce répétée)"
#: an annuaire answer is about one association
_ANSWER_BYTES = 8_000_000
_ANSWER = ("datePublication", "numeroParution", "details")


_score = scorer(COLUMNS, _NEEDED)


def _is_deposit() -> pl.Expr:
    """Tell whether a line is a deposit: it says so, or else its number or its SIREN does."""
    form = pl.col("notice").str.contains(_DEPOSIT).fill_null(value=False)
    return (
        pl.when(pl.col("kind").is_not_null())
        .then(pl.col("kind").str.to_lowercase() == "dca")
        .otherwise(form | pl.col("siret").is_not_null())
    )


def notices_of(content: object) -> list[object] | None:
    """Return the notices of an answer of the Annuaire, None where it is none."""
    result = content.get("result") if isinstance(content, dict) else None
    notices = result.get("annonces") if isinstance(result, dict) else None
    return notices if isinstance(notices, list) else None


def sniff(sample: Sample) -> int:
    """Tell whether most of the lines seen of a file are deposits of accounts."""
    notices = notices_of(sample.content)
    if notices is not None:
        lines = _answer(notices)
    else:
        grid = next((grid for grid in sample.grids if grid.rows and _score(grid.rows[0])), None)
        if grid is None:
            return NO
        header, *rows = grid.rows
        frame = frame_of(list(enumerate(rows)), len(header))
        table = Table("", header, frame, {}, [], "", "")
        lines = named(table, places(header, COLUMNS), COLUMNS)
    deposits = lines.filter(_is_deposit()).height
    if lines.is_empty():
        return POSSIBLE
    if 2 * deposits >= lines.height:
        return CERTAIN
    return POSSIBLE if deposits else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one file of deposits into `accounts`, in memory; see `parts`."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read one file of deposits into `accounts`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        Export of `jo_associations` (CSV, JSON, Parquet), or the answer of the Annuaire in JSON.
    options : ReadOptions
        `known_on`: day every line counts as known.

    Yields
    ------
    Parsed
        One fact a structure and a year: of the notices of the same accounts the first published is
        kept (the first of the file, where that is larger than memory). Other notices are out of
        scope.

    Raises
    ------
    SourceError
        The file holds no deposits of accounts.
    """
    answer = _answer_of(path)
    if answer is not None:
        header, at, lines = list(_ANSWER), places(_ANSWER, COLUMNS), iter([answer])
    else:
        header, at, lines = open_lines(path, COLUMNS, _score, expected=_EXPECTED)
    seen = Seen()
    for frame in lines:
        judged = _judged(frame, seen)
        yield Parsed(
            rows_in=judged.height,
            tables={"accounts": _facts(judged.filter(pl.col("reason").is_null()), options)},
            rejects=rejects_of(judged, header, at),
        )


def _answer_of(path: Path) -> pl.DataFrame | None:
    """Return the notices of a file that is an answer of the Annuaire, None where it is not."""
    try:
        if path.stat().st_size > _ANSWER_BYTES:
            return None
        text = decode(path.read_bytes())[0]
        notices = notices_of(json.loads(text)) if text.lstrip().startswith("{") else None
    except (OSError, ValueError, RecursionError):
        return None
    return None if notices is None else _answer(notices)


def _answer(notices: Sequence[object]) -> pl.DataFrame:
    rows = []
    for number, notice in enumerate(notices, 1):
        fields = notice if isinstance(notice, dict) else {}
        values = (fields.get(name) for name in _ANSWER)
        rows.append((number, [value if isinstance(value, str) else "" for value in values]))
    table = Table("", list(_ANSWER), frame_of(rows, len(_ANSWER)), {}, [], "", "")
    return named(table, places(_ANSWER, COLUMNS), COLUMNS)


def _judged(lines: pl.DataFrame, seen: Seen) -> pl.DataFrame:
    """Add `unit`, `closed_on` and `filed_on`, and the verdict."""
    form = pl.col("notice").str.extract
    said = lines.select(
        pl.coalesce("siret", form(_DEPOSIT, 1)).alias("siret"),
        pl.coalesce(
            "closed",
            pl.col("details").str.extract(r":\s*(.+)$"),
            pl.concat_str(form(_DEPOSIT, 4), form(_DEPOSIT, 3), form(_DEPOSIT, 2), separator="-"),
        ).alias("closed"),
    )
    closed, published = parse.dates(said["closed"]), parse.dates(lines["published"])
    judged = lines.with_columns(
        *units(said["siret"]),
        said["siret"].alias("siret"),
        said["closed"].alias("closed"),
        closed["day"].alias("closed_on"),
        closed["problem"].alias("closed_problem"),
        published["day"].alias("filed_on"),
        published["problem"].alias("published_problem"),
        _is_deposit().alias("deposit"),
    )
    judged = judged.with_columns(
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(~pl.col("deposit"), "out_of_scope", "kind", _OTHER_NOTICE),
                *first_rules(),
                *date_rules("closed_problem", "closed", "date de clôture absente"),
                Rule(pl.col("closed_on").is_null(), "bad_date", "closed"),
                *date_rules("published_problem", "published", "date de parution absente"),
                Rule(pl.col("filed_on").is_null(), "bad_date", "published"),
                Rule(pl.col("filed_on") < pl.col("closed_on"), "bad_date", "closed", _BEFORE_END),
            ]
        )
    )
    accounts = ("unit", "closed_on")
    sound = judged.filter(pl.col("reason").is_null())
    first = sound.sort("filed_on", "source_row").unique(accounts, keep="first")["source_row"]
    later = ~pl.col("source_row").is_in(first.implode())
    judged = further(judged, [Rule(later, "duplicate_line", "notice", _AGAIN)])
    kept = judged.filter(pl.col("reason").is_null())
    again = kept.filter(seen.again(kept.select(accounts)))["source_row"].implode()
    return further(
        judged, [Rule(pl.col("source_row").is_in(again), "duplicate_line", "notice", _AGAIN)]
    )


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    return kept.select(
        pl.col("unit").alias("siren"),
        "closed_on",
        "filed_on",
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col("filed_on")).alias("known_on"),
    )
