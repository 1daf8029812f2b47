"""SIRENE: every shape ends in the same table; nothing is dated, placed or named by guess."""

from __future__ import annotations

import functools
import json
import zipfile
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from data.contracts import conform
from data.identifiers import is_siren
from data.reference.perimeter import PerimeterError
from data.sources import openings, sirene
from data.sources.base import CERTAIN, LIKELY, NO, Parsed, ReadOptions, SourceError, merged
from data.sources.blocks import open_blocks
from data.sources.sample import sample_of

if TYPE_CHECKING:
    from pathlib import Path

SIRENS = [s for n in range(100_000_000, 100_000_400) if is_siren(s := str(n))]
A, B, C = SIRENS[:3]
LEADING_ZEROS = next(s for n in range(1_000_000, 1_000_100) if is_siren(s := f"{n:09d}"))
HEADER = (
    "siren,statutDiffusionUniteLegale,dateCreationUniteLegale,sigleUniteLegale,"
    "prenom1UniteLegale,identifiantAssociationUniteLegale,trancheEffectifsUniteLegale,"
    "anneeEffectifsUniteLegale,dateDernierTraitementUniteLegale,etatAdministratifUniteLegale,"
    "nomUniteLegale,denominationUniteLegale,denominationUsuelle1UniteLegale,"
    "categorieJuridiqueUniteLegale,activitePrincipaleUniteLegale,"
    "nomenclatureActivitePrincipaleUniteLegale,economieSocialeSolidaireUniteLegale"
)


def line(
    siren: str = A,
    created: str = "1998-05-04",
    rna: str = "",
    band: str = "12",
    updated: str = "2024-03-22T14:26:06",
    name: str = "LES AMIS DU LAC",
    usual: str = "",
    category: str = "9220",
    naf: str = "88.99B",
    nomenclature: str = "NAFRev2",
    flag: str = "",
) -> str:
    return (
        f"{siren},O,{created},,JEANNE,{rna},{band},2022.0,{updated},A,DUPONT,{name},{usual},"
        f"{category},{naf},{nomenclature},{flag}"
    )


def check(parsed: Parsed) -> Parsed:
    kept = parsed.tables["structures"]["source_row"].to_list()
    rejected = parsed.rejects["source_row"].to_list()
    assert len({*kept, *rejected}) == len(kept) + len(rejected) == parsed.rows_in
    conform(parsed.tables["structures"], "structures")
    return parsed


def stock(tmp_path: Path, *lines: str, header: str = HEADER, **extra: str) -> Parsed:
    path = tmp_path / "StockUniteLegale_utf8.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return check(sirene.read(path, ReadOptions(extra=extra)))


def answer(tmp_path: Path, content: object, known_on: date | None = None) -> Parsed:
    path = tmp_path / "answer.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return check(sirene.read(path, ReadOptions(known_on=known_on)))


def test_a_unit_of_the_stock(tmp_path: Path) -> None:
    fact = stock(tmp_path, line(rna="W2A1001234")).tables["structures"].row(0, named=True)
    assert fact | {"commune": None} == {
        "siren": A,
        "rna": "W2A1001234",
        "name": "LES AMIS DU LAC",
        "legal_category": "9220",
        "ess_family": "association",
        "esus": None,
        "naf": "88.99B",
        "sector": "social_care",
        "commune": None,
        "departement": None,
        "region": None,
        "employees_band": "12",
        "created_on": date(1998, 5, 4),
        "ceased_on": None,
        "source": "sirene",
        "source_row": 2,
        "known_on": date(2024, 3, 22),
    }


def test_a_stock_in_pieces_is_the_stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line(s, category=c) for s in SIRENS for c in ("9220", "5710", "1000")]
    lines += [
        "",
        line(A, name='"LES AMIS, DU ""LAC"""'),
        line(B, name='"[ND]"'),
        "123",
        line() + ",",
    ]
    lines += lines[:40]
    whole = stock(tmp_path, *lines)
    assert whole.rows_in == len(lines)
    small = functools.partial(open_blocks, large=0, block=2000, chunk=600)
    monkeypatch.setattr(openings, "open_blocks", small)
    path = tmp_path / "StockUniteLegale_utf8.csv"
    pieces = list(sirene.parts(path, ReadOptions()))
    assert len(pieces) > 5
    again = check(merged(pieces))
    assert again.tables["structures"].equals(whole.tables["structures"])
    assert again.rejects.equals(whole.rejects)
    # One line kept a unit; its copies are told apart from one piece to another.
    assert again.tables["structures"].height == len(SIRENS) + 2
    counts = dict(again.rejects["reason"].value_counts().iter_rows())
    assert counts["duplicate_line"] == 14
    assert counts["wrong_field_count"] == 2
    assert counts["empty_line"] == 1


def test_a_parquet_stock_is_read_as_the_text(tmp_path: Path) -> None:
    text = stock(tmp_path, line(), line(B, category="5710"), line(C, created="", band=""))
    typed = pl.read_csv(
        tmp_path / "StockUniteLegale_utf8.csv",
        schema_overrides={"siren": pl.String, "trancheEffectifsUniteLegale": pl.String},
        try_parse_dates=True,
    )
    assert typed.schema["dateCreationUniteLegale"] == pl.Date
    path = tmp_path / "StockUniteLegale_utf8.parquet"
    typed.write_parquet(path)
    parsed = check(sirene.read(path, ReadOptions()))
    # Records are numbered from 1, lines of the text from 2.
    row = pl.col("source_row") + 1
    assert parsed.tables["structures"].with_columns(row).equals(text.tables["structures"])
    assert parsed.rejects.with_columns(row).equals(text.rejects)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SourceError):
        sirene.read(path, ReadOptions())


def test_persons_are_out_of_scope_and_their_names_never_read(tmp_path: Path) -> None:
    parsed = stock(tmp_path, line(category="1000", name=""), line(B, category="1000", flag="O"))
    assert parsed.rejects.rows() == [
        (n, "categorieJuridiqueUniteLegale", "1000", "out_of_scope", sirene.OUT_OF_SCOPE)
        for n in (2, 3)
    ]
    assert "DUPONT" not in str(parsed)
    assert "JEANNE" not in str(parsed)


def test_a_cut_line_is_rejected(tmp_path: Path) -> None:
    parsed = stock(tmp_path, line(), line(B)[:60])
    assert parsed.rejects["reason"].to_list() == ["wrong_field_count"]


def test_what_is_unknown_stays_empty(tmp_path: Path) -> None:
    facts = stock(
        tmp_path,
        line(created="1900-01-01", name="[ND]", usual="LE LAC"),
        line(B, created="2014-12-35", name="", naf="85.3K", nomenclature="NAF1993", band="99"),
        line(C, created="", rna="W12", naf="8899B", nomenclature=""),
    ).tables["structures"]
    assert facts["created_on"].to_list() == [None] * 3
    assert facts["name"].to_list() == ["LE LAC", None, "LES AMIS DU LAC"]
    assert facts["naf"].to_list() == ["88.99B", None, "88.99B"]
    assert facts["employees_band"].to_list() == ["12", None, "12"]
    assert facts["rna"].to_list() == [None] * 3


def test_lower_case_header_leading_zeros_and_zip(tmp_path: Path) -> None:
    short = line(str(int(LEADING_ZEROS)))
    parsed = stock(tmp_path, short, header=HEADER.lower())
    assert parsed.tables["structures"]["siren"].to_list() == [LEADING_ZEROS]
    archive = tmp_path / "stock.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(tmp_path / "StockUniteLegale_utf8.csv", "a.csv")
    zipped = check(sirene.read(archive, ReadOptions()))
    assert zipped.tables["structures"].equals(parsed.tables["structures"])
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("b.csv", "siren\n")
    with pytest.raises(SourceError) as error:
        sirene.read(archive, ReadOptions())
    assert error.value.code == "sirene-shape"


def test_every_reason(tmp_path: Path) -> None:
    parsed = stock(
        tmp_path,
        line(),
        line(),
        line(""),
        line("123456789"),
        line(B, category="5710"),
        line(B, category="1000", flag="O"),
        line(B, updated=""),
        line(B, updated="2024-13-45"),
        line(B, category="5710", flag="O"),
        line(C) + ",de trop",
        ",,",
        "",
        line(C),
    )
    assert parsed.rejects["reason"].to_list() == [
        "duplicate_line",
        "no_identifier",
        "invalid_identifier",
        "out_of_scope",
        "out_of_scope",
        "no_date",
        "bad_date",
        "wrong_field_count",
        "empty_line",
        "empty_line",
    ]
    assert "--known-on" in parsed.rejects["message"][5]
    families = parsed.tables["structures"]["ess_family"].to_list()
    assert families == ["association", "commercial", "association"]


def test_a_perimeter_of_ones_own(tmp_path: Path) -> None:
    perimeter = tmp_path / "p.toml"
    perimeter.write_text('[families]\nother = ["5710"]\n[flag]\nfamily = "other"\n')
    lines = (line(), line(B, category="5710"))
    parsed = stock(tmp_path, *lines, perimeter=str(perimeter))
    assert parsed.tables["structures"]["siren"].to_list() == [B]
    with pytest.raises(PerimeterError):
        stock(tmp_path, *lines, perimeter=str(tmp_path / "none.toml"))


def test_the_raw_answer_of_the_search(tmp_path: Path) -> None:
    unit = {
        "siren": A,
        "nom_complet": "LES AMIS DU LAC",
        "nature_juridique": "9220",
        "activite_principale": "90.01Z",
        "tranche_effectif_salarie": "03",
        "date_creation": "2001-02-03",
        "date_fermeture": "2023-11-30",
        "date_mise_a_jour_insee": "2024-01-02T03:04:05",
        "dirigeants": [{"nom": "DUPONT", "prenoms": "JEANNE"}],
        "siege": {"code_postal": "20137", "commune": "2A247", "date_creation": "1999-01-01"},
        "complements": {"est_ess": True, "identifiant_association": "W2A1001234"},
    }
    company = unit | {"siren": B, "nature_juridique": "5710", "complements": {"est_ess": False}}
    parsed = answer(tmp_path, {"results": [unit, company], "total_results": 2})
    fact = parsed.tables["structures"].row(0, named=True)
    assert (fact["commune"], fact["departement"], fact["region"]) == ("2A247", "2A", "94")
    assert (fact["created_on"], fact["ceased_on"]) == (date(2001, 2, 3), date(2023, 11, 30))
    assert (fact["rna"], fact["sector"]) == ("W2A1001234", "culture")
    assert fact["known_on"] == date(2024, 1, 2)
    assert parsed.rejects["reason"].to_list() == ["out_of_scope"]
    assert "DUPONT" not in str(parsed.tables)


def test_the_dated_answer_kept_by_siren(tmp_path: Path) -> None:
    item = {
        "siren": A,
        "nom": "LE PONT",
        "forme_juridique": "5458",
        "commune": "LILLE",
        "code_postal": "59000",
        "tranche_effectifs": "11",
        "date_creation": "1900-01-01",
        "etat": "C",
    }
    hidden = item | {"siren": B, "nom": "[NON-DIFFUSIBLE]", "code_postal": "[NON-DIFFUSIBLE]"}
    content = {"generated_at": "2026-04-20T11:43:34", "items": {A: item, B: hidden}}
    facts = answer(tmp_path, content).tables["structures"]
    assert facts["departement"].to_list() == ["59", None]
    assert facts["name"].to_list() == ["LE PONT", None]
    assert facts["ess_family"].unique().to_list() == ["cooperative"]
    assert facts["ceased_on"].to_list() == [None, None]
    assert facts["known_on"].unique().to_list() == [date(2026, 4, 20)]


LISTED = {
    "SIREN": str(int(LEADING_ZEROS)),
    "Nom ou raison sociale de l'entreprise": "LE PONT",
    "Famille juridique de l'entreprise": "Coopératives",
    "Code postal": "1000",
    "Libellé de la commune de l'établissement": "BOURG",
    "Code du département de l'établissement": "1",
    "Région de l'établissement": "AUVERGNE-RHONE-ALPES",
}


def test_the_list_of_ess_france_is_not_dated_by_guess(tmp_path: Path) -> None:
    parsed = answer(tmp_path, {"data": [LISTED], "meta": {"total": 1}})
    assert parsed.rejects["reason"].to_list() == ["no_date"]
    parsed = answer(tmp_path, {"data": [LISTED]}, date(2025, 6, 1))
    fact = parsed.tables["structures"].row(0, named=True)
    assert (fact["siren"], fact["ess_family"]) == (LEADING_ZEROS, "cooperative")
    assert (fact["departement"], fact["region"]) == ("01", "84")
    path = tmp_path / "list.csv"
    path.write_text(",".join(LISTED) + "\n" + ",".join(LISTED.values()) + "\n", encoding="utf-8")
    table = check(sirene.read(path, ReadOptions(known_on=date(2025, 6, 1))))
    same = parsed.tables["structures"].drop("source_row")
    assert table.tables["structures"].drop("source_row").equals(same)


def test_one_answer_about_the_list(tmp_path: Path) -> None:
    result = {"nom": "LE PONT", "familleJuridique": "Associations", "region": "BRETAGNE"}
    content = {"args": [A], "result": result}
    fact = answer(tmp_path, content, date(2025, 6, 1)).tables["structures"].row(0, named=True)
    assert (fact["siren"], fact["ess_family"], fact["region"]) == (A, "association", "53")


def test_a_company_of_the_list_and_an_unknown_family(tmp_path: Path) -> None:
    records = [
        LISTED | {"SIREN": A, "Famille juridique de l'entreprise": "Sociétés commerciales"},
        LISTED | {"SIREN": B, "Famille juridique de l'entreprise": "Autre"},
    ]
    facts = answer(tmp_path, {"data": records}, date(2025, 6, 1)).tables["structures"]
    assert facts["ess_family"].to_list() == ["commercial", "commercial"]


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "{}", "[3", '{"results": "non"}', '{"results": [{"nom": "x"}]}']
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError):
        sirene.read(path, ReadOptions())


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        sirene.read(tmp_path / "none.csv", ReadOptions())


def test_files_are_recognised(tmp_path: Path) -> None:
    stock(tmp_path, line())
    assert sirene.sniff(sample_of(tmp_path / "StockUniteLegale_utf8.csv")) == CERTAIN
    history = tmp_path / "history.csv"
    history.write_text(f"{HEADER},changementEtatAdministratifUniteLegale\n{line()},true\n")
    assert sirene.sniff(sample_of(history)) == NO
    listed = tmp_path / "list.csv"
    listed.write_text(",".join(LISTED) + "\n" + ",".join(LISTED.values()) + "\n")
    assert sirene.sniff(sample_of(listed)) == LIKELY
    unit = {"siren": A, "nature_juridique": "9220"}
    for content, score in (
        ({"results": [unit]}, CERTAIN),
        ({"items": {A: unit}}, CERTAIN),
        ([unit], CERTAIN),
        ({"results": [{"siren": A, "montant": 3}]}, NO),
        ({"results": None}, NO),
        ([3], NO),
    ):
        path = tmp_path / "answer.json"
        path.write_text(json.dumps(content))
        assert sirene.sniff(sample_of(path)) == score


@pytest.mark.real
def test_published_files(shared_data: Path) -> None:
    folder = shared_data / "sirene"
    big = folder / "sirene_companies_api_recherche_entreprises.json"
    zipped = shared_data / "state_exports" / "StockUniteLegale_utf8.zip"
    if not big.is_file() or not zipped.is_file():
        pytest.skip(f"no SIRENE files under {shared_data}")
    assert sirene.sniff(sample_of(big)) == CERTAIN
    parsed = check(sirene.read(big, ReadOptions()))
    assert (parsed.rows_in, parsed.tables["structures"].height) == (5845, 1057)
    assert parsed.rejects["reason"].unique().to_list() == ["out_of_scope"]
    parsed = check(sirene.read(zipped, ReadOptions()))
    assert (parsed.rows_in, parsed.tables["structures"].height) == (5, 5)
    for path in sorted(folder.glob("api-data-gouv-ess*.json")):
        undated = check(sirene.read(path, ReadOptions()))
        assert undated.rejects["reason"].to_list() == ["no_date"]
        dated = check(sirene.read(path, ReadOptions(known_on=date(2026, 1, 1))))
        assert dated.tables["structures"]["ess_family"].to_list() == ["association"]


@pytest.mark.real
def test_fixtures_with_impossible_units(shared_data: Path) -> None:
    for path in sorted((shared_data / "urssaf").glob("*niteLegale*.csv")) + sorted(
        (shared_data / "urssaf").glob("sireneUL*.csv")
    ):
        parsed = check(sirene.read(path, ReadOptions()))
        assert parsed.rows_in == parsed.rejects.height
        assert parsed.rejects["reason"].unique().to_list() == ["out_of_scope"]
