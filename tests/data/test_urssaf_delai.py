"""Payment plans of the URSSAF: a state when granted, one when over."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.sources import urssaf_delai
from data.sources.base import CERTAIN, ReadOptions
from data.sources.sample import sample_of
from tests.data.public_bodies import siret
from tests.data.readings import lines, reading, reasons, refused, said
from tests.data.samples.urssaf_delai import HEADER, line
from tests.fictitious import siren

A = siren(1)


def test_a_plan_stands_from_its_day_to_its_last_instalment(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_delai,
        tmp_path,
        HEADER,
        line(1, "9990201303256", "24/03/2021", "28/09/2021", "5697.50"),
        line(1, "9990201303257", "01/01/2022", "31/12/2022", "74825,41", "FIN"),
    )
    one, two = "plan-9990201303256-2021-03-24", "plan-9990201303257-2022-01-01"
    columns = ("siren", "period", "debt_id", "plan", "outstanding_eur", "known_on")
    assert said(parsed, *columns) == [
        (2, A, "2021-03", one, True, Decimal("5697.50"), date(2021, 3, 24)),
        (2, A, "2021-03", one, False, None, date(2021, 9, 29)),
        (3, A, "2022-01", two, True, Decimal("74825.41"), date(2022, 1, 1)),
        (3, A, "2022-01", two, False, None, date(2023, 1, 1)),
    ]
    assert "due_eur" not in parsed.tables["debts"].columns
    assert not [text for text in parsed.tables["debts"]["debt_id"] if "FICTIVE" in text]


def test_a_plan_over_on_the_day_asked_is_told_by_its_end(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_delai,
        tmp_path,
        HEADER,
        line(1, "1", "24/03/2021", "28/09/2021", "100"),
        line(2, "2", "24/03/2021", "29/09/2021", "100"),
        options=ReadOptions(known_on=date(2021, 9, 29)),
    )
    assert said(parsed, "plan", "known_on") == [
        (2, False, date(2021, 9, 29)),
        (3, True, date(2021, 9, 29)),
        (3, False, date(2021, 9, 30)),
    ]


def test_each_reason(tmp_path: Path) -> None:
    sound = line(1, "1", "24/03/2021", "28/09/2021", "100")
    parsed = lines(
        urssaf_delai,
        tmp_path,
        HEADER,
        sound,
        sound,
        line(1, "2", "24/03/2021", "28/09/2021", "100", "REFUS"),
        line(1, "3", "24/03/2021", "23/03/2021", "100"),
        line(1, "4", "", "28/09/2021", "100"),
        line(1, "5", "24/03/2021", "31/09/2021", "100"),
        line(1, "6", "2021", "28/09/2021", "100"),
        line(1, "7", "24/03/2021", "28/09/2021", ""),
        line(1, "8", "24/03/2021", "28/09/2021", "beaucoup"),
        line(1, "9", "24/03/2021", "28/09/2021", "0"),
        sound.replace(siret(A), "11111111111111"),
        "999;99",
    )
    assert [row for row, *_ in said(parsed)] == [2, 2]
    assert refused(parsed) == [
        (3, "", None, "duplicate_line"),
        (4, "Code_externe_stade", "REFUS", "out_of_scope"),
        (5, "Date_echeance", "23/03/2021", "bad_date"),
        (6, "Date_creation", None, "no_date"),
        (7, "Date_echeance", "31/09/2021", "bad_date"),
        (8, "Date_creation", "2021", "bad_date"),
        (9, "Montant_global_echeancier", None, "no_amount"),
        (10, "Montant_global_echeancier", "beaucoup", "bad_amount"),
        (11, "Montant_global_echeancier", "0", "bad_amount"),
        (12, "Siret", "11111111111111", "invalid_identifier"),
        (13, "", None, "wrong_field_count"),
    ]


@pytest.mark.real
def test_public_layout(shared_data: Path) -> None:
    path = shared_data / "urssaf" / "delaiTestData.csv"
    assert urssaf_delai.sniff(sample_of(path)) == CERTAIN
    assert list(reasons(reading(urssaf_delai, path)).values()) == [
        *("no_identifier", "invalid_identifier", "invalid_identifier", "empty_line")
    ]
