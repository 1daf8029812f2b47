"""Rows of facts given with a call, as canonical tables, each value held to its contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from data.contracts import TABLES
from data.schema import EUR, Column, Table
from features.facts import BY_STRUCTURE
from serving.live.call import Row, Scalar
from serving.live.errors import CallError

#: what a call need not say, beside what is nullable: it stands for one source
SOURCE = "call"
_DEFAULTS: dict[str, dict[str, Scalar]] = {
    "grants": {
        "stage": "awarded",
        "funder_level": "unknown",
        "instrument": "grant",
        "dataset": SOURCE,
    },
}
#: the least and the most of a number
BOUNDS: dict[str, tuple[int, int]] = {
    "fiscal_year": (1900, 2100),
    "year": (1900, 2100),
    "severity": (1, 3),
    "mean_days": (0, 36_500),
}
#: an amount as text, and the most that one may be: sums of all the lines stay exact
AMOUNT, MOST_EUROS = r"-?[0-9]{1,10}(\.[0-9]{1,2})?", 10**10
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_GIVEN_BY_US = {"siren", "rna", "source_row"}

#: rows of a table with the path of each in the call, and the structure it is of
Rows = Sequence[tuple[str, str, Row]]


def columns_of(table: str) -> dict[str, Column]:
    """Return the columns that a call may give for a table."""
    return {n: c for n, c in TABLES[table].columns.items() if n not in _GIVEN_BY_US}


def required(table: str) -> list[str]:
    """Return the columns that a call must give for a table."""
    said = {*_DEFAULTS.get(table, {}), "known_on", "source", "payment_id"}
    return [n for n, c in columns_of(table).items() if not c.nullable and n not in said]


def tables_of(
    histories: Iterable[tuple[str, str, dict[str, list[Row]]]], as_of: date
) -> dict[str, pl.DataFrame]:
    """Return the canonical tables of the histories of a call.

    Parameters
    ----------
    histories : iterable of (path, siren, tables)
        Path of the structure in the call, what stands for its SIREN, its rows by table.
    as_of : datetime.date
        The day known of a row that does not say it.

    Raises
    ------
    CallError
        `unknown-table`, `unknown-column`, `missing-value`, `bad-fact`: the path says which.
    """
    rows: dict[str, list[tuple[str, str, Row]]] = {table: [] for table in BY_STRUCTURE}
    for path, siren, tables in histories:
        for table, lines in tables.items():
            if table not in rows:
                raise CallError(
                    "Cette table de faits n'existe pas.",
                    code="unknown-table",
                    where=f"{path}.histories",
                    received=table,
                    expected=", ".join(BY_STRUCTURE),
                )
            at = f"{path}.histories.{table}"
            rows[table] += [(f"{at}[{k}]", siren, row) for k, row in enumerate(lines)]
    return {table: frame_of(table, found, as_of) for table, found in rows.items() if found}


def frame_of(table: str, rows: Rows, as_of: date) -> pl.DataFrame:
    """Return rows of facts in the columns and types of their table; CallError as `tables_of`."""
    contract = TABLES[table]
    known = columns_of(table)
    for path, _, row in rows:
        for name in row:
            if name not in known:
                raise CallError(
                    "Cette colonne n'existe pas dans cette table.",
                    code="unknown-column",
                    where=path,
                    received=name,
                    expected=", ".join(known),
                )
    defaults = {"source": SOURCE, "known_on": as_of.isoformat(), **_DEFAULTS.get(table, {})}
    series = []
    for name, column in contract.columns.items():
        if name == "siren":
            values: list[Any] = [siren for _, siren, _ in rows]
        elif name == "source_row":
            values = list(range(1, len(rows) + 1))
        else:
            read = _READERS[column.dtype]
            values = [
                # What links the states of an instalment; alone, it is linked to none.
                _read(
                    row.get(name, path if name == "payment_id" else defaults.get(name)),
                    column,
                    read,
                    path,
                    name,
                )
                for path, _, row in rows
            ]
        series.append(pl.Series(name, values, dtype=column.dtype))
    frame = pl.DataFrame(series)
    _refuse(contract, frame, rows)
    return frame


def _read(
    value: Scalar, column: Column, read: Callable[[Any], object], path: str, name: str
) -> object:
    if value is None:
        if column.nullable or name in _GIVEN_BY_US:
            return None
        raise CallError(
            "Une valeur obligatoire manque.",
            code="missing-value",
            where=f"{path}.{name}",
            expected=column.meaning,
        )
    try:
        return read(_within(value, name))
    except (ValueError, TypeError, OverflowError) as error:
        raise CallError(
            "La valeur d'un fait ne se lit pas.",
            code="bad-fact",
            where=f"{path}.{name}",
            received=value,
            expected=_expected(column, name),
        ) from error


def _within(value: Scalar, name: str) -> Scalar:
    if name in BOUNDS and not isinstance(value, str):
        low, high = BOUNDS[name]
        if value is None or not low <= value <= high:
            raise ValueError
    return value


def _refuse(contract: Table, frame: pl.DataFrame, rows: Rows) -> None:
    faults = contract.faults(frame)
    for name, values in faults.items():
        at = frame[name].is_in(values).arg_true()[0] if name in frame.columns else 0
        column = contract.columns[name]
        raise CallError(
            "La valeur d'un fait n'est pas acceptée.",
            code="bad-fact",
            where=f"{rows[at][0]}.{name}",
            received=values[0],
            expected=", ".join(column.values) if column.values else str(column.pattern),
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise TypeError
    return int(value)


def _real(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return float(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _euros(value: object) -> Decimal:
    if isinstance(value, str):
        if not re.fullmatch(AMOUNT, value):
            raise ValueError
    elif isinstance(value, bool) or not abs(float(value)) <= MOST_EUROS:  # type: ignore[arg-type]
        raise TypeError
    return Decimal(str(value)).quantize(_CENT)


def _day(value: object) -> date:
    text = _text(value)
    if not re.fullmatch(DAY, text):
        raise ValueError
    return date.fromisoformat(text)


def _expected(column: Column, name: str) -> str:
    if name in BOUNDS:
        return f"{_EXPECTED[column.dtype]} de {BOUNDS[name][0]} à {BOUNDS[name][1]}"
    return _EXPECTED[column.dtype]


_CENT = Decimal("0.01")


_READERS: dict[Any, Callable[[Any], object]] = {
    pl.String: _text,
    pl.Int32: _whole,
    pl.Int64: _whole,
    pl.Float64: _real,
    pl.Boolean: _truth,
    pl.Date: _day,
    EUR: _euros,
}
_EXPECTED: dict[Any, str] = {
    pl.String: "un texte",
    pl.Int32: "un nombre entier",
    pl.Int64: "un nombre entier",
    pl.Float64: "un nombre",
    pl.Boolean: "true ou false",
    pl.Date: "un jour AAAA-MM-JJ",
    EUR: f"un montant en euros, de moins de {MOST_EUROS}",
}
