"""An export as CSV: for a French spreadsheet (`excel`), or for programs (`standard`)."""

from __future__ import annotations

import io
from collections.abc import Generator
from dataclasses import dataclass

import polars as pl

from serving.exports.export import COLUMNS, Export

#: what a spreadsheet would take for a formula at the start of a cell
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"


@dataclass(frozen=True)
class Dialect:
    """How numbers and cells are written; `bom` tells a spreadsheet that the text is UTF-8."""

    separator: str
    decimal_comma: bool
    bom: bool


DIALECTS = {
    "excel": Dialect(";", decimal_comma=True, bom=True),
    "standard": Dialect(",", decimal_comma=False, bom=False),
}


def csv_chunks(export: Export, dialect: Dialect) -> Generator[bytes]:
    """Yield the file: one header, then the rows, each with the mark in its last columns.

    Texts are quoted, an unknown value is an empty cell without quotes. A text that a spreadsheet
    would run is preceded by an apostrophe.
    """
    yield _written(_marked(pl.DataFrame(schema=COLUMNS), export), dialect, header=True)
    for frame in export.frames():
        yield _written(_marked(frame, export), dialect, header=False)


def _marked(frame: pl.DataFrame, export: Export) -> pl.DataFrame:
    marks = [pl.lit(text).alias(name) for name, text in export.mark.columns().items()]
    texts = pl.col(pl.String)
    inert = pl.when(texts.str.contains(_FORMULA)).then("'" + texts).otherwise(texts)
    return frame.with_columns(marks).with_columns(inert.name.keep())


def _written(frame: pl.DataFrame, dialect: Dialect, *, header: bool) -> bytes:
    made = io.BytesIO()
    frame.write_csv(
        made,
        include_header=header,
        include_bom=header and dialect.bom,
        separator=dialect.separator,
        decimal_comma=dialect.decimal_comma,
        quote_style="non_numeric",
        line_terminator="\r\n",
    )
    return made.getvalue()
