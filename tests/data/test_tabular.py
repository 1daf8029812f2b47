"""Any published table: separators, quotes, titles, workbooks, records; each line at its number."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.sources.base import SourceError
from data.sources.tabular import Table, open_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = {"nom", "objet", "montant"}


def score(cells: Sequence[str]) -> int:
    found = len({cell.lower() for cell in cells} & NAMES)
    return found if found > 1 else 0


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def only(path: Path) -> Table:
    (table,) = open_tables(path, score, expected="attendu.")
    return table


def cells(table: Table) -> list[tuple[object, ...]]:
    return table.frame.drop("fields").rows()


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """Write a minimal xlsx: one inline text or number per cell."""

    def cell(value: object) -> str:
        if isinstance(value, int | float):
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r0" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        + "".join(
            f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>'
            for at, name in enumerate(sheets, 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="r{at}" Type="{office}/worksheet" Target="worksheets/s{at}.xml"/>'
            for at in range(1, len(sheets) + 1)
        )
        + "</Relationships>",
    }
    for at, rows in enumerate(sheets.values(), 1):
        body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
        parts[f"xl/worksheets/s{at}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
        )
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def open_document(path: Path, rows: list[list[str]]) -> Path:
    """Write a minimal ods."""
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{value}</text:p>'
            "</table:table-cell>"
            for value in row
        )
        + "</table:table-row>"
        for row in rows
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{urn}:manifest:1.0"><manifest:file-entry '
            f'manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{urn}:office:1.0" '
            f'xmlns:table="{urn}:table:1.0" xmlns:text="{urn}:text:1.0"><office:body>'
            f'<office:spreadsheet><table:table table:name="Liste">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_separators(tmp_path: Path, separator: str) -> None:
    text = f"nom{separator}montant\nA{separator}1\n"
    table = only(write(tmp_path / "liste.csv", text))
    assert table.separator == separator
    assert table.header == ["nom", "montant"]
    assert cells(table) == [(2, "A", "1")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(tmp_path: Path, end: str) -> None:
    table = only(write(tmp_path / "liste.csv", f"nom;montant{end}A;1{end}{end}B;2"))
    assert cells(table) == [(2, "A", "1"), (3, None, None), (4, "B", "2")]


def test_titles_above_the_header_and_quoted_line_breaks_keep_line_numbers(tmp_path: Path) -> None:
    text = 'Liste 2018\n\nnom;"montant";"objet"\nA;1;"deux\nlignes"\nB;2;x\n'
    table = only(write(tmp_path / "liste.csv", text))
    assert table.titles == ["Liste 2018"]
    assert cells(table) == [(4, "A", "1", "deux\nlignes"), (6, "B", "2", "x")]


def test_quote_in_the_middle_and_quote_never_closed(tmp_path: Path) -> None:
    filler = "".join(f"N{n};{n};x;y\n" for n in range(30))
    text = f'nom;montant;objet;ville\n"L"" envol " d\'été;1;a;b\n"jamais fermé;2;c;d\n{filler}'
    table = only(write(tmp_path / "liste.csv", text))
    assert table.frame.height == 32
    assert cells(table)[0][1:3] == ("L\" envol  d'été", "1")
    assert cells(table)[1][:3] == (3, "jamais fermé", "2")
    assert cells(table)[31] == (33, "N29", "29", "x", "y")


def test_short_and_long_lines(tmp_path: Path) -> None:
    text = "nom;montant;objet\nA;1\nB;2;b;;\nC;3;c;trop\n"
    table = only(write(tmp_path / "liste.csv", text))
    assert table.frame["fields"].to_list() == [2, 5, 4]
    assert table.ragged == {3: ["B", "2", "b", "", ""], 4: ["C", "3", "c", "trop"]}


def test_lines_wrapped_in_quotes_are_split(tmp_path: Path) -> None:
    text = 'nom,montant,objet\n"A,1,""dit """\nB,2,b\n'
    assert cells(only(write(tmp_path / "liste.csv", text)))[0] == (2, "A", "1", "dit")


def test_header_trailing_separators_and_repeated_header(tmp_path: Path) -> None:
    text = "nom,montant,objet;;\nA,1,a;;\nnom,montant,objet;;\nB,2,b;\n"
    table = only(write(tmp_path / "liste.csv", text))
    assert table.header == ["nom", "montant", "objet"]
    assert cells(table) == [(2, "A", "1", "a"), (4, "B", "2", "b")]
    assert table.skipped == 1


def test_mark_excel_line_and_mojibake_in_the_header(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbfsep=;\nnom;montant;notifi\xc3\x83\xc2\xa9e\nA;1;x\n"
    table = only(write(tmp_path / "liste.csv", raw))
    assert table.header == ["nom", "montant", "notifiée"]


def test_header_on_two_lines(tmp_path: Path) -> None:
    text = "montant;Association;\n;nom;ville\n1;A;a\n"
    table = only(write(tmp_path / "liste.csv", text))
    assert table.header == ["montant", "nom", "ville"]
    assert cells(table) == [(3, "1", "A", "a")]


def test_workbook_skips_summary_sheet_and_title_rows(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "liste.xlsx",
        {
            "Résumé de l’exportation": [["Ce document a été exporté"]],
            "Données": [["Liste", ""], ["nom", "montant"], ["A", 22530001100015], ["B", 1.5]],
        },
    )
    table = only(path)
    assert table.name == "Données"
    assert cells(table) == [(3, "A", "22530001100015"), (4, "B", "1.5")]


def test_open_document(tmp_path: Path) -> None:
    path = open_document(tmp_path / "liste.ods", [["nom", "montant"], ["A", "1"]])
    assert cells(only(path)) == [(2, "A", "1")]


@pytest.mark.parametrize(
    "content",
    [
        [{"nom": "A", "montant": 1.0}, {"nom": "B", "objet": "b"}],
        {
            "records": [
                {"fields": {"nom": "A", "montant": 1}},
                {"fields": {"nom": "B", "objet": "b"}},
            ]
        },
        {
            "records": [
                {"record": {"fields": {"nom": "A", "montant": 1}}},
                {"nom": "B", "objet": "b"},
            ]
        },
        {"features": [{"properties": {"nom": "A", "montant": 1}}, {"nom": "B", "objet": "b"}]},
        {"total": 2, "results": [{"nom": "A", "montant": 1}, {"nom": "B", "objet": "b"}]},
    ],
)
def test_records(tmp_path: Path, content: object) -> None:
    table = only(write(tmp_path / "liste.json", json.dumps(content)))
    assert table.header == ["nom", "montant", "objet"]
    assert cells(table) == [(1, "A", "1", None), (2, "B", None, "b")]


def test_one_record_per_line(tmp_path: Path) -> None:
    text = '{"nom": "A", "montant": 1}\n{"nom": "B", "montant": 2}\n'
    assert cells(only(write(tmp_path / "liste.json", text))) == [(1, "A", "1"), (2, "B", "2")]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "source-unreadable"),
        (b" \n\n", "source-unreadable"),
        (b"%PDF-1.4", "source-unreadable"),
        (b"PK\x03\x04 not a workbook", "source-unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 neither", "source-unreadable"),
        (b"PAR1\x00\x00\x00", "source-unreadable"),
        (b"<html><body>Erreur 404</body></html>", "source-header"),
        (b"nom;prenom\nA;B\n", "source-header"),
        (b'{"title": "x", "fields": [{"name": "nom"}]}', "source-header"),
        (b"[1, 2, 3]", "source-header"),
    ],
)
def test_what_is_not_a_table_is_refused_in_french(tmp_path: Path, raw: bytes, code: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_tables(write(tmp_path / "liste.csv", raw), score, expected="pas de colonne reconnue.")
    assert caught.value.code == code
    assert "liste.csv" in str(caught.value)
    assert "attendu" in str(caught.value)


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="source-unreadable"):
        open_tables(tmp_path / "absent.csv", score, expected="")


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"nom;montant\n", b"nom,montant,objet\n", b"["])
)
def test_any_bytes_end_in_a_table_or_a_clean_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, start: bytes
) -> None:
    path = write(tmp_path_factory.mktemp("octets") / "liste.csv", start + raw)
    try:
        tables = open_tables(path, score, expected="attendu.")
    except SourceError:
        return
    for table in tables:
        assert table.frame["source_row"].is_unique().all()
