"""Alerts and cases where two acts meet: merged then withdrawn, refused then kept, named twice."""

from __future__ import annotations

import io
import zipfile

import pytest

from serving.cell import case_files
from tests.serving.cell_people import alert, person, refused, tool
from tests.serving.conftest import House
from tests.serving.test_cases import brought, here, opened

_TYPES = '<Types><Override PartName="/%s" ContentType="application/vnd.%s"/></Types>'


def kept_files(house: House) -> list[str]:
    root = house.home / "state" / "attachments"
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_a_merged_alert_stands_once_the_first_is_withdrawn(house: House) -> None:
    cell, other = tool(house), person(house, "regional", regions=("32",))
    first = cell.post("/alerts", alert(here(house)))
    second = other.post("/alerts", alert(here(house))).json()
    third = other.post("/alerts", alert(here(house))).json()
    number = first.json()["id"]
    assert {second["merged_into"], third["merged_into"]} == {number}
    gone = cell.patch(f"/alerts/{number}", {"status": "withdrawn"}, match=first.headers["etag"])
    assert gone.status_code == 200
    mark = other.get(f"/structures/{here(house)}").json()["structure"]["alert"]
    assert mark["count"] == 1
    assert other.get(f"/alerts/{second['id']}").json()["merged_into"] is None
    assert other.get(f"/alerts/{third['id']}").json()["merged_into"] == second["id"]


def test_a_refused_file_leaves_nothing(house: House) -> None:
    cell = tool(house)
    case = brought(cell, opened(house, cell), "closed")
    late = cell.post(f"/cases/{case['id']}/attachments", "trop tard", X_File_Name="a.txt")
    assert refused(late) == (409, "case-closed")
    assert kept_files(house) == []


def test_another_file_name_is_another_request(house: House) -> None:
    cell = tool(house)
    path = f"/cases/{opened(house, cell)['id']}/attachments"
    assert cell.post(path, "un", key="k", X_File_Name="a.txt").status_code == 201
    again = cell.post(path, "un", key="k", X_File_Name="b.txt")
    assert refused(again) == (409, "idempotency-key-reused")


def test_an_attached_alert_keeps_its_structure(house: House) -> None:
    cell = tool(house)
    made = cell.post("/alerts", alert(here(house)))
    rows = house.frames.scores.filter(departement="59")["siren"].to_list()
    moved = cell.patch(
        f"/alerts/{made.json()['id']}", {"siren": rows[1]}, match=made.headers["etag"]
    )
    assert refused(moved) == (409, "alert-attached")


def document(parts: dict[str, str]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return whole.getvalue()


def test_a_sheet_with_the_settings_of_a_printer_is_kept() -> None:
    sheet = document(
        {
            "[Content_Types].xml": _TYPES % ("xl/workbook.xml", "ms-excel.sheet.main+xml"),
            "xl/workbook.xml": "<workbook/>",
            "xl/printerSettings/printerSettings1.bin": "imprimante",
        }
    )
    assert case_files.check_file("budget.xlsx", sheet) == case_files.TYPES[".xlsx"]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "note.docx",
            {
                "[Content_Types].xml": _TYPES
                % ("word/document.xml", "ms-word.document.macroEnabled.main+xml"),
                "word/document.xml": "<document/>",
                "word/renamed.dat": "macro",
            },
        ),
        (
            "note.odt",
            {
                "mimetype": case_files.TYPES[".odt"],
                "content.xml": "<office/>",
                "Scripts/python/macro.py": "macro",
            },
        ),
    ],
)
def test_a_macro_under_another_name_is_refused(name: str, parts: dict[str, str]) -> None:
    with pytest.raises(case_files.CellError) as caught:
        case_files.check_file(name, document(parts))
    assert caught.value.code == "file-not-as-named"
