"""Warnings of regional cells: how grave, whose, where, and nobody's name."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.sources import alerts
from data.sources.alerts import without_persons
from data.sources.base import CERTAIN, LIKELY, NO, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.public_bodies import siret
from tests.data.readings import lines, reading, reasons, refused, said
from tests.data.samples import alerts as samples
from tests.fictitious import siren

A, B = siren(1), siren(2)
HEADER = "siren;rna;region;severity;reason;raised_on"
DAY = date(2024, 5, 14)


def test_a_warning_is_known_on_its_day(tmp_path: Path) -> None:
    parsed = lines(
        alerts,
        tmp_path,
        HEADER,
        f"{A};;53;2;Perte d'un financeur;2024-05-14",
        ";W999000003;Île-de-France;forte;;14/05/2024",
        f"{B};w999000003;;1;;14 mai 2024",
    )
    columns = ("siren", "rna", "region", "severity", "reason", "raised_on", "known_on")
    assert said(parsed, *columns) == [
        (2, A, None, "53", 2, "Perte d'un financeur", DAY, DAY),
        (3, None, "W999000003", "11", 3, None, DAY, DAY),
        (4, B, "W999000003", None, 1, None, DAY, DAY),
    ]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        *(("1", 1), ("2", 2), ("3", 3), ("3.0", 3), ("2/3", 2), ("Faible", 1), ("MOYENNE", 2)),
        *(("modérée", 2), ("Élevé", 3), ("très forte", 3), ("high", 3), ("critique", 3)),
    ],
)
def test_how_grave(tmp_path: Path, text: str, level: int) -> None:
    parsed = lines(alerts, tmp_path, HEADER, f"{A};;53;{text};;2024-05-14")
    assert said(parsed, "severity") == [(2, level)]


@pytest.mark.parametrize("text", ["", "0", "4", "1,5", "rouge", "2/5"])
def test_what_is_no_severity(tmp_path: Path, text: str) -> None:
    parsed = lines(alerts, tmp_path, HEADER, f"{A};;53;{text};;2024-05-14")
    assert refused(parsed) == [(2, "severity", text or None, "unreadable")]


def test_where(tmp_path: Path) -> None:
    header = "siret;région;département;gravité;date_signalement"
    texts = ["11", "1", "4.0", "Bretagne", "BRETAGNE ", "la reunion", "99", "Nord-Picardie", ""]
    rows = [f"{siret(A)};{text};;1;14/05/{2000 + n}" for n, text in enumerate(texts)]
    rows += [f"{siret(A)};;{text};1;14/05/2024" for text in ("35", "Finistère", "2A", "999")]
    parsed = lines(alerts, tmp_path, header, *rows)
    assert [region for _, region in said(parsed, "region")] == [
        *("11", "01", "04", "53", "53", "04", None, None, None),
        *("53", "53", "94", None),
    ]


def test_each_way_to_say_whose(tmp_path: Path) -> None:
    parsed = lines(
        alerts,
        tmp_path,
        "nom;siret;siren;rna;gravite;date_alerte",
        f"X;{siret(A)};;;1;2024-05-14",
        f"X;;{B};;1;2024-05-14",
        "X;W999000003;;;1;2024-05-14",
        "X;;123456789;W999000004;1;2024-05-14",
        f"X;{siret(A)};{B};;1;2024-05-14",
        "X;;;;1;2024-05-14",
        "X;;123456789;;1;2024-05-14",
        "X;2,43E+13;;;1;2024-05-14",
        "X;;;W99;1;2024-05-14",
        f"X;;{A};;1;",
        f"X;;{A};;1;2024",
        f"X;;{A};;1;2024-02-30",
        f"X;;{A}",
        ";;;;;",
        f"X;{siret(A)};;;1;2024-05-14",
        options=ReadOptions(known_on=date(2024, 6, 1)),
    )
    assert said(parsed, "siren", "rna", "known_on") == [
        (2, A, None, date(2024, 6, 1)),
        (3, B, None, date(2024, 6, 1)),
        (4, None, "W999000003", date(2024, 6, 1)),
        (5, None, "W999000004", date(2024, 6, 1)),
    ]
    assert refused(parsed) == [
        (6, "siret", siret(A), "invalid_identifier"),
        (7, "siren", None, "no_identifier"),
        (8, "siren", "123456789", "invalid_identifier"),
        (9, "siret", "2,43E+13", "damaged_identifier"),
        (10, "rna", "W99", "invalid_identifier"),
        (11, "date_alerte", None, "no_date"),
        (12, "date_alerte", "2024", "bad_date"),
        (13, "date_alerte", "2024-02-30", "bad_date"),
        (14, "", None, "wrong_field_count"),
        (15, "", None, "empty_line"),
        (16, "", None, "duplicate_line"),
    ]
    assert "seul nom" in parsed.rejects["message"][1]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("voir prenom.nom+asso@exemple.invalid.", "voir [retiré]."),
        ("rappeler le 06 12 34 56 78 demain", "rappeler le [retiré] demain"),
        ("tél. 01.23.45.67.89", "tél. [retiré]"),
        ("+33 6 12 34 56 78, +33 (0)612345678, 0033612345678", "[retiré], [retiré], [retiré]"),
        ("n° 1 85 05 78 006 084 91", "n° [retiré]"),
        ("compte FR76 3000 6000 0112 3456 7890 189", "compte [retiré]"),
        ("perte de 120 000 € en 2024", "perte de 120 000 € en 2024"),
        (f"SIRET {siret(A)}, SIREN {A}", f"SIRET {siret(A)}, SIREN {A}"),
        ("convention 2024-0612, 3 salariés", "convention 2024-0612, 3 salariés"),
        ("W999000003", "W999000003"),
    ],
)
def test_what_says_who_is_removed(text: str, kept: str) -> None:
    assert pl.select(without_persons(pl.lit(text))).item() == kept


def test_the_answer_of_an_interface(tmp_path: Path) -> None:
    rows = [
        {"siren": A, "rna": None, "region": "53", "severity": 3, "reason": "ok@exemple.invalid",
         "raised_on": "2024-05-14T09:00:00"},
        {"siren": None, "rna": None, "region": "53", "severity": 3, "raised_on": "2024-05-14"},
        None,
        "texte",
    ]  # fmt: skip
    path = tmp_path / "alerts.json"
    for content in (rows, {"alerts": rows}, {"total": 4, "items": rows}, {"results": rows}):
        path.write_text(json.dumps(content), "utf-8")
        assert alerts.sniff(sample_of(path)) == CERTAIN
        parsed = reading(alerts, path)
        assert said(parsed, "siren", "severity", "reason") == [(1, A, 3, "[retiré]")]
        assert reasons(parsed) == {2: "no_identifier", 3: "empty_line", 4: "empty_line"}


@pytest.mark.parametrize("content", [None, [], {}, {"alerts": None}, {"alerts": [1]}, 3])
def test_json_of_another_shape(tmp_path: Path, content: object) -> None:
    path = tmp_path / "alerts.json"
    path.write_text(json.dumps(content), "utf-8")
    assert alerts.sniff(sample_of(path)) == NO
    with pytest.raises(SourceError):
        alerts.read(path, ReadOptions())


def test_recognition(tmp_path: Path) -> None:
    for path, rows in zip(samples.make(tmp_path), (6, 12, 12), strict=True):
        assert alerts.sniff(sample_of(path)) == CERTAIN
        assert reading(alerts, path).tables["alerts"].height == rows
    path = tmp_path / "vague.csv"
    path.write_text("siren;niveau;date\n1;2;3\n", "utf-8")
    assert alerts.sniff(sample_of(path)) == LIKELY
    path.write_text("nom;niveau;date\n1;2;3\n", "utf-8")
    assert alerts.sniff(sample_of(path)) == NO
