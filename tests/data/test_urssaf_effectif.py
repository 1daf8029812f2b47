"""Staff by month: a fact a month filled, the places of a structure added up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.sources import blocks, openings, urssaf_effectif
from data.sources.base import CERTAIN, NO, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.public_bodies import siret
from tests.data.readings import lines, reading, reasons, refused, said
from tests.fictitious import siren

A, B = siren(1), siren(2)
UNITS = "siren;eff201011;eff201012;eff201021;rais_soc"
SITES = "compte;siret;rais_soc;eff201011;eff201012"


def test_each_month_filled_is_a_fact(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_effectif,
        tmp_path,
        UNITS,
        f"{A};629;1 536,5;209;STRUCTURE FICTIVE",
        f"{B};0;-1;089;STRUCTURE FICTIVE",
    )
    assert said(parsed, "siren", "month_on", "employees", "known_on") == [
        (2, A, date(2010, 1, 1), 629.0, date(2010, 2, 28)),
        (2, A, date(2010, 2, 1), 1536.5, date(2010, 3, 31)),
        (2, A, date(2010, 4, 1), 209.0, date(2010, 5, 31)),
        (3, B, date(2010, 4, 1), 89.0, date(2010, 5, 31)),
    ]
    assert parsed.tables["workforce"].columns == [
        *("siren", "month_on", "employees", "source", "source_row", "known_on")
    ]


def test_the_places_of_a_structure_are_added_up(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_effectif,
        tmp_path,
        SITES,
        f"1;{siret(A)};X;10;3",
        f"2;{siret(B)};X;7;",
        f"3;{siret(A, 2)};X;5;0",
        f"4;{siret(A, 2)};X;;4",
        f"4;{siret(A, 2)};X;;4",
        options=ReadOptions(known_on=date(2011, 1, 1)),
    )
    january, february = date(2010, 1, 1), date(2010, 2, 1)
    assert said(parsed, "siren", "month_on", "employees") == [
        (2, A, january, 15.0),
        (2, A, february, 7.0),
        (3, B, january, 7.0),
        (4, A, january, 15.0),
        (5, A, february, 7.0),
    ]
    assert set(parsed.tables["workforce"]["known_on"]) == {date(2011, 1, 1)}
    assert reasons(parsed) == {6: "duplicate_line"}


def test_each_reason(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_effectif,
        tmp_path,
        SITES,
        f"1;{siret(A)};X;10;dix",
        f"2;{siret(A, 2)};X;5;5",
        f"3;{siret(B)};X;;-1",
        f"4;{siret(B, 2)};X;-3;1",
        "5;11111111111111;X;1;1",
        "6;;X;1;1",
        "7;1",
        ";;;;",
    )
    assert said(parsed) == []
    assert refused(parsed) == [
        (2, "eff201012", "dix", "bad_amount"),
        (3, "", None, "bad_amount"),
        (4, "", None, "no_amount"),
        (5, "eff201011", "-3", "bad_amount"),
        (6, "siret", "11111111111111", "invalid_identifier"),
        (7, "siret", None, "no_identifier"),
        (8, "", None, "wrong_field_count"),
        (9, "", None, "empty_line"),
    ]
    assert "effectif total n'est pas connu" in parsed.rejects["message"][1]


def test_a_structure_has_one_line_where_lines_are_structures(tmp_path: Path) -> None:
    parsed = lines(urssaf_effectif, tmp_path, UNITS, f"{A};1;1;1;", f"{A};2;2;2;", f"{B};;;3;")
    assert [row for row, *_ in said(parsed)] == [2, 2, 2, 4]
    assert refused(parsed) == [(3, "siren", A, "duplicate_line")]


def test_columns_that_are_no_month_are_left_out(tmp_path: Path) -> None:
    header = "siren;eff201010;eff201062;effectif;eff1043;EFF201043;eff201015"
    parsed = lines(urssaf_effectif, tmp_path, header, f"{A};1;2;3;4;5;6")
    assert said(parsed, "month_on", "employees") == [(2, date(2010, 12, 1), 4.0)]


def in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(*args: object, **more: object) -> object:
        return blocks.open_blocks(*args, **more, large=10, block=1_000, chunk=500)  # type: ignore[arg-type]

    monkeypatch.setattr(openings, "open_blocks", small)


def test_a_file_larger_than_memory_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "effectifs.csv"
    rows = [
        f"{n};{siret(siren(n), p)};X;{n};{p}" for n in range(1, 60) for p in range(1, 2 + n % 4)
    ]
    path.write_text("\n".join([SITES, *rows]) + "\n", "utf-8")
    whole = reading(urssaf_effectif, path)
    in_blocks(monkeypatch)
    assert len(list(urssaf_effectif.parts(path, ReadOptions()))) > 3
    again = reading(urssaf_effectif, path)
    order = ["source_row", "month_on"]
    assert again.tables["workforce"].sort(order).equals(whole.tables["workforce"].sort(order))


def test_a_large_file_that_is_not_sorted_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "effectifs.csv"
    rows = [f"{n};{siret(siren(n), p)};X;{n};{p}" for p in (1, 2) for n in range(1, 60)]
    path.write_text("\n".join([SITES, *rows]) + "\n", "utf-8")
    assert reading(urssaf_effectif, path).rows_in == 118
    in_blocks(monkeypatch)
    with pytest.raises(SourceError) as error:
        list(urssaf_effectif.parts(path, ReadOptions()))
    assert error.value.code == "urssaf-scattered"


def test_structures_read_twice_in_a_large_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "effectifs.csv"
    rows = [f"{siren(n)};{n};;;" for _ in (1, 2) for n in range(1, 80)]
    path.write_text("\n".join([UNITS, *rows]) + "\n", "utf-8")
    in_blocks(monkeypatch)
    parsed = reading(urssaf_effectif, path)
    assert sorted(parsed.rejects["source_row"]) == list(range(81, 160))


def test_other_files_are_no_staff(tmp_path: Path) -> None:
    path = tmp_path / "autre.csv"
    path.write_text("siren;effectif;eff201010\n1;2;3\n", "utf-8")
    assert urssaf_effectif.sniff(sample_of(path)) == NO


@pytest.mark.real
def test_public_layout(shared_data: Path) -> None:
    path = shared_data / "urssaf" / "effectifEntTestData.csv"
    assert urssaf_effectif.sniff(sample_of(path)) == CERTAIN
    assert reasons(reading(urssaf_effectif, path)) == {2: "invalid_identifier"}
