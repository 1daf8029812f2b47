"""Requests to the CCSF: approval alone starts a plan."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.sources import urssaf_ccsf
from data.sources.base import CERTAIN, ReadOptions
from data.sources.sample import sample_of
from tests.data.public_bodies import siret
from tests.data.readings import lines, reading, reasons, refused, said
from tests.data.samples.urssaf_ccsf import HEADER, line
from tests.fictitious import siren

A = siren(1)
KEY = "ccsf-999000000000000001"


def test_each_stage_says_whether_a_plan_stands(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_ccsf,
        tmp_path,
        HEADER,
        line(1, "1180130", "DEBUT"),
        line(1, "1180420", "Approb"),
        line(1, "1190420", "FIN"),
        line(2, "990401", "REFUS"),
        line(3, "1190420", "REJ"),
    )
    assert said(parsed, "plan", "known_on") == [
        (2, False, date(2018, 1, 30)),
        (3, True, date(2018, 4, 20)),
        (4, False, date(2019, 4, 20)),
        (5, False, date(1999, 4, 1)),
        (6, False, date(2019, 4, 20)),
    ]
    facts = parsed.tables["debts"]
    assert facts.select("siren", "creditor", "period", "debt_id").row(0) == (
        *(A, "urssaf", "2018-01", KEY),
    )
    assert not {"due_eur", "outstanding_eur"} & set(facts.columns)


def test_of_one_day_the_last_stage_counts(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_ccsf,
        tmp_path,
        HEADER,
        line(1, "1180420", "APPROB"),
        line(1, "1180420", "DEBUT"),
        line(1, "1180420", "APPROB"),
        line(2, "1180420", "DEBUT"),
    )
    assert said(parsed, "plan") == [(2, True), (5, False)]
    assert refused(parsed) == [
        (3, "Code_externe_stade", "DEBUT", "duplicate_line"),
        (4, "", None, "duplicate_line"),
    ]


def test_known_on_keeps_the_last_stage(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_ccsf,
        tmp_path,
        HEADER,
        line(1, "1190420", "FIN"),
        line(1, "1180420", "APPROB"),
        options=ReadOptions(known_on=date(2020, 1, 1)),
    )
    assert said(parsed, "plan", "known_on") == [(2, False, date(2020, 1, 1))]


def test_each_reason(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_ccsf,
        tmp_path,
        HEADER,
        line(1, "1180420", "SURSIS"),
        line(1, "1180420", ""),
        line(1, "1180420", "DEBUT").replace("CCSF", "SUR PO"),
        line(1, "1180431", "DEBUT"),
        line(1, "", "DEBUT"),
        line(1, "1180420", "DEBUT").replace(siret(A), "000"),
    )
    assert said(parsed) == []
    assert refused(parsed) == [
        (2, "Code_externe_stade", "SURSIS", "out_of_scope"),
        (3, "Code_externe_stade", None, "out_of_scope"),
        (4, "Code_externe_action", "SUR PO", "out_of_scope"),
        (5, "Date_de_traitement", "1180431", "bad_date"),
        (6, "Date_de_traitement", None, "no_date"),
        (7, "Siret", "000", "no_identifier"),
    ]


@pytest.mark.real
def test_public_layout(shared_data: Path) -> None:
    path = shared_data / "urssaf" / "ccsfTestData.csv"
    assert urssaf_ccsf.sniff(sample_of(path)) == CERTAIN
    assert list(reasons(reading(urssaf_ccsf, path)).values()) == [
        *("no_identifier", "invalid_identifier", "invalid_identifier", "empty_line")
    ]
