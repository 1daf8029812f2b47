"""Staff by month as the URSSAF knows it: one line a structure or a place, one column a month.

Staff is declared with the contributions of the month: it is known on the last day of the month
after. A column is named by its year, quarter and month of the quarter (eff201722 is May 2017). An
empty cell, -1 and 0 say nothing: the extract writes 0 also where nothing was declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.contracts import TABLES
from data.rejects import empty_rejects
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError, merged
from data.sources.openings import open_pieces
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.seen import Seen
from data.sources.spellings import cells_of, named, places
from data.sources.text import fold
from data.sources.unit_lines import first_rules, runs, units
from data.sources.urssaf_codes import month_after, periods

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "urssaf_effectif"
TITLE = "URSSAF : effectifs par mois"

COLUMNS: dict[str, tuple[str, ...]] = {
    "siret": ("siret",),
    "siren": ("siren",),
    "account": ("compte", "num_cpte", "numero de compte"),
}
#: the month of a column: eff201722, or eff1722
_MONTH = re.compile(r"eff([0-9]{6}|[0-9]{4})")
_EXPECTED = (
    "un fichier d'effectifs a une colonne siret ou siren, et une colonne par mois : eff202311, "
    "eff202312…"
)
#: lines whose facts, one a month, are made at once
_AT_ONCE = 4_000
_NUMBER = r"^[0-9]{1,7}(?:[.,][0-9]{1,2})?$"
_NOT_SAID = "-1"
#: reasons that leave the staff of the other places unknown
_UNREAD = ("bad_amount", "wrong_field_count")
_NO_MONTH = "aucun mois renseigné"
_NOT_STAFF = "effectif qui n'est pas un nombre"
_PART_UNKNOWN = (
    "une autre ligne de la même structure est illisible : son effectif total n'est pas connu"
)
_TWICE = "structure déjà lue plus haut"


def months_of(header: Sequence[str]) -> dict[str, int]:
    """Return the months of a header ("2017-05"), each with the place of its first column."""
    codes = [_MONTH.fullmatch(fold(name)) for name in header]
    read = periods(pl.Series([code[1] if code else None for code in codes], dtype=pl.String))
    months: dict[str, int] = {}
    for place, period in enumerate(read["period"]):
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}", period or ""):
            months.setdefault(period, place)
    return months


def _score(header: Sequence[str]) -> int:
    known = places(header, {name: COLUMNS[name] for name in ("siret", "siren")})
    return len(known) + len(months_of(header)) if known and months_of(header) else 0


def _is_read(name: str) -> bool:
    wanted = {fold(spelled) for spellings in COLUMNS.values() for spelled in spellings}
    return fold(name) in wanted or _MONTH.fullmatch(fold(name)) is not None


def sniff(sample: Sample) -> int:
    """Tell whether a file holds staff by month: its columns are those of no other file."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one extract of staff into `workforce`, in memory; see `parts`."""
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read one extract of staff into `workforce`, piece by piece.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line a structure (SIREN) or one an account and a place
        (SIRET).
    options : ReadOptions
        `known_on`: day every line counts as known.

    Yields
    ------
    Parsed
        One fact a line and a month; the lines of a structure each say its whole staff, the sum of
        its places.

    Raises
    ------
    SourceError
        The file holds no staff by month, or is larger than memory and the places of a structure do
        not follow each other.
    """
    tables = open_pieces(path, _score, expected=_EXPECTED, keep=_is_read)
    first = next(tables)
    at, months = places(first.header, COLUMNS), months_of(first.header)
    names = {name: (name,) for name in (*COLUMNS, *months)}
    lines = (
        named(table, {**at, **months}, names).with_columns(_key(at))
        for table in chain([first], tables)
    )
    seen = Seen()
    for frame in runs(lines, ("key",)):
        judged = _judged(frame, list(months))
        met = judged.select(pl.col("unit").drop_nulls().unique(maintain_order=True))
        again = met.filter(seen.again(met))["unit"]
        if "siret" not in at:
            twice = pl.col("unit").is_in(again.implode()) | ~pl.col("unit").is_first_distinct()
            judged = further(judged, [Rule(twice, "duplicate_line", "siren", _TWICE)])
        elif again.len():
            raise _scattered(path)
        total = _totals(judged.filter(pl.col("reason").is_null()), list(months))
        for some in judged.iter_slices(_AT_ONCE):
            kept = some.filter(pl.col("reason").is_null())
            yield Parsed(
                rows_in=some.height,
                tables={"workforce": _facts(kept, total, options)},
                rejects=rejects_of(some, first.header, {**at, **months}),
            )
        if judged.is_empty():
            yield Parsed(0, {"workforce": TABLES["workforce"].empty()}, empty_rejects())


def _key(at: Mapping[str, int]) -> pl.Expr:
    """Return `key`: the SIREN written, where a structure may have several lines."""
    digits = pl.col("siret").str.replace_all("[^0-9]", "").str.slice(0, identifiers.SIREN_DIGITS)
    return (digits if "siret" in at else pl.lit("")).alias("key")


def _scattered(path: Path) -> SourceError:
    return SourceError(
        f"Les établissements d'une même structure sont dispersés dans « {path.name} ».",
        code="urssaf-scattered",
        where=str(path),
        received="un fichier trop grand pour être lu d'un bloc, et qui n'est pas trié",
        expected="les lignes d'une même structure à la suite, pour en faire le total",
        todo="triez le fichier par SIRET",
    )


def _number(month: str) -> str:
    """Return the name of the column that holds the number of a month, beside its text."""
    return f"staff {month}"


def _staff(month: str) -> pl.Expr:
    """Return the number of a month's column, 0 where it says nothing, null where unreadable."""
    text = pl.col(month).str.replace_all(r"\s", "").str.replace(r"[.,]0+$", "")
    number = pl.when(text.str.contains(_NUMBER)).then(text.str.replace(",", ".", literal=True))
    return (
        pl.when(parse.is_missing(month) | (text == _NOT_SAID))
        .then(0.0)
        .otherwise(number.cast(pl.Float64))
        .alias(month)
    )


def _judged(lines: pl.DataFrame, months: list[str]) -> pl.DataFrame:
    """Add `unit`, the number of each month, and the verdict."""
    staff = lines.select(_staff(month) for month in months)
    wrong = (pl.when(pl.col(month).is_null()).then(pl.lit(month)) for month in months)
    judged = lines.with_columns(
        *units(lines["siret"], lines["siren"]),
        *staff.rename(_number).get_columns(),
        staff.select(pl.coalesce(*wrong).alias("wrong")).to_series(),
        staff.select(pl.any_horizontal(pl.all() > 0).alias("some")).to_series(),
    ).with_columns(
        *verdicts(
            [
                *first_rules("siren"),
                Rule(pl.col("wrong").is_not_null(), "bad_amount", "wrong", _NOT_STAFF),
                Rule(~pl.col("some"), "no_amount", "", _NO_MONTH),
            ]
        )
    )
    judged = further(
        judged, [Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line")]
    )
    unread = pl.col("unit").is_not_null() & pl.col("reason").is_in(_UNREAD)
    judged = further(
        judged.with_columns(unread.any().over("unit").alias("unread")),
        [Rule(pl.col("unread"), "bad_amount", "", _PART_UNKNOWN)],
    )
    return judged.with_columns(
        pl.when(pl.col("fault") == "wrong").then("wrong").otherwise("fault").alias("fault")
    )


def _totals(kept: pl.DataFrame, months: list[str]) -> pl.DataFrame:
    """Return `unit` and, by month, the staff of all its places."""
    staff = (pl.col(_number(month)).alias(month) for month in months)
    return kept.select("unit", *staff).group_by("unit").agg(pl.all().sum())


def _facts(kept: pl.DataFrame, totals: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    months = totals.columns[1:]
    whole = kept.select("unit").join(totals, on="unit", how="left", maintain_order="left")
    said = kept.select(
        "unit",
        "source_row",
        # a line tells the months that it fills itself
        *(pl.when(pl.col(_number(month)) > 0).then(whole[month]).alias(month) for month in months),
    )
    first = {month: date.fromisoformat(f"{month}-01") for month in months}
    after = month_after(pl.Series(list(first.values()), dtype=pl.Date)).to_list()
    told = dict(zip(months, after, strict=True))
    return (
        said.unpivot(index=["unit", "source_row"], variable_name="month", value_name="employees")
        .filter(pl.col("employees").is_not_null())
        .select(
            pl.col("unit").alias("siren"),
            pl.col("month").replace_strict(first, return_dtype=pl.Date).alias("month_on"),
            "employees",
            pl.lit(NAME).alias("source"),
            "source_row",
            (
                pl.lit(options.known_on)
                if options.known_on
                else pl.col("month").replace_strict(told, return_dtype=pl.Date)
            ).alias("known_on"),
        )
    )
