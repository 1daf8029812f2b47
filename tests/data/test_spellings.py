"""Columns by the names they go by, and lines cut otherwise than their header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.sources.spellings import named, places
from data.sources.tabular import open_tables

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {"who": ("Code Siren", "siren"), "eur": ("Montant",), "day": ("date",)}


def test_the_best_spelling_wins_whatever_its_case_and_accents() -> None:
    assert places(["SIREN", "Montant", "code_siren"], COLUMNS) == {"who": 2, "eur": 1}
    assert places(["siren", "MONTANT ", "siren"], COLUMNS) == {"who": 0, "eur": 1}
    assert places([], COLUMNS) == {}


def test_a_table_under_our_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("siren;montant;x\n1;2;3\n1;2\n1;2;3;4\n;;\n", "utf-8")
    (table,) = open_tables(path, lambda row: len(places(row, COLUMNS)), expected="")
    lines = named(table, places(table.header, COLUMNS), COLUMNS)
    assert lines["who"].to_list() == ["1", "1", "1", None]
    assert lines["day"].null_count() == 4
    assert lines["miscut"].to_list() == [False, True, True, False]
    assert lines["empty"].to_list() == [False, False, False, True]
