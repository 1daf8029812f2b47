"""Cells of a published file, whatever its format: separated text, workbook or JSON records."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from data.sources.base import SourceError, panicked
from data.sources.text import decode

#: how well a list of cells fits as a header: 0 when it is not one
Score = Callable[[Sequence[str]], int]

SEPARATORS = (";", ",", "\t", "|")
#: titles above a header never run further
HEADER_WITHIN = 40
_SAMPLE_LINES = 80
#: a quoted field longer than this is an opening quote that was never closed
MAX_FIELD_LINES = 60
#: so is one whose inner lines hold more separators than a paragraph does
MAX_INNER_SEPARATORS = 6
_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"


@dataclass(frozen=True)
class Grid:
    """Rows of text cells with the line (or record number) where each starts, from 1."""

    name: str
    rows: list[list[str]]
    lines: list[int]
    separator: str = ""
    encoding: str = ""


def read_grids(path: Path, score: Score) -> list[Grid]:
    """Return the grids of a file: one a sheet, a list of records, or a text file.

    Parameters
    ----------
    path : pathlib.Path
        The file; its content tells its format, whatever its name.
    score : callable
        Number of names recognised in a list of cells: chooses the separator of a text file.

    Raises
    ------
    SourceError
        The file is absent, empty, binary or damaged.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, f"lecture impossible ({error.strerror})") from error
    if raw.startswith((_ZIP, _OLE)):
        return _workbook(path)
    if raw.startswith(_PDF) or is_binary(raw):
        raise _unreadable(path, "fichier binaire")
    text, encoding = decode(raw)
    text = text.replace("\x00", "")
    if not text.strip():
        raise _unreadable(path, "fichier vide")
    if text.lstrip()[0] in "[{":
        grids = records(text, encoding)
        if grids:
            return grids
    return [delimited(text, encoding, score)]


def head_grids(path: Path, raw: bytes) -> list[Grid]:
    """Return the first rows of each table of a file, from its first bytes (workbooks: whole).

    The separator is the one that cuts the first lines into most cells, most regularly.

    Raises
    ------
    SourceError
        The file is binary or damaged.
    """
    if raw.startswith((_ZIP, _OLE)):
        return [
            Grid(grid.name, grid.rows[:HEADER_WITHIN], grid.lines[:HEADER_WITHIN])
            for grid in _workbook(path)
        ]
    if raw.startswith(_PDF) or is_binary(raw):
        raise _unreadable(path, "fichier binaire")
    text, encoding = decode(raw)
    text = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    lines = [line + "\n" for line in text.split("\n")[:_SAMPLE_LINES]]

    def regularity(separator: str) -> float:
        widths = Counter(len(row) for _, row in split(lines, separator) if any(row))
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return math.log(width) * count / max(widths.total(), 1)

    separator = max(SEPARATORS, key=regularity)
    rows = list(split(lines, separator))[:HEADER_WITHIN]
    return [Grid("", [row for _, row in rows], [line for line, _ in rows], separator, encoding)]


def is_binary(raw: bytes) -> bool:
    """Tell whether null bytes are too many to be accidents in a text."""
    sample = raw[:4096]
    return sample.count(0) > len(sample) // 100 and not raw.startswith((b"\xff\xfe", b"\xfe\xff"))


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(
        f"Le fichier « {path.name} » ne se lit pas comme un tableau.",
        code="source-unreadable",
        where=str(path),
        received=why,
        expected="un fichier csv, tsv, xlsx, xls, ods ou json",
        todo="ouvrez le fichier pour vérifier son contenu, puis exportez-le en csv",
    )


# --- Text with separators ---------------------------------------------------------------------


def delimited(text: str, encoding: str, score: Score) -> Grid:
    """Return the cells of a separated text; the separator is the one whose header scores best."""
    # Only true line ends: str.splitlines would also cut at the odd characters of a pasted text.
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    lines = [line + "\n" for line in text.split("\n")]
    if lines[0].lower().startswith("sep="):
        lines[0] = "\n"
    sample = lines[:_SAMPLE_LINES]

    def fit(separator: str) -> tuple[int, int]:
        rows = [row for _, row in split(sample, separator)]
        best = max((score(row) for row in rows[:HEADER_WITHIN]), default=0)
        return best, max((len(row) for row in rows), default=0)

    separator = max(SEPARATORS, key=fit)
    numbered = list(split(lines, separator))
    return Grid(
        name="",
        rows=[row for _, row in numbered],
        lines=[line for line, _ in numbered],
        separator=separator,
        encoding=encoding,
    )


def split(lines: list[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line number (from 1) and the cells of each record.

    A quote opened and never closed would swallow the rest of the file: such a line is read as it
    stands, and the reading starts again at the next one.
    """
    start = 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=separator)
        first = start
        try:
            for row in reader:
                end = start + reader.line_num
                if _runaway(lines, first, end, separator):
                    break
                yield first + 1, row
                first = end
            else:
                return
        except csv.Error:
            pass
        yield first + 1, [cell.strip('"') for cell in lines[first].rstrip("\n").split(separator)]
        start = first + 1


def _runaway(lines: list[str], first: int, end: int, separator: str) -> bool:
    """Tell whether a record of several lines comes from a quote that was never closed."""
    if end - first <= 1:
        return False
    inside = max(line.count(separator) for line in lines[first + 1 : end - 1] or [""])
    unclosed = end == len(lines) and '"' not in lines[end - 1]
    return end - first > MAX_FIELD_LINES or unclosed or inside > MAX_INNER_SEPARATORS


# --- Workbooks --------------------------------------------------------------------------------


def _workbook(path: Path) -> list[Grid]:
    try:
        book = CalamineWorkbook.from_path(path)
        return [_sheet(book, name) for name in book.sheet_names]
    except BaseException as error:
        damaged = isinstance(error, (CalamineError, OSError, ValueError))
        if damaged or panicked(error):
            raise _unreadable(path, f"classeur illisible ({error})") from error
        raise


def _sheet(book: CalamineWorkbook, name: str) -> Grid:
    rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return Grid(
        name=name,
        rows=[[_text(cell) for cell in row] for row in rows],
        lines=list(range(1, len(rows) + 1)),
    )


def _text(cell: object) -> str:
    """Return a cell as text: whole floats without `.0`, dates in ISO form."""
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


# --- JSON -------------------------------------------------------------------------------------


def records(text: str, encoding: str) -> list[Grid]:
    """Return one grid per list of records found; none when the text is not JSON."""
    try:
        content: object = json.loads(text)
    except ValueError:
        try:
            content = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            return []
    lists: dict[str, list[object]] = {}
    if isinstance(content, list):
        lists[""] = content
    elif isinstance(content, dict):
        lists = {
            str(key): value
            for key, value in content.items()
            if isinstance(value, list) and any(isinstance(item, dict) for item in value)
        } or {"": [content]}
    return [_record_grid(name, records, encoding) for name, records in lists.items()]


def _record_grid(name: str, records: list[object], encoding: str) -> Grid:
    flat = [_flat(record) for record in records]
    header = list(dict.fromkeys(key for record in flat for key in record))
    return Grid(
        name=name,
        rows=[header, *([record.get(key, "") for key in header] for record in flat)],
        lines=[0, *range(1, len(flat) + 1)],
        encoding=encoding,
    )


def _flat(record: object) -> dict[str, str]:
    """Return the fields of a record as texts; Opendatasoft and GeoJSON wrappers are opened."""
    while isinstance(record, dict):
        inner = next(
            (
                record[key]
                for key in ("record", "fields", "properties")
                if isinstance(record.get(key), dict)
            ),
            None,
        )
        if inner is None:
            return {str(key): _json_text(value) for key, value in record.items()}
        record = inner
    return {}


def _json_text(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return _text(value)
