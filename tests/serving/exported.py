"""Read back what an export holds, whatever its format, and the list it must equal."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

if TYPE_CHECKING:
    from tests.serving.conftest import Browser

LIST = "/api/v1/structures"
EXPORT = "/api/v1/exports/structures"
Row = dict[str, Any]

WHOLE = {"rank", "employees", "horizon_months"}
SHARES = {"p", "low", "high", "coverage"}


def whole_list(browser: Browser, query: str = "") -> list[Row]:
    """Return every row of the list of the API, page after page, without its alerts of the day."""
    rows: list[Row] = []
    cursor = ""
    while True:
        answer = browser.get(f"{LIST}?limit=50&{query}{cursor}")
        assert answer.status_code == 200, answer.text
        rows += [{k: v for k, v in row.items() if k != "alert"} for row in answer.json()["items"]]
        if not answer.json()["next_cursor"]:
            return rows
        cursor = f"&cursor={answer.json()['next_cursor']}"


def csv_rows(content: bytes, *, separator: str = ";", comma: bool = True) -> list[dict[str, str]]:
    """Return the lines of a CSV as texts."""
    text = content.decode("utf-8-sig" if comma else "utf-8")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=separator))


def csv_values(content: bytes, *, separator: str = ";", comma: bool = True) -> list[Row]:
    """Return the rows of a CSV with the types of the list; a mark of formula stays as it is."""
    marks = {"exported_by", "exported_at", "publication", "filters", "notice"}
    rows: list[Row] = []
    for line in csv_rows(content, separator=separator, comma=comma):
        row: Row = {}
        for name, text in line.items():
            if name in marks:
                continue
            if name in SHARES and text:
                row[name] = float(text.replace(",", ".")) if comma else float(text)
            elif name in WHOLE and text:
                row[name] = int(text)
            else:
                row[name] = text or None
        rows.append(row)
    return rows


def parquet_values(content: bytes) -> list[Row]:
    """Return the rows of a Parquet file."""
    found: list[Row] = pq.read_table(io.BytesIO(content)).to_pylist()
    return found


def sheet(content: bytes, name: str) -> list[list[Any]]:
    """Return the cells of a sheet."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(name).to_python()
