"""Credits of the State: the layouts of the finance bills, the whole of a programme on each line."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from data.contracts import conform
from data.sources import state_credits
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.samples import state_credits as samples
from tests.data.samples.state_credits import HEADER_2025, line_2025

if TYPE_CHECKING:
    from pathlib import Path


def account_for(parsed: Parsed) -> Parsed:
    facts = conform(parsed.tables["budgets"], "budgets")
    kept, refused = set(facts["source_row"]), parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in == len({*kept, *refused})
    return parsed


def parse(path: Path, text: str, encoding: str = "utf-8", **extra: str) -> Parsed:
    path.write_text(text, encoding)
    return account_for(state_credits.read(path, ReadOptions(extra=extra)))


def said(parsed: Parsed) -> list[tuple[object, ...]]:
    columns = ["source_row", "programme", "year", "amount_eur", "known_on"]
    return parsed.tables["budgets"].select(columns).rows()


def votes(parsed: Parsed) -> list[tuple[object, ...]]:
    """Return the distinct votes, whatever the lines that say them."""
    return sorted({row[1:] for row in said(parsed)})  # type: ignore[type-var]


def refused(parsed: Parsed) -> list[tuple[object, ...]]:
    return parsed.rejects.select("source_row", "column", "value", "reason").rows()


def test_each_line_says_the_whole_programme(tmp_path: Path) -> None:
    lines = [
        HEADER_2025,
        line_2025("163", "01", "1000.0"),
        line_2025("219", "01", "5.5"),
        line_2025("163", "02", "234.25"),
    ]
    parsed = parse(tmp_path / "a.csv", "\n".join(lines) + "\n", "utf-8-sig")
    tabled = date(2024, 10, 10)  # that year the bill came late
    assert said(parsed) == [
        (2, "163", 2025, Decimal("1234.25"), tabled),
        (3, "219", 2025, Decimal("5.50"), tabled),
        (4, "163", 2025, Decimal("1234.25"), tabled),
    ]
    facts = parsed.tables["budgets"]
    assert set(facts["funder_id"]) == {"etat"}
    assert set(facts["stage"]) == {"voted"}


def test_the_law_is_known_when_it_is_promulgated(tmp_path: Path) -> None:
    late = "\n".join([HEADER_2025, line_2025("163", "01", "9", law="LFI")]) + "\n"
    assert votes(parse(tmp_path / "a.csv", late)) == [("163", 2025, Decimal(9), date(2025, 2, 14))]
    usual = late.replace("2025;LFI", "2023;LFI")
    assert votes(parse(tmp_path / "a.csv", usual)) == [
        ("163", 2023, Decimal(9), date(2022, 12, 31))
    ]
    asked = state_credits.read(tmp_path / "a.csv", ReadOptions(known_on=date(2023, 3, 1)))
    assert asked.tables["budgets"]["known_on"].to_list() == [date(2023, 3, 1)]
    amending = parse(tmp_path / "a.csv", late.replace("LFI", "LFR"))
    assert refused(amending) == [(2, "loi", "LFR", "out_of_scope")]


@pytest.mark.parametrize(
    ("name", "encoding", "text", "expected"),
    [
        (
            "PLF_2020_Credits.csv",
            "utf-8-sig",
            (
                "exercice;loi;typeBudget;ministere;mission;programme;action;aePlfNp1;cpPlfNp1\n"
                "2020;PLF;BG;6;SF;163;163-01;2 000;1 500\n2020;PLF;BG;6;SF;163;163-02;7;\n"
            ),
            [("163", 2020, "1500.00", date(2019, 10, 1))],
        ),
        (
            "PLF_2022_Credits_Destination_Nature.csv",
            "cp1252",
            "typeBudget;mission;programme;action;ae;cp\nBG;SF;163;01;10;20\nBG;SF;163;02;10;30,5\n",
            [("163", 2022, "50.50", date(2021, 10, 1))],
        ),
        (
            "LFI2022_detaillee.csv",
            "cp1252",
            (
                "Type Mission;Code Mission;Mission;Programme;Libellé Programme;Action;AE T2 PLF;"
                "AE HT2 PLF;AE ( T2 + HT2) LFI;CP T2 PLF;CP HT2 PLF;CP ( T2 + HT2) LFI\n"
                "BG;SF;Fictive;163;Jeunesse;01;0;9;9;1;9;11\nBG;SF;Fictive;163;Jeunesse;02;0;9;9;;5;5\n"
            ),
            [
                ("163", 2022, "15.00", date(2021, 10, 1)),
                ("163", 2022, "16.00", date(2021, 12, 31)),
            ],
        ),
        (
            "credits-ae-et-cp-votes-lfi-2023.csv",
            "utf-8",
            # the totals of that export hold the number of columns added up
            (
                "type_mission;code_mission;programme;action;ae_t2_plf_2023;cp_t2_plf_2023;"
                "cp_hors_t2_plf_2023;cp_t2_amendements_2023;cp_hors_t2_amendements_2023;"
                "cp_t2_hors_t2_lfi_2023\nBG;SF;163.0;01;1;100;20;;-5;4.0\n"
            ),
            [
                ("163", 2023, "115.00", date(2022, 12, 31)),
                ("163", 2023, "120.00", date(2022, 10, 1)),
            ],
        ),
        (
            "export.csv",
            "utf-8",
            (
                "Type de Budget (Hors Budgets annexes);Code Mission;Mission;Code Programme;"
                "Programme;Code Action;AE LFI 2018;CP LFI 2018\n"
                "Budget général;SF;Fictive;0163;Jeunesse;01;1;2\n"
            ),
            [("163", 2018, "2.00", date(2017, 12, 31))],
        ),
        (
            "BG-Action_Titre.csv",
            "cp1252",
            (
                "Gestion;2016;;;;;;;\nType Budget;Budget général;;;;;;;\n"
                "Mission;Programme;Action;Titre;AELF 2015;AELF;CPLF 2015;CPPLF;CPLF\n"
                "Fictive;163;01;2;1;1;900;4;5\nFictive;163;02;3;1;1;900;6;7\n"
            ),
            [
                ("163", 2016, "10.00", date(2015, 10, 1)),
                ("163", 2016, "12.00", date(2015, 12, 31)),
            ],
        ),
        (
            "LFI2017-BG-Action_Categorie.csv",
            "cp1252",
            (
                "ANNEE;Mission;Programme;Libelle;Action;Libelle;AE-LF_N1;AE-LF;CP-LF_N1;CP-PLF;CP-AMT;"
                "CP-LF\n2017;Fictive;163;Jeunesse;01;Action;1;1;900;4;-1;3\n"
            ),
            [
                ("163", 2017, "3.00", date(2016, 12, 31)),
                ("163", 2017, "4.00", date(2016, 10, 1)),
            ],
        ),
        (
            "lfi-2014-dotation.csv",
            "utf-8",
            "mission;programme;action;aelf;cplf_2013;cpplf;cplf\nSF;163;01;1;900;1 112 702;8\n",
            [
                ("163", 2014, "1112702.00", date(2013, 10, 1)),
                ("163", 2014, "8.00", date(2013, 12, 31)),
            ],
        ),
    ],
)
def test_the_layouts_of_the_years(
    tmp_path: Path, name: str, encoding: str, text: str, expected: list[tuple[object, ...]]
) -> None:
    parsed = parse(tmp_path / name, text, encoding)
    assert parsed.rejects.is_empty()
    assert sorted((p, y, str(eur), day) for p, y, eur, day in votes(parsed)) == expected


def test_a_json_of_the_portal_writes_programmes_as_numbers(tmp_path: Path) -> None:
    path = samples.make(tmp_path)[1]
    parsed = account_for(state_credits.read(path, ReadOptions()))
    bill = date(2023, 10, 1)
    assert votes(parsed) == [(code, 2024, Decimal(540), bill) for code in ("147", "163", "219")]
    assert parsed.rows_in == 9


def test_a_programme_with_an_unreadable_line_is_unknown(tmp_path: Path) -> None:
    lines = [
        HEADER_2025,
        line_2025("163", "01", "1000.0"),
        line_2025("163", "02", "mille"),
        line_2025("219", "01", "5"),
        line_2025("147", "01", "-5"),
        line_2025("104", "01", "5"),
        line_2025("104", "02", "5").rsplit(";", 1)[0],
    ]
    parsed = parse(tmp_path / "a.csv", "\n".join(lines) + "\n")
    assert [row for row, *_ in said(parsed)] == [4]
    assert refused(parsed) == [
        (2, "credit_de_paiement", "1000.0", "bad_amount"),
        (3, "credit_de_paiement", "mille", "bad_amount"),
        (5, "credit_de_paiement", "-5", "bad_amount"),
        (6, "credit_de_paiement", "5", "bad_amount"),
        (7, "", None, "wrong_field_count"),
    ]


def test_lines_that_are_no_credit(tmp_path: Path) -> None:
    once = line_2025("163", "01", "10")
    lines = [
        HEADER_2025,
        once,
        once,
        line_2025("", "01", "10"),
        line_2025("Total", "01", "10"),
        line_2025("163", "02", ""),
        once.replace("2025;PLF", ";PLF"),
        once.replace("2025;PLF", "12025;PLF"),
        ";" * HEADER_2025.count(";"),
    ]
    parsed = parse(tmp_path / "a.csv", "\n".join(lines) + "\n")
    assert votes(parsed) == [("163", 2025, Decimal(10), date(2024, 10, 10))]
    assert [(row, reason) for row, _, _, reason in refused(parsed)] == [
        (3, "duplicate_line"),
        (4, "unreadable"),
        (5, "total_line"),
        (6, "no_amount"),
        (7, "no_date"),
        (8, "bad_date"),
        (9, "empty_line"),
    ]


def test_two_alike_without_their_action_are_both_true(tmp_path: Path) -> None:
    text = "typebudget;programme;credit_de_paiement\nBG;163;10\nBG;163;10\n"
    parsed = parse(tmp_path / "plf25.csv", text)
    assert votes(parsed) == [("163", 2025, Decimal(20), date(2024, 10, 10))]


def test_what_nothing_says_is_asked_for(tmp_path: Path) -> None:
    text = "typebudget;programme;action;credit_de_paiement\nBG;163;01;10\n"
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "export.csv", text)
    assert error.value.code == "state-credits-year"
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "export.csv", text, year="2021")
    assert error.value.code == "state-credits-law"
    asked = parse(tmp_path / "export.csv", text, year="2021", law="lfi")
    assert votes(asked) == [("163", 2021, Decimal(10), date(2020, 12, 31))]
    for extra in ({"year": "21"}, {"year": "2021", "law": "lfr"}):
        with pytest.raises(SourceError) as error:
            parse(tmp_path / "export.csv", text, **extra)
        assert error.value.code == "source-option"
    # The columns say another year than the one asked for.
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "a.csv", "mission;programme;CP LFI 2018\nSF;163;1\n", year="2020")
    assert error.value.code == "state-credits-year"


def test_columns_of_one_year_are_not_read_for_lines_of_several(tmp_path: Path) -> None:
    text = "exercice;mission;programme;CP LFI 2018\n2018;SF;163;1\n2019;SF;163;2\n"
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "a.csv", text)
    assert error.value.code == "state-credits-year"
    assert parse(tmp_path / "a.csv", text.replace("2019;", "2018;")).rejects.is_empty()


def test_files_are_recognised_and_others_refused(tmp_path: Path) -> None:
    paths = samples.make(tmp_path)
    assert [state_credits.sniff(sample_of(path)) for path in paths] == [CERTAIN] * 3
    other = tmp_path / "other.csv"
    # cp is a postcode where no commitment stands beside it
    other.write_text("mission;programme;cp\nSF;163;59000\n", "utf-8")
    assert state_credits.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        state_credits.read(other, ReadOptions())
    assert error.value.code == "source-header"


def test_a_parquet_export_says_the_same(tmp_path: Path) -> None:
    path = samples.make(tmp_path)[0]
    export = tmp_path / "plf25.parquet"
    pl.read_csv(path, separator=";").write_parquet(export)
    one, other = (account_for(state_credits.read(p, ReadOptions())) for p in (path, export))
    assert votes(one) == votes(other)
    assert votes(one)[0][2] == Decimal(15000)


def test_the_names_that_json_may_hold(tmp_path: Path) -> None:
    path = tmp_path / "plf25.json"
    path.write_text(json.dumps({"results": [{"programme": "163", "credit_de_paiement": [1]}]}))
    with pytest.raises(SourceError):
        state_credits.read(path, ReadOptions())
