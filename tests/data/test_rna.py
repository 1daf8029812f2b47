"""The register of associations: states and dissolutions, each on the day it could be known."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from data.contracts import conform
from data.sources import openings, rna
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError, merged
from data.sources.blocks import open_blocks
from data.sources.sample import sample_of
from tests.data.test_successions import siret

WALDEC = (
    "id;id_ex;siret;rup_mi;gestion;date_creat;date_decla;date_publi;date_disso;nature;groupement;"
    "titre;titre_court;objet;objet_social1;objet_social2;adrs_complement;adrs_numvoie;"
    "adrs_repetition;adrs_typevoie;adrs_libvoie;adrs_distrib;adrs_codeinsee;adrs_codepostal;"
    "adrs_libcommune;adrg_declarant;adrg_complemid;adrg_complemgeo;adrg_libvoie;adrg_distrib;"
    "adrg_codepostal;adrg_achemine;adrg_pays;dir_civilite;siteweb;publiweb;observation;position;"
    "maj_time"
)
IMPORT = (
    "id;id_ex;siret;gestion;date_creat;date_publi;nature;groupement;titre;objet;objet_social1;"
    "objet_social2;adr1;adr2;adr3;adrs_codepostal;libcom;adrs_codeinsee;dir_civilite;siteweb;"
    "observation;position;rup_mi;maj_time"
)
A = siret(1)


def waldec(
    number: str = "W2A1001234",
    siret: str = "",
    created: str = "1998-05-04",
    dissolved: str = "0001-01-01",
    name: str = "LES AMIS DU LAC",
    insee: str = "2A004",
    post: str = "20000",
    position: str = "A",
    updated: str = "2019-03-22 14:26:06",
) -> str:
    return (
        f"{number};0421001234;{siret};;042S;{created};2018-01-02;1998-06-01;{dissolved};D;S;{name};"
        f'AMIS LAC;"protéger le lac, ses rives ; et ses ""oiseaux""";024000;;;1;;RUE;DU LAC;;'
        f"{insee};{post};Ajaccio;JEANNE DUPONT;;;1 rue du Lac;;20000;AJACCIO;FRANCE;MM;;1;;"
        f"{position};{updated}"
    )


def imported(
    number: str = "011S0123456", siret: str = A, created: str = "0001-01-01", position: str = "A"
) -> str:
    return (
        f"{number};0123456;{siret};011S;{created};0001-01-01;D;S;LA RUCHE VERTE;jardiner;024000;;"
        f"1 rue des Abeilles;;;01000;BOURG;01053;MR;;;{position};;2008-07-15"
    )


def check(parsed: Parsed) -> Parsed:
    kept = set(parsed.tables["structures"]["source_row"])
    assert set(parsed.tables["events"]["source_row"]) <= kept
    rejected = parsed.rejects["source_row"].to_list()
    assert len({*kept, *rejected}) == len(kept) + len(rejected) == parsed.rows_in
    for name, table in parsed.tables.items():
        conform(table, name)
    return parsed


def export(
    tmp_path: Path,
    *lines: str,
    header: str = WALDEC,
    encoding: str = "utf-8",
    known_on: date | None = None,
) -> Parsed:
    path = tmp_path / "rna.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
    return check(rna.read(path, ReadOptions(known_on=known_on)))


def test_an_association_of_the_current_export(tmp_path: Path) -> None:
    parsed = export(tmp_path, waldec())
    fact = conform(parsed.tables["structures"], "structures").row(0, named=True)
    assert {key: value for key, value in fact.items() if value is not None} == {
        "rna": "W2A1001234",
        "name": "LES AMIS DU LAC",
        "ess_family": "association",
        "commune": "2A004",
        "departement": "2A",
        "region": "94",
        "created_on": date(1998, 5, 4),
        "source": "rna",
        "source_row": 2,
        "known_on": date(2019, 3, 22),
    }
    assert parsed.tables["events"].height == 0
    assert "DUPONT" not in str(parsed.tables["structures"].rows())


def test_the_siret_gives_the_unit(tmp_path: Path) -> None:
    lines = (waldec(siret=A), waldec("W011001234", siret="12345678901234"))
    facts = export(tmp_path, *lines).tables["structures"]
    assert facts.select("siren", "rna").rows() == [(A[:9], "W2A1001234"), (None, "W011001234")]


def test_a_dissolution_is_known_the_later_of_two_days(tmp_path: Path) -> None:
    parsed = export(
        tmp_path,
        waldec(
            "W011000001", A, dissolved="2020-06-30", position="D", updated="2020-07-08 09:00:00"
        ),
        waldec("W011000002", dissolved="2020-06-30", position="D", updated="2019-01-01 00:00:00"),
        waldec("W011000003", dissolved="2020-06-30", position="A"),
        waldec("W011000004", dissolved="0001-01-01", position="D"),
        waldec("W011000005", dissolved="2020-06-31", position="D"),
    )
    assert parsed.tables["events"].select("siren", "rna", "occurred_on", "known_on").rows() == [
        (A[:9], "W011000001", date(2020, 6, 30), date(2020, 7, 8)),
        (None, "W011000002", date(2020, 6, 30), date(2020, 6, 30)),
    ]
    assert parsed.tables["events"]["kind"].unique().to_list() == ["dissolution"]
    structures = parsed.tables["structures"]
    assert structures["known_on"].to_list()[:2] == [date(2020, 7, 8), date(2020, 6, 30)]
    assert structures["ceased_on"].to_list() == [date(2020, 6, 30)] * 2 + [None] * 3


def test_the_export_of_before_2009(tmp_path: Path) -> None:
    parsed = export(
        tmp_path,
        imported(),
        imported("011S0123457", ""),
        imported("W011001234", "", created="1987-02-03"),
        header=IMPORT,
        encoding="latin-1",
    )
    facts = parsed.tables["structures"]
    assert facts.select("siren", "rna", "created_on", "departement").rows() == [
        (A[:9], None, None, "01"),
        (None, "W011001234", date(1987, 2, 3), "01"),
    ]
    assert facts["known_on"].unique().to_list() == [date(2008, 7, 15)]
    assert parsed.rejects.select("reason", "column", "value").rows() == [
        ("invalid_identifier", "id", "011S0123457")
    ]
    assert parsed.tables["events"].height == 0


def test_every_reason(tmp_path: Path) -> None:
    parsed = export(
        tmp_path,
        waldec(),
        waldec(),
        waldec(position="S"),
        waldec(""),
        waldec("", siret="1,2E+13"),
        waldec("W12"),
        waldec(updated=""),
        waldec(updated="0001-01-01 00:00:00"),
        waldec(updated="2019-13-45"),
        waldec() + ";de trop",
        "W011001234;",
        "",
    )
    assert parsed.tables["structures"]["source_row"].to_list() == [2]
    assert parsed.rejects.select("reason", "column", "value").rows() == [
        ("duplicate_line", "", None),
        ("out_of_scope", "position", "S"),
        ("no_identifier", "id", None),
        ("damaged_identifier", "siret", "1,2E+13"),
        ("invalid_identifier", "id", "W12"),
        ("no_date", "maj_time", None),
        ("no_date", "maj_time", "0001-01-01 00:00:00"),
        ("bad_date", "maj_time", "2019-13-45"),
        ("wrong_field_count", "", None),
        ("wrong_field_count", "", None),
        ("empty_line", "", None),
    ]


def test_the_day_of_the_file_can_be_said(tmp_path: Path) -> None:
    day = date(2025, 9, 1)
    lines = (waldec(updated=""), waldec("W011001234", dissolved="2020-06-30", position="D"))
    parsed = export(tmp_path, *lines, known_on=day)
    assert parsed.tables["structures"]["known_on"].to_list() == [day, day]
    assert parsed.tables["events"]["known_on"].to_list() == [day]


@pytest.mark.parametrize(
    "written", ["20190322142606", "20190322", "22/03/2019", "2019-03-22T14:26:06"]
)
def test_days_of_update_as_written_over_the_years(tmp_path: Path, written: str) -> None:
    known = export(tmp_path, waldec(updated=written)).tables["structures"]["known_on"]
    assert known.to_list() == [date(2019, 3, 22)]


def test_the_place_comes_from_the_commune_then_the_postcode(tmp_path: Path) -> None:
    facts = export(
        tmp_path,
        waldec(insee="59350", post="59000"),
        waldec("W011001234", insee="", post="1000"),
        waldec("W011001235", insee="", post=""),
    ).tables["structures"]
    assert facts.select("commune", "departement", "region").rows() == [
        ("59350", "59", "32"),
        ("Ajaccio", "01", "84"),
        ("Ajaccio", None, None),
    ]


def test_in_pieces_and_in_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        waldec(
            f"W{n:09d}",
            siret(n) if n % 3 == 0 else "",
            dissolved=f"20{n % 24:02d}-06-30",
            position="AD"[n % 2],
            name='"LES ""AMIS""\n DU LAC"' if n % 5 == 0 else "AMIS",
        )
        for n in range(100)
    ]
    whole = export(tmp_path, WALDEC, *lines, *lines[:30])
    assert whole.rows_in == 130  # the header said again is no row
    assert whole.tables["structures"].height == 100
    assert whole.tables["events"].height == 50
    path = tmp_path / "rna.csv"
    small = functools.partial(open_blocks, large=0, block=4000, chunk=1500)
    monkeypatch.setattr(openings, "open_blocks", small)
    pieces = list(rna.parts(path, ReadOptions()))
    assert len(pieces) > 5
    again = check(merged(pieces))
    for name, table in whole.tables.items():
        assert again.tables[name].equals(table)
    assert again.rejects.equals(whole.rejects)
    text = dict.fromkeys(["siret", "adrs_codepostal", "adrs_codeinsee"], pl.String)
    path.write_text("\n".join([WALDEC, *lines]) + "\n")
    typed = pl.read_csv(path, separator=";", schema_overrides=text, try_parse_dates=True)
    assert typed.schema["maj_time"] == pl.Datetime
    typed.write_parquet(tmp_path / "rna.parquet")
    parquet = check(rna.read(tmp_path / "rna.parquet", ReadOptions()))
    for name in ("structures", "events"):
        columns = [c for c in whole.tables[name].columns if c != "source_row"]
        assert parquet.tables[name].select(columns).equals(whole.tables[name].select(columns))


def test_files_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    for header, line in ((WALDEC, waldec()), (IMPORT, imported())):
        path.write_text(f"{header}\n{line}\n")
        assert rna.sniff(sample_of(path)) == CERTAIN
    path.write_text("id;titre;date\n1;a;2020-01-01\n")
    assert rna.sniff(sample_of(path)) == NO
    with pytest.raises(SourceError) as error:
        rna.read(path, ReadOptions())
    assert error.value.code == "source-header"
