"""Debts of contributions: states, days, cents, and what links them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.sources import blocks, openings, urssaf_debit
from data.sources.base import CERTAIN, NO, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.public_bodies import siret
from tests.data.readings import lines, reading, reasons, refused, said
from tests.data.samples.urssaf_debit import HEADER, line
from tests.fictitious import siren

A, B = siren(1), siren(2)


def test_each_operation_leaves_a_state(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_debit,
        tmp_path,
        HEADER,
        line(1, "201712", "101", 1, "1170420", "195907", "864497"),
        line(1, "201712", "101", 2, "1170905", "0", "100000"),
        line(1, "201710", "101", 1, "990505", "3", "-2"),
    )
    first = "ecn-999000000000000001-2017-02-101"
    assert said(parsed, "siren", "period", "debt_id", "outstanding_eur", "known_on") == [
        (2, A, "2017-02", first, Decimal("10604.04"), date(2017, 4, 20)),
        (3, A, "2017-02", first, Decimal("1000.00"), date(2017, 9, 5)),
        (4, A, "2017-Q1", first.replace("02", "Q1"), Decimal("0.01"), date(1999, 5, 5)),
    ]
    facts = parsed.tables["debts"]
    assert set(facts["creditor"]) == {"urssaf"}
    assert not {"due_eur", "plan"} & set(facts.columns)
    assert refused(parsed) == []


def test_of_one_day_the_last_operation_alone_is_a_state(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_debit,
        tmp_path,
        HEADER,
        line(1, "201712", "101", 10, "1170420", "0", "0"),
        line(1, "201712", "101", 9, "1170420", "500", "500"),
        line(1, "201712", "102", 1, "1170420", "700", "0"),
        line(2, "201712", "101", 1, "1170420", "800", "0"),
    )
    assert said(parsed, "outstanding_eur") == [
        (2, Decimal("0.00")),
        (4, Decimal("7.00")),
        (5, Decimal("8.00")),
    ]
    assert refused(parsed) == [(3, "Num_Hist_Ecn", "9", "duplicate_line")]
    assert "seul le dernier état du jour" in parsed.rejects["message"][0]


def test_known_on_keeps_the_last_state_of_each_debt(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_debit,
        tmp_path,
        HEADER,
        line(1, "201712", "101", 3, "1180110", "0", "1200"),
        line(1, "201712", "101", 2, "1170905", "5000", "0"),
        line(1, "201712", "101", 1, "1170420", "9000", "0"),
        options=ReadOptions(known_on=date(2018, 2, 1)),
    )
    assert said(parsed, "outstanding_eur", "known_on") == [(2, Decimal("12.00"), date(2018, 2, 1))]
    assert reasons(parsed) == {3: "duplicate_line", 4: "duplicate_line"}


def test_each_reason(tmp_path: Path) -> None:
    sound = line(1, "201712", "101", 1, "1170420", "1", "2")
    parsed = lines(
        urssaf_debit,
        tmp_path,
        HEADER,
        sound,
        sound,
        sound.replace(siret(A), "").replace(A, ""),
        sound.replace(siret(A), "11111111111111").replace(A, "111111111"),
        sound.replace(siret(A), siret(B)),
        sound.replace(siret(A), "2,43E+13").replace(A, ""),
        line(1, "201715", "101", 1, "1170420", "1", "2"),
        line(1, "", "101", 1, "1170420", "1", "2"),
        line(1, "201712", "", 1, "1170420", "1", "2"),
        line(1, "201712", "101", 1, "", "1", "2"),
        line(1, "201712", "101", 1, "1170231", "1", "2"),
        line(1, "201712", "101", 1, "1170420", "", "2"),
        line(1, "201712", "101", 1, "1170420", "1", "2,5"),
        "999;99;9990000000",
        ";" * HEADER.count(";"),
    )
    assert [row for row, *_ in said(parsed)] == [2]
    assert refused(parsed) == [
        (3, "", None, "duplicate_line"),
        (4, "Siret", None, "no_identifier"),
        (5, "Siret", "11111111111111", "invalid_identifier"),
        (6, "Siret", siret(B), "invalid_identifier"),
        (7, "Siret", "2,43E+13", "damaged_identifier"),
        (8, "Periode", "201715", "bad_date"),
        (9, "Periode", None, "no_date"),
        (10, "Num_Ecn", None, "unreadable"),
        (11, "Dt_trt_ecn", None, "no_date"),
        (12, "Dt_trt_ecn", "1170231", "bad_date"),
        (13, "Mt_PO", None, "no_amount"),
        (14, "Mt_PP", "2,5", "bad_amount"),
        (15, "", None, "wrong_field_count"),
        (16, "", None, "empty_line"),
    ]
    assert "pas de la même structure" in parsed.rejects["message"][3]


def test_a_siren_is_enough(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_debit,
        tmp_path,
        "siren,periode,num_ecn,num_hist_ecn,dt_trt_ecn,mt_po,mt_pp",
        f"{A},1031,101,1,1100914,100,50",
    )
    assert said(parsed, "siren", "period", "debt_id", "outstanding_eur") == [
        (2, A, "2010-07", f"ecn-{A}-2010-07-101", Decimal("1.50"))
    ]


def test_a_file_larger_than_memory_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "debits.csv"
    rows = [
        line(n, f"2017{part}", "101", step, f"117040{9 - n % 3 * step}", str(step), str(n))
        for n in range(1, 40)
        for part in (10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33)
        for step in (0, 1, 2)
    ]
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    whole = reading(urssaf_debit, path)

    def in_blocks(*args: object, **more: object) -> object:
        return blocks.open_blocks(*args, **more, large=10, block=2_000, chunk=1_000)  # type: ignore[arg-type]

    monkeypatch.setattr(openings, "open_blocks", in_blocks)
    pieces = list(urssaf_debit.parts(path, ReadOptions()))
    assert len(pieces) > 10
    again = reading(urssaf_debit, path)
    assert again.rows_in == whole.rows_in == len(rows)
    assert again.tables["debts"].equals(whole.tables["debts"])
    assert refused(again) == refused(whole) != []


def test_other_files_are_not_debts(tmp_path: Path) -> None:
    path = tmp_path / "autre.csv"
    path.write_text("siren;montant\n1;2\n", "utf-8")
    assert urssaf_debit.sniff(sample_of(path)) == NO
    with pytest.raises(SourceError) as error:
        urssaf_debit.read(path, ReadOptions())
    assert error.value.code == "source-header"


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("debitTestData", ["no_identifier", *["invalid_identifier"] * 2, "empty_line"]),
        (
            "debitCorrompuTestData",
            [
                *("no_identifier", "wrong_field_count", "invalid_identifier"),
                *("wrong_field_count", "invalid_identifier"),
            ],
        ),
    ],
)
def test_public_layouts(shared_data: Path, name: str, expected: list[str]) -> None:
    path = shared_data / "urssaf" / f"{name}.csv"
    assert urssaf_debit.sniff(sample_of(path)) == CERTAIN
    parsed = reading(urssaf_debit, path)
    assert parsed.tables["debts"].is_empty()  # their numbers are masked
    assert list(reasons(parsed).values()) == expected
