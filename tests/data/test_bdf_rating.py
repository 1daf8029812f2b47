"""Ratings of the Banque de France: both scales, nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.sources import bdf_rating
from data.sources.base import CERTAIN, LIKELY, NO, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.public_bodies import siret
from tests.data.readings import lines, reading, refused, said
from tests.data.samples import bdf_rating as samples
from tests.fictitious import siren

A, B, C = siren(1), siren(2), siren(3)
HEADER = "siren;cotation;date_cotation"
TODAY = [
    "1+",
    "1",
    "1-",
    "2+",
    "2",
    "2-",
    "3+",
    "3",
    "3-",
    "4+",
    "4",
    "4-",
    "5+",
    "5",
    "5-",
    "6+",
    "6",
    "6-",
    "7",
    "8",
    "P",
    "0",
]
BEFORE = ["3++", "3+", "3", "4+", "4", "5+", "5", "6", "7", "8", "9", "P", "0"]


@pytest.mark.parametrize("rating", [*TODAY, *BEFORE, *(f"G{rating}" for rating in BEFORE), "X0"])
def test_every_rating_of_a_scale(tmp_path: Path, rating: str) -> None:
    parsed = lines(bdf_rating, tmp_path, HEADER, f"{A};{rating};15/03/2024")
    assert said(parsed, "siren", "rating", "rated_on", "known_on") == [
        (2, A, rating, date(2024, 3, 15), date(2024, 3, 15))
    ]


@pytest.mark.parametrize("rating", ["1++", "7+", "8-", "10", "A", "P+", "Z3", "GG3", "-", "bonne"])
def test_what_no_scale_holds(tmp_path: Path, rating: str) -> None:
    parsed = lines(bdf_rating, tmp_path, HEADER, f"{A};{rating};15/03/2024")
    assert refused(parsed) == [(2, "cotation", rating, "unreadable")]
    assert "aucune échelle" in parsed.rejects["message"][0]


def test_the_scale_of_today_has_22_notches() -> None:
    assert (len(set(TODAY)), len(set(BEFORE))) == (22, 13)


def test_spellings(tmp_path: Path) -> None:
    parsed = lines(
        bdf_rating,
        tmp_path,
        "SIRET;Cote de crédit;Date effet",
        f"{siret(A)};g 4+;2021-06-30",
        f"{siret(B)};5−;30/06/2023",
        f"{siret(C)};4.0;45000",
    )
    assert said(parsed, "siren", "rating", "rated_on") == [
        (2, A, "G4+", date(2021, 6, 30)),
        (3, B, "5-", date(2023, 6, 30)),
        (4, C, "4", date(2023, 3, 15)),
    ]


def test_two_ratings_of_one_day_say_nothing(tmp_path: Path) -> None:
    parsed = lines(
        bdf_rating,
        tmp_path,
        HEADER,
        f"{A};4;15/03/2024",
        f"{A};5;2024-03-15",
        f"{B};4;15/03/2024",
        f"{B};4;2024-03-15",
        f"{B};5;16/03/2024",
        f"{B};5;16/03/2024",
    )
    assert said(parsed, "rating") == [(4, "4"), (6, "5")]
    assert [(row, reason) for row, _, _, reason in refused(parsed)] == [
        (row, "duplicate_line") for row in (2, 3, 5, 7)
    ]
    told = parsed.rejects["message"].str.contains("deux cotes différentes").to_list()
    assert told == [True, True, False, False]


def test_each_reason(tmp_path: Path) -> None:
    parsed = lines(
        bdf_rating,
        tmp_path,
        HEADER,
        ";4;15/03/2024",
        "123456789;4;15/03/2024",
        f"{A};4;",
        f"{A};4;2024",
        f"{A};4;30/02/2024",
        f"{A};;15/03/2024",
        f"{A};4",
        ";;",
        options=ReadOptions(known_on=date(2024, 5, 1)),
    )
    assert refused(parsed) == [
        (2, "siren", None, "no_identifier"),
        (3, "siren", "123456789", "invalid_identifier"),
        (4, "date_cotation", None, "no_date"),
        (5, "date_cotation", "2024", "bad_date"),
        (6, "date_cotation", "30/02/2024", "bad_date"),
        (7, "cotation", None, "unreadable"),
        (8, "", None, "wrong_field_count"),
        (9, "", None, "empty_line"),
    ]


def test_the_day_asked_and_recognition(tmp_path: Path) -> None:
    today, older = samples.make(tmp_path)
    parsed = reading(bdf_rating, today, ReadOptions(known_on=date(2024, 5, 1)))
    assert set(parsed.tables["ratings"]["known_on"]) == {date(2024, 5, 1)}
    assert (parsed.rows_in, reading(bdf_rating, older).tables["ratings"].height) == (10, 8)
    assert [bdf_rating.sniff(sample_of(path)) for path in (today, older)] == [CERTAIN] * 2
    vague = tmp_path / "notes.csv"
    vague.write_text(f"siren;rating;date\n{A};4;15/03/2024\n", "utf-8")
    assert bdf_rating.sniff(sample_of(vague)) == LIKELY
    vague.write_text(f"siren;note;date\n{A};4;15/03/2024\n", "utf-8")
    assert bdf_rating.sniff(sample_of(vague)) == NO
    with pytest.raises(SourceError) as error:
        bdf_rating.read(vague, ReadOptions())
    assert error.value.code == "source-header"
