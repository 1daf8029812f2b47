"""An export as a workbook: a sheet that says what it is, then the list, in words."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.access.pseudonym import HIDDEN
from serving.exports.export import Export, check_sheet
from serving.exports.watermark import Watermark
from serving.web import words

if TYPE_CHECKING:
    import xlsxwriter  # type: ignore[import-untyped]

_PIECE = 1 << 18
_A4 = 9


@dataclass(frozen=True)
class Column:
    """A column of the sheet: key of the list, heading, width in characters, how it is said.

    `kind` is `text`, `whole` or `share`; `words` turns a code into French.
    """

    key: str
    title: str
    width: int
    kind: str = "text"
    words: Callable[[str], str] = str


def _level(code: str) -> str:
    return words.LEVELS.get(code, code)


def _family(code: str) -> str:
    return words.FAMILIES.get(code, code)


SHEET = (
    Column("rank", "Rang", 8, "whole"),
    Column("siren", "SIREN", 11),
    Column("pseudonym", "Pseudonyme", 12),
    Column("name", "Structure", 44),
    Column("level", "Niveau", 20, words=_level),
    Column("p", "Risque", 9, "share"),
    Column("low", "Risque, borne basse", 11, "share"),
    Column("high", "Risque, borne haute", 11, "share"),
    Column("horizon_months", "Horizon (mois)", 9, "whole"),
    Column("departement", "Département", 26, words=words.departement_name),
    Column("region", "Région", 26, words=words.region_name),
    Column("commune", "Commune (code INSEE)", 12),
    Column("ess_family", "Famille de l’ESS", 22, words=_family),
    Column("sector", "Secteur (code)", 14),
    Column("sector_label", "Secteur", 28),
    Column("naf", "Code NAF", 10),
    Column("employees", "Effectif", 9, "whole"),
    Column("employees_band", "Tranche d’effectif", 24, words=words.band),
    Column("coverage", "Part des indicateurs renseignés", 14, "share"),
)


def shown_columns(export: Export) -> tuple[Column, ...]:
    """Return the columns of the sheet for this reader: what is hidden takes no place."""
    gone = {"pseudonym"} if export.nominative else set(HIDDEN)
    return tuple(column for column in SHEET if column.key not in gone)


def xlsx_chunks(export: Export) -> Generator[bytes]:
    """Yield the file; empty pieces come while it is being made, so that one may give up.

    The rows go straight to a temporary folder, removed when the iterator ends or is closed.

    Raises
    ------
    RankingError
        `too-many-rows`.
    """
    check_sheet(len(export.positions))
    with tempfile.TemporaryDirectory(prefix="veille-export-") as folder:
        path = Path(folder) / "list.xlsx"
        yield from _write(export, path)
        with path.open("rb") as made:
            while piece := made.read(_PIECE):
                yield piece


def _write(export: Export, path: Path) -> Iterator[bytes]:
    import xlsxwriter

    book = xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(path.parent)})
    try:
        _properties(book, export.mark)
        _about(book, export.mark)
        yield from _list(book, export)
        book.close()
    finally:
        for sheet in book.worksheets():
            # Closed already, unless the making was given up.
            sheet.row_data_fh.close()


def _properties(book: xlsxwriter.Workbook, said: Watermark) -> None:
    book.set_properties(
        {
            "title": f"{words.risk_title(said.target)} à {said.horizon_months} mois",
            "subject": f"Publication {said.publication}",
            "author": said.exported_by,
            "comments": said.notice,
            "keywords": "confidentiel" + (", données fictives" if said.synthetic else ""),
            "created": said.exported_at.replace(tzinfo=None),
        }
    )
    for name, value in said.pairs().items():
        # A custom property holds 255 of Excel's characters; the first sheet has the whole of it.
        book.set_custom_property(f"veille.{name}", _cut(value, 255), "text")


def _cut(text: str, size: int) -> str:
    """Return the beginning of a text, at most this many UTF-16 units: what Excel counts."""
    return text.encode("utf-16-le")[: 2 * size].decode("utf-16-le", errors="ignore")


def _about(book: xlsxwriter.Workbook, said: Watermark) -> None:
    sheet = book.add_worksheet("À lire")
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    sheet.set_column(0, 0, 24, bold)
    sheet.set_column(1, 1, 90, wrapped)
    lines = (
        ("Usage", said.notice),
        ("Données", "fictives" if said.synthetic else "réelles"),
        ("Exporté par", said.exported_by),
        ("Exporté le (UTC)", said.at),
        ("Liste", f"{words.risk_title(said.target)} à {said.horizon_months} mois"),
        ("Publication", said.publication),
        ("Données connues au", f"{said.as_of:%d/%m/%Y}"),
        ("Territoire", said.territory),
        ("Filtres et tri", said.filters),
        ("Structures", str(said.rows)),
        ("Définition", words.DEFINITIONS.get(said.target, "")),
        ("Niveau", "Il se rapporte à l’horizon principal, comme le rang."),
        ("Données insuffisantes", "Ce n’est pas un risque faible : le risque n’est pas estimé."),
    )
    for number, (title, text) in enumerate(lines):
        sheet.write_string(number, 0, title, bold)
        sheet.write_string(number, 1, text, wrapped)
    _print(sheet, said)


def _list(book: xlsxwriter.Workbook, export: Export) -> Iterator[bytes]:
    sheet = book.add_worksheet("Structures")
    columns = shown_columns(export)
    heading = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    formats = {
        "text": book.add_format({"num_format": "@"}),
        "whole": book.add_format({"num_format": "0"}),
        "share": book.add_format({"num_format": "0.0%"}),
    }
    last, rows = len(columns) - 1, len(export.positions)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width, formats[column.kind])
        sheet.write_string(0, place, column.title, heading)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, rows, last)
    # A SIREN is a text: without this a spreadsheet marks each as a mistake.
    sheet.ignore_errors({"number_stored_as_text": f"A1:S{rows + 1}"})
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    _print(sheet, export.mark)
    row = 1
    for frame in export.frames():
        for values in frame.select(column.key for column in columns).iter_rows():
            _row(sheet, row, columns, values, formats)
            row += 1
        yield b""


def _row(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    columns: tuple[Column, ...],
    values: tuple[Any, ...],
    formats: dict[str, xlsxwriter.format.Format],
) -> None:
    for place, (column, value) in enumerate(zip(columns, values, strict=True)):
        if value is None:
            continue
        if column.kind == "text":
            # Never a formula nor a link, whatever it begins with.
            sheet.write_string(row, place, column.words(value), formats["text"])
        else:
            sheet.write_number(row, place, value, formats[column.kind])


def _print(sheet: xlsxwriter.worksheet.Worksheet, said: Watermark) -> None:
    sheet.set_paper(_A4)
    fictitious = "DONNÉES FICTIVES - " if said.synthetic else ""
    by = said.exported_by[:80].replace("&", "&&")
    sheet.set_header(f"&L{fictitious}Confidentiel&R{said.publication}")
    sheet.set_footer(f"&LExporté par {by} le {said.at}&RPage &P sur &N")
