"""Collective proceedings as the URSSAF knows them: labels mapped one by one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.sources import urssaf_procol
from data.sources.base import CERTAIN, ReadOptions
from data.sources.sample import sample_of
from data.sources.urssaf_procol import kinds
from tests.data.public_bodies import siret
from tests.data.readings import lines, reading, reasons, refused, said
from tests.data.samples.urssaf_procol import HEADER, line
from tests.fictitious import siren

A, B = siren(1), siren(2)


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("ouverture_liquidation", "liquidation"),
        ("Ouverture_Redressement", "receivership"),
        ("jugement_sauvegarde", "safeguard"),
        ("conversion_redressement", "receivership"),
        ("Liquidation judiciaire", "liquidation"),
        ("liquidation_ouverture", "liquidation"),
        ("plan_continuation_redressement", "plan"),
        ("Plan de continuation sauvegarde", "plan"),
        ("Solde_procedure_redressement", "closure"),
        ("fin_procedure_sauvegarde", "closure"),
        ("abandon_procedure_liquidation", "closure"),
        ("Clôture pour insuffisance d'actif liquidation", "closure"),
        ("resolution_plan_redressement", None),
        ("inclusion_autre_procedure_redressement", None),
        ("liquidation_liquidation", None),
        ("ouverture", None),
        ("appel_redressement", None),
        ("", None),
    ],
)
def test_labels(label: str, kind: str | None) -> None:
    frame = pl.DataFrame({"label": [label]}).select(kinds(pl.col("label"))[0].alias("kind"))
    assert frame["kind"].to_list() == [kind]


def test_an_event_is_known_when_its_notice_must_be(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_procol,
        tmp_path,
        HEADER,
        line(1, "26MAY2014", "ouverture_redressement"),
        line(1, "26MAY2014", "ouverture_redressement", 2),
        line(1, "17DEC2014", "ouverture_liquidation"),
        line(2, "26MAY2014", "ouverture_redressement"),
    )
    assert said(parsed, "siren", "kind", "occurred_on", "known_on") == [
        (2, A, "receivership", date(2014, 5, 26), date(2014, 6, 10)),
        (4, A, "liquidation", date(2014, 12, 17), date(2015, 1, 1)),
        (5, B, "receivership", date(2014, 5, 26), date(2014, 6, 10)),
    ]
    assert refused(parsed) == [
        (3, "Lib_actx_stdx", "ouverture_redressement", "duplicate_line"),
    ]


def test_each_reason(tmp_path: Path) -> None:
    parsed = lines(
        urssaf_procol,
        tmp_path,
        HEADER,
        line(1, "26MAY2014", "Prorogation_redressement"),
        line(1, "26MAY2014", "inclusion_autre_procedure_redressement"),
        line(1, "31FEB2014", "ouverture_redressement"),
        line(1, "", "ouverture_redressement"),
        line(1, "26MAY2014", "ouverture_redressement").replace(f";{A};", f";{B};"),
        line(1, "26MAY2014", "ouverture_redressement").replace(siret(A), "").replace(A, "12"),
        "1;2",
        options=ReadOptions(known_on=date(2020, 1, 1)),
    )
    assert said(parsed) == []
    assert refused(parsed) == [
        (2, "Lib_actx_stdx", "Prorogation_redressement", "out_of_scope"),
        (3, "Lib_actx_stdx", "inclusion_autre_procedure_redressement", "out_of_scope"),
        (4, "Dt_effet", "31FEB2014", "bad_date"),
        (5, "Dt_effet", None, "no_date"),
        (6, "Siret", siret(A), "invalid_identifier"),
        (7, "Siren", "12", "invalid_identifier"),
        (8, "", None, "wrong_field_count"),
    ]
    assert parsed.rejects["message"].to_list()[:2] == [
        "événement de procédure inconnu",
        "procédure jointe à une autre, qui a ses propres lignes",
    ]


def test_the_day_asked(tmp_path: Path) -> None:
    row = line(1, "2014-05-26", "sauvegarde")
    parsed = lines(
        urssaf_procol, tmp_path, HEADER, row, options=ReadOptions(known_on=date(2020, 1, 1))
    )
    assert said(parsed, "kind", "occurred_on", "known_on") == [
        (2, "safeguard", date(2014, 5, 26), date(2020, 1, 1))
    ]


@pytest.mark.real
def test_public_layout(shared_data: Path) -> None:
    path = shared_data / "urssaf" / "procolTestData.csv"
    assert urssaf_procol.sniff(sample_of(path)) == CERTAIN
    assert list(reasons(reading(urssaf_procol, path)).values()) == [
        *["invalid_identifier"] * 3,
        "empty_line",
    ]
