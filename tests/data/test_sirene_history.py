"""History of SIRENE: cessations on the day they took effect, taken back where the unit restarts."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.contracts import conform
from data.sources import openings, sirene, sirene_history
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError, merged
from data.sources.blocks import open_blocks
from data.sources.sample import sample_of
from tests.fictitious import siren

HEADER = (
    "siren,dateFin,dateDebut,etatAdministratifUniteLegale,changementEtatAdministratifUniteLegale,"
    "nomUniteLegale,changementNomUniteLegale,nomUsageUniteLegale,changementNomUsageUniteLegale,"
    "denominationUniteLegale,changementDenominationUniteLegale,denominationUsuelle1UniteLegale,"
    "denominationUsuelle2UniteLegale,denominationUsuelle3UniteLegale,"
    "changementDenominationUsuelleUniteLegale,categorieJuridiqueUniteLegale,"
    "changementCategorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,"
    "nomenclatureActivitePrincipaleUniteLegale,changementActivitePrincipaleUniteLegale,"
    "nicSiegeUniteLegale,changementNicSiegeUniteLegale,economieSocialeSolidaireUniteLegale,"
    "changementEconomieSocialeSolidaireUniteLegale,societeMissionUniteLegale,"
    "changementSocieteMissionUniteLegale,caractereEmployeurUniteLegale,"
    "changementCaractereEmployeurUniteLegale"
)
A, B, C, D = (siren(number) for number in range(4))


def period(
    unit: str = A,
    start: str = "2021-03-17",
    state: str = "C",
    changed: str = "true",
    category: str = "9220",
    flag: str = "",
    end: str = "",
    name: str = "LES AMIS DU LAC",
) -> str:
    return (
        f"{unit},{end},{start},{state},{changed},DUPONT,false,,false,{name},false,,,,false,"
        f"{category},false,94.99Z,NAFRev2,false,00012,false,{flag},false,,false,N,false"
    )


def check(parsed: Parsed) -> Parsed:
    kept = {row for table in parsed.tables.values() for row in table["source_row"]}
    rejected = parsed.rejects["source_row"].to_list()
    assert len({*kept, *rejected}) == len(kept) + len(rejected) == parsed.rows_in
    for name, table in parsed.tables.items():
        conform(table, name)
    return parsed


def history(tmp_path: Path, *lines: str, **options: object) -> Parsed:
    path = tmp_path / "StockUniteLegaleHistorique_utf8.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return check(sirene_history.read(path, ReadOptions(**options)))  # type: ignore[arg-type]


def test_a_cessation_on_the_day_its_period_begins(tmp_path: Path) -> None:
    parsed = history(
        tmp_path,
        period(A, "2021-03-17"),
        period(A, "2008-01-01", "A", "false", end="2021-03-16"),
        period(A, "1998-05-04", "A", "false", end="2007-12-31"),
    )
    assert parsed.tables["events"].row(0, named=True) == {
        "siren": A,
        "rna": None,
        "kind": "cessation",
        "occurred_on": date(2021, 3, 17),
        "notice_id": f"sirene-{A}-2021-03-17",
        "source": "sirene_history",
        "source_row": 2,
        "known_on": date(2021, 4, 1),
    }
    assert parsed.tables["retractions"].height == 0
    assert parsed.rejects.select("source_row", "column", "value", "reason").rows() == [
        (row, "changementEtatAdministratifUniteLegale", "false", "out_of_scope") for row in (3, 4)
    ]
    assert "DUPONT" not in str(parsed)


@pytest.mark.parametrize(
    ("day", "known"),
    [
        ("2021-01-01", date(2021, 2, 1)),
        ("2021-01-31", date(2021, 2, 1)),
        ("2020-12-31", date(2021, 1, 1)),
        ("2024-02-29", date(2024, 3, 1)),
    ],
)
def test_known_with_the_next_monthly_file(tmp_path: Path, day: str, known: date) -> None:
    assert history(tmp_path, period(start=day)).tables["events"]["known_on"].to_list() == [known]


def test_the_day_of_the_file_can_be_said(tmp_path: Path) -> None:
    day = date(2026, 1, 5)
    parsed = history(
        tmp_path, period(A), period(B, "2020-01-01"), period(B, "2021-01-01", "A"), known_on=day
    )
    assert parsed.tables["events"]["known_on"].to_list() == [day, day]
    assert parsed.tables["retractions"]["known_on"].to_list() == [day]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("block", [1, 100_000])
def test_a_unit_that_restarts(
    tmp_path: Path, newest_first: bool, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        openings, "open_blocks", functools.partial(open_blocks, large=0, block=block, chunk=150)
    )
    periods = [
        period(A, "1999-01-01", "A", "true"),  # first known state
        period(A, "2015-06-30", "C", "true"),
        period(A, "2017-02-10", "A", "true"),  # restarts
        period(A, "2020-09-01", "C", "true"),  # ceases for good
        period(B, "2015-06-30", "C", "true"),
        period(C, "2017-02-10", "A", "true"),
    ]
    parsed = history(tmp_path, *(reversed(periods) if newest_first else periods))
    events = parsed.tables["events"]
    assert sorted(events.select("siren", "occurred_on").rows()) == [
        (A, date(2015, 6, 30)),
        (A, date(2020, 9, 1)),
        (B, date(2015, 6, 30)),
    ]
    taken = parsed.tables["retractions"].select("notice_id", "known_on").rows()
    assert taken == [(f"sirene-{A}-2015-06-30", date(2017, 3, 1))]
    assert parsed.rejects["reason"].unique().to_list() == ["out_of_scope"]


def test_only_the_perimeter(tmp_path: Path) -> None:
    parsed = history(
        tmp_path,
        period(A, category="1000"),
        period(B, category="5710"),
        period(C, category="5710", flag="O"),
        period(D, category="5458"),
    )
    assert parsed.tables["events"]["siren"].to_list() == [C, D]
    assert parsed.rejects.select("column", "value").rows() == [
        ("categorieJuridiqueUniteLegale", "1000"),
        ("categorieJuridiqueUniteLegale", "5710"),
    ]
    perimeter = tmp_path / "p.toml"
    perimeter.write_text('[families]\nother = ["5710"]\n[flag]\nfamily = "other"\n')
    parsed = history(
        tmp_path, period(A), period(B, category="5710"), extra={"perimeter": str(perimeter)}
    )
    assert parsed.tables["events"]["siren"].to_list() == [B]


def test_every_reason(tmp_path: Path) -> None:
    parsed = history(
        tmp_path,
        period(A),
        period(A),
        period(""),
        period("123456789"),
        period("9.9E+8"),
        period(B, ""),
        period(B, "1900-01-01"),
        period(B, "2014-12-35"),
        period(B, "2150-01-01"),
        period(C) + ",de trop",
        period(C)[:60],
        "",
        period(C, state="", changed="true"),
    )
    assert parsed.tables["events"]["source_row"].to_list() == [2]
    assert parsed.rejects.select("reason", "value").rows() == [
        ("duplicate_line", None),
        ("no_identifier", None),
        ("invalid_identifier", "123456789"),
        ("damaged_identifier", "9.9E+8"),
        ("no_date", None),
        ("no_date", "1900-01-01"),
        ("bad_date", "2014-12-35"),
        ("bad_date", "2150-01-01"),
        ("wrong_field_count", None),
        ("wrong_field_count", None),
        ("empty_line", None),
        ("out_of_scope", "true"),
    ]


def test_in_pieces_and_in_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        period(siren(n), f"20{n % 20:02d}-0{n % 9 + 1}-11", "AC"[n % 3 > 0], category=c)
        for n in range(120)
        for c in ("9220", "5710")
    ]
    whole = history(tmp_path, *lines, *lines[:30])
    path = tmp_path / "StockUniteLegaleHistorique_utf8.csv"
    small = functools.partial(open_blocks, large=0, block=3000, chunk=700)
    monkeypatch.setattr(openings, "open_blocks", small)
    pieces = list(sirene_history.parts(path, ReadOptions()))
    assert len(pieces) > 5
    again = check(merged(pieces))
    assert again.tables["events"].equals(whole.tables["events"])
    assert again.rejects.equals(whole.rejects)
    assert whole.tables["events"].height == 80
    typed = pl.read_csv(path, infer_schema_length=None, schema_overrides={"siren": pl.String})
    assert typed.schema["changementEtatAdministratifUniteLegale"] == pl.Boolean
    typed.write_parquet(tmp_path / "h.parquet")
    parquet = check(sirene_history.read(tmp_path / "h.parquet", ReadOptions()))
    days = ["siren", "occurred_on", "known_on"]
    assert parquet.tables["events"].select(days).equals(whole.tables["events"].select(days))


def test_files_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text(f"{HEADER}\n{period()}\n")
    assert sirene_history.sniff(sample_of(path)) == CERTAIN
    assert sirene.sniff(sample_of(path)) == NO
    path.write_text("siren,dateDebut,etatAdministratifUniteLegale\n1,2,C\n")
    assert sirene_history.sniff(sample_of(path)) == NO
    with pytest.raises(SourceError) as error:
        sirene_history.read(path, ReadOptions())
    assert error.value.code == "source-header"


@pytest.mark.real
def test_the_history_of_establishments_is_another_file(shared_data: Path) -> None:
    path = shared_data / "urssaf" / "sireneHistoTestData.csv"
    if not path.is_file():
        pytest.skip("no history of establishments")
    assert sirene_history.sniff(sample_of(path)) == NO
