"""Large texts by blocks give the same rows, with the same numbers, as the same text read whole."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.sources import blocks, lines
from data.sources.base import SourceError
from data.sources.blocks import kept, open_blocks
from data.sources.tabular import Table, open_tables

HEADER = ["siren", "nom", "objet"]
EXPECTED = "un tableau de trois colonnes"


def score(header: object) -> int:
    return len(set(HEADER) & set(header)) if {"siren", "objet"} <= set(header) else 0  # type: ignore[call-overload]


def by_blocks(path: Path, *, chunk: int = 64, block: int = 1, **options: object) -> list[Table]:
    return list(
        open_blocks(path, score, expected=EXPECTED, large=0, chunk=chunk, block=block, **options)  # type: ignore[arg-type]
    )


def together(tables: list[Table]) -> tuple[list[tuple[object, ...]], dict[int, list[str]], int]:
    return (
        pl.concat(table.frame for table in tables).rows(),
        {line: row for table in tables for line, row in table.ragged.items()},
        sum(table.skipped for table in tables),
    )


def same(path: Path, raw: bytes, *, chunk: int, block: int = 1) -> list[Table]:
    """Write a file, read it both ways, compare everything that a reader sees."""
    path.write_bytes(raw)
    whole = open_tables(path, score, expected=EXPECTED)[0]
    tables = by_blocks(path, chunk=chunk, block=block)
    assert {tuple(table.header) for table in tables} == {tuple(whole.header)}
    assert together(tables) == together([whole])
    return tables


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blocks")


CASES = {
    "plain": "1;a;b\n2;c;d\n3;e;f\n",
    "no end": "1;a;b\n2;c;d",
    "blank lines": "\n1;a;b\n\n\n2;c;d\n\n",
    "short and long lines": "1;a\n2;b;c;d;e\n3\n4;f;;\n",
    "one short, one long": "1;a\n2;b;c;d\n",
    "line end in quotes": '1;a;"b\nc"\n2;"d\n\ne";f\n3;g;h\n',
    "separator in quotes": '1;"a;b";c\n2;"d;e;f";g\n',
    "doubled quotes": '1;"a ""b"" c";d\n2;"""";""\n',
    "quote inside a cell": '1;5" de tube;a\n2;b"c;d\n3;e;f\n',
    "quote never closed": '1;"a;b\n2;c;d\n3;e;f\n' + "4;g;h\n" * 70,
    "quote never closed at the end": '1;a;b\n2;"c;d\n3;e;f\n',
    "text after a quote": '1;"a"b;c\n2;d;e\n',
    "blank before a quote": '1; "a;b";c\n2;d;e\n',
    "long paragraph": '1;a;"' + "ligne\n" * 70 + '"\n2;b;c\n',
    "table in quotes": '1;a;"b\n1;2;3;4;5;6;7;8;9\nc"\n2;d;e\n',
    "wrapped line": '"1;a;b"\n2;c;d\n',
    "header again": "1;a;b\nsiren;nom;objet\n2;c;d\n",
    "blanks to take off": " 1 ;a\t;\u00a0b\u00a0\n2;  ;c\n",
    "accents at the edges": "1;é;à\n2;été;œ\n",
    "empty cells": ';;\n1;"";\n;"  ";a\n',
    "titles above": "",
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_case_at_every_boundary(folder: Path, name: str, end: str) -> None:
    titles = "Liste des bodies\n\n" if name == "titles above" else ""
    text = f"{titles}siren;nom;objet\n{CASES[name]}9;fin;fin\n".replace("\n", end)
    raw = text.encode()
    for chunk in range(1, len(raw) + 2) if len(raw) < 200 else (1, 7, 100, len(raw)):
        same(folder / "case.csv", raw, chunk=chunk)


cell = st.text(st.sampled_from('ab1é" ;,\t\n'), max_size=5)
quoted = cell.map(lambda text: '"' + text.replace('"', '""') + '"')
plain = st.text(st.sampled_from("ab1é .-"), max_size=6)
row = st.lists(st.one_of(plain, plain, quoted, cell), max_size=5).map(";".join)
body = st.lists(row, max_size=12).map("\n".join)


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    body=body,
    chunk=st.integers(1, 90),
    block=st.sampled_from([1, 50, 10_000]),
    end=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
)
def test_any_text_gives_the_same_rows(
    folder: Path, body: str, chunk: int, block: int, end: str, last: bool, encoding: str
) -> None:
    text = "siren;nom;objet\n" + body + ("\n" if last else "")
    same(folder / "any.csv", text.replace("\n", end).encode(encoding), chunk=chunk, block=block)


def test_many_lines_of_every_kind(folder: Path) -> None:
    rng = random.Random(5)
    text = "siren;nom;objet\n" + "".join(rng.choice(list(CASES.values())) for _ in range(400))
    tables = same(folder / "many.csv", text.encode(), chunk=1000, block=4000)
    assert len(tables) > 5
    numbers = pl.concat(table.frame for table in tables)["source_row"]
    assert numbers.is_sorted()
    assert numbers.is_unique().all()


def test_a_block_of_windows_text_in_a_utf8_file(folder: Path) -> None:
    path = folder / "mixed.csv"
    utf8 = "".join(f"{n};été;fête\n" for n in range(200)).encode()
    windows = "".join(f"{n};été;l’œuvre\n" for n in range(200, 400)).encode("cp1252")
    path.write_bytes(b"siren;nom;objet\n" + utf8 + windows + utf8)
    rows = together(by_blocks(path, chunk=500))[0]
    assert len(rows) == 600
    assert {row[3:] for row in rows[:200] + rows[400:]} == {("été", "fête")}
    assert {row[3:] for row in rows[200:400]} == {("été", "l’œuvre")}


def test_a_utf8_letter_cut_by_the_reading_stays_whole(folder: Path) -> None:
    raw = "siren;nom;objet\n1;ééé;œœœ\n2;€;’\n".encode()
    for chunk in range(1, len(raw)):
        same(folder / "letters.csv", raw, chunk=chunk)


def test_null_bytes_are_left_out_and_a_binary_file_refused(folder: Path) -> None:
    text = "siren;nom;objet\n" + "1;abcdefgh;ijklmnopq\n" * 20 + "2;a\x00;\x00\n"
    assert together(same(folder / "null.csv", text.encode(), chunk=50))[0][-1][2:] == (
        "2",
        "a",
        None,
    )
    (folder / "binary.csv").write_bytes(b"siren;nom;objet\n" + bytes(100))
    with pytest.raises(SourceError) as error:
        by_blocks(folder / "binary.csv")
    assert error.value.code == "source-unreadable"


def test_only_the_columns_asked_for(folder: Path) -> None:
    path = folder / "columns.csv"
    path.write_text('siren;nom;objet\n1;a;"b;b"\n2;c\n3\n4;d;e;f\n"5";"g";"h"\n')

    def keep(name: str) -> bool:
        return name in {"siren", "objet"}

    expected = kept(open_tables(path, score, expected=EXPECTED)[0], keep)
    assert expected.header == ["siren", "objet"]
    assert expected.frame["fields"].to_list() == [2, 1, 1, 3, 2]
    for chunk in range(1, 70):
        tables = by_blocks(path, chunk=chunk, keep=keep)
        assert tables[0].header == expected.header
        assert together(tables) == together([expected])
    assert together([expected])[1] == {5: ["4", "d", "e", "f"]}


def test_a_small_file_is_read_whole(folder: Path) -> None:
    path = folder / "small.csv"
    path.write_text("siren;nom;objet\n1;a;b\n")
    tables = list(open_blocks(path, score, expected=EXPECTED))
    assert [table.frame.rows() for table in tables] == [[(2, 3, "1", "a", "b")]]


def test_a_header_alone_gives_one_empty_table(folder: Path) -> None:
    path = folder / "header.csv"
    for text in ("siren;nom;objet", "siren;nom;objet\n"):
        path.write_text(text)
        (table,) = by_blocks(path)
        assert table.header == HEADER
        assert table.frame.height == 0


def test_another_file_is_refused(folder: Path) -> None:
    path = folder / "other.csv"
    path.write_text("a;b\n1;2\n")
    with pytest.raises(SourceError) as error:
        by_blocks(path)
    assert error.value.code == "source-header"
    with pytest.raises(SourceError):
        by_blocks(folder / "none.csv")


def test_a_large_file_of_another_kind_is_read_whole(folder: Path) -> None:
    path = folder / "records.json"
    path.write_text('[{"siren": "1", "nom": "a", "objet": "b"}]')
    (table,) = by_blocks(path)
    assert table.frame.rows() == [(1, 3, "1", "a", "b")]


def test_a_text_without_line_ends_is_refused_before_memory_is_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 1000)
    path = folder / "endless.csv"
    path.write_text("siren;nom;objet\n1;a;b\n2;c;" + "d" * 5000)
    with pytest.raises(SourceError) as error:
        by_blocks(path)
    assert error.value.code == "source-unreadable"


def test_blocks_are_of_the_size_asked_for(folder: Path) -> None:
    path = folder / "sizes.csv"
    path.write_text("siren;nom;objet\n" + "1;a;b\n" * 1000)
    heights = [table.frame.height for table in by_blocks(path, chunk=60, block=600)]
    assert sum(heights) == 1000
    assert all(100 <= height <= 120 for height in heights[:-1])
    assert blocks.CHUNK_BYTES < blocks.BLOCK_BYTES
