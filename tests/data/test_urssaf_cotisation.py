"""Contributions due: known the month after, one sum an account and a period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.sources import urssaf_cotisation
from data.sources.base import CERTAIN, NO, ReadOptions
from data.sources.sample import sample_of
from tests.data.public_bodies import siret
from tests.data.readings import lines, reading, reasons, refused, said
from tests.data.samples.urssaf_cotisation import HEADER, line
from tests.fictitious import siren

A = siren(1)
COLUMNS = ("siren", "period", "debt_id", "due_eur", "known_on")


def test_what_is_due_is_known_at_the_end_of_the_month_after(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_cotisation,
        tmp_path,
        HEADER,
        line(1, "1031", "1250,5"),
        line(1, "0232", "-21099"),
        line(1, "202340", "300.25"),
        line(1, "9962", "12"),
    )
    key = "due-999000000000000001-"
    assert said(parsed, *COLUMNS) == [
        (2, A, "2010-07", f"{key}2010-07", Decimal("1250.50"), date(2010, 8, 31)),
        (3, A, "2002-08", f"{key}2002-08", Decimal("-21099.00"), date(2002, 9, 30)),
        (4, A, "2023-Q4", f"{key}2023-Q4", Decimal("300.25"), date(2024, 1, 31)),
        (5, A, "1999", f"{key}1999", Decimal("12.00"), date(2000, 1, 31)),
    ]
    assert not {"outstanding_eur", "plan"} & set(parsed.tables["debts"].columns)


def test_lines_of_one_account_and_period_each_say_the_sum(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_cotisation,
        tmp_path,
        HEADER,
        line(1, "2311", "100"),
        line(1, "2311", "-20,5"),
        line(1, "2311", "100"),  # the first line again
        line(1, "2312", "7"),
        line(1, "2311", "5").replace("999000000000000001", "999000000000000777"),
        line(2, "2311", "3"),
        options=ReadOptions(known_on=date(2023, 6, 1)),
    )
    assert said(parsed, "due_eur", "known_on") == [
        (row, Decimal(euros), date(2023, 6, 1))
        for row, euros in ((2, "79.50"), (3, "79.50"), (5, "7.00"), (6, "5.00"), (7, "3.00"))
    ]
    assert reasons(parsed) == {4: "duplicate_line"}


def test_a_part_that_cannot_be_read_leaves_the_sum_unknown(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_cotisation,
        tmp_path,
        HEADER,
        line(1, "2311", "100"),
        line(1, "2311", "cent"),
        line(1, "2312", "7"),
        line(2, "2311", "3"),
        line(2, "2311", ""),
    )
    assert [row for row, *_ in said(parsed)] == [4]
    assert refused(parsed) == [
        (2, "cotis_due", "100", "bad_amount"),
        (3, "cotis_due", "cent", "bad_amount"),
        (5, "cotis_due", "3", "bad_amount"),
        (6, "cotis_due", None, "no_amount"),
    ]
    assert "total dû n'est pas connu" in parsed.rejects["message"][0]


def test_each_reason(tmp_path: Path) -> None:
    sound = line(1, "2311", "100")
    parsed = lines(
        urssaf_cotisation,
        tmp_path,
        HEADER,
        sound.replace(siret(A), ""),
        sound.replace(siret(A), "22222222222222"),
        line(1, "2351", "1"),
        line(1, "", "1"),
        "999;99",
        ";;;;;;;",
    )
    assert said(parsed) == []
    assert refused(parsed) == [
        (2, "Siret", None, "no_identifier"),
        (3, "Siret", "22222222222222", "invalid_identifier"),
        (4, "periode", "2351", "bad_date"),
        (5, "periode", None, "no_date"),
        (6, "", None, "wrong_field_count"),
        (7, "", None, "empty_line"),
    ]


def test_the_periods_of_debts_are_not_contributions(tmp_path: Path) -> None:
    path = tmp_path / "autre.csv"
    path.write_text("siret;periode;montant\n1;2311;2\n", "utf-8")
    assert urssaf_cotisation.sniff(sample_of(path)) == NO


@pytest.mark.real
def test_public_layout(shared_data: Path) -> None:
    path = shared_data / "urssaf" / "cotisationTestData.csv"
    assert urssaf_cotisation.sniff(sample_of(path)) == CERTAIN
    parsed = reading(urssaf_cotisation, path)
    assert reasons(parsed) == {
        2: "invalid_identifier",
        3: "no_identifier",
        4: "invalid_identifier",
    }
