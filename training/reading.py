"""A table of anyone's, Parquet or CSV, with its keys and its label in one type."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl

from data.errors import VeilleError

#: what stands for a missing value in the panels that are published
MISSING = ["", "NA", "N/A", "na", "nan", "NaN", "null", "NULL", "None", "?"]
_SUFFIXES = {".csv", ".txt", ".tsv"}
_SAMPLE = 1 << 16


def read_rows(path: Path) -> pl.DataFrame:
    """Return the rows of a file: `structure_id` as text, `as_of` and `event_on` as days.

    A year (2019) as `as_of` is its last day. Without `structure_id`, each row is a structure. A
    label `event` is 0, 1 or null.

    Raises
    ------
    VeilleError
        The file is missing, is no Parquet or CSV, is empty, or a key or label cannot be read.
    """
    rows = _table(path)
    if rows.is_empty():
        raise _bad(path, "aucune ligne", "au moins une ligne")
    if "structure_id" not in rows.columns:
        if "as_of" in rows.columns:
            raise _bad(path, ", ".join(rows.columns[:12]), "une colonne structure_id")
        numbers = pl.int_range(1, rows.height + 1).cast(pl.String)
        rows = rows.with_columns(numbers.alias("structure_id"))
    rows = rows.with_columns(pl.col("structure_id").cast(pl.String))
    _no_null(path, rows["structure_id"])
    if "as_of" in rows.columns:
        rows = rows.with_columns(_days(path, rows["as_of"]))
        _no_null(path, rows["as_of"])
    if "event_on" in rows.columns:
        rows = rows.with_columns(_days(path, rows["event_on"]))
    elif "event" in rows.columns:
        rows = rows.with_columns(_events(path, rows["event"]))
    return rows


def _table(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise _bad(path, "aucun fichier de ce nom", "un fichier Parquet ou CSV")
    try:
        if path.suffix.lower() not in _SUFFIXES:
            return pl.read_parquet(path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.read(_SAMPLE)
        try:
            separator = csv.Sniffer().sniff(head.split("\n", 1)[0], ",;\t|").delimiter
        except csv.Error:
            separator = ","
        return pl.read_csv(path, separator=separator, null_values=MISSING, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        what = str(error).strip().splitlines()[0]
        raise _bad(path, what, "un fichier Parquet, ou CSV en UTF-8 (.csv)") from error


def _days(path: Path, column: pl.Series) -> pl.Series:
    """Return a column of days from dates, times, years or text."""
    kind, name = column.dtype, column.name
    if kind == pl.Date:
        return column
    if isinstance(kind, pl.Datetime):
        return column.cast(pl.Date)
    if kind.is_integer() and column.drop_nulls().is_between(1900, 2100).all():
        years = pl.date(pl.col(name).cast(pl.Int32), 12, 31)
        return column.to_frame().select(years.alias(name)).to_series()
    text = column.cast(pl.String)
    days = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    lost = days.is_null() & text.is_not_null()
    if lost.any():
        at = int(lost.arg_true()[0])
        raise _bad(path, text[at], "un jour AAAA-MM-JJ, ou une année", f"{name}, ligne {at + 1}")
    return days


def _events(path: Path, column: pl.Series) -> pl.Series:
    events = column.cast(pl.Float64, strict=False)
    wrong = (events.is_null() & column.is_not_null()) | ~events.fill_null(0.0).is_in([0.0, 1.0])
    if wrong.any():
        at = int(wrong.arg_true()[0])
        raise _bad(
            path, column[at], "0, 1, ou rien si ce n'est pas connu", f"event, ligne {at + 1}"
        )
    return events.cast(pl.Int8).alias("event")


def _no_null(path: Path, column: pl.Series) -> None:
    if column.null_count():
        at = int(column.is_null().arg_true()[0])
        raise _bad(path, None, "une valeur à chaque ligne", f"{column.name}, ligne {at + 1}")


def _bad(path: Path, received: object, expected: str, where: str = "") -> VeilleError:
    return VeilleError(
        "Le panel ne se lit pas.",
        code="bad-panel",
        where=f"{path}{' : ' + where if where else ''}",
        received=received,
        expected=expected,
        todo="corriger le fichier ; docs/guide-analyste.md en montre un",
    )
