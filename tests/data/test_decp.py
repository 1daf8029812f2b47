"""Public contracts: official JSON of both formats, consolidated tables, large files."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from stdnum import luhn

from data.contracts import conform
from data.sources import SOURCES, decp, decp_records
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of


def with_key(start: str) -> str:
    return start + luhn.calc_check_digit(start)


SIREN, OTHER, THIRD = (with_key(f"9900000{n}") for n in (2, 3, 4))
SIRET, OTHER_SIRET, THIRD_SIRET = (with_key(f"{siren}0001") for siren in (SIREN, OTHER, THIRD))
BUYER = with_key("21990010")
BUYER_SIRET = with_key(f"{BUYER}0001")
STATE = with_key("11990000")


def check(parsed: Parsed) -> Parsed:
    grants = parsed.tables["grants"]
    kept = set(grants["source_row"].to_list())
    refused = set(parsed.rejects["source_row"].to_list())
    assert not kept & refused
    assert len(kept) + len(refused) == parsed.rows_in
    assert parsed.rejects.height == len(refused)
    assert conform(grants, "grants").equals(grants)
    return parsed


def read(path: Path, content: object, known_on: date | None = None) -> Parsed:
    path.write_text(json.dumps(content), encoding="utf-8")
    return check(decp.read(path, ReadOptions(known_on=known_on)))


def contract(**fields: object) -> dict[str, object]:
    """Return a sound contract of the 2022 format, unless a field says otherwise."""
    return {
        "id": "2024-01",
        "acheteur": {"id": BUYER_SIRET},
        "nature": "Marché",
        "objet": "Entretien des jardins",
        "dureeMois": 24,
        "dateNotification": "2024-02-22",
        "datePublicationDonnees": "2024-02-29",
        "montant": 130000.0,
        "titulaires": [{"titulaire": {"typeIdentifiant": "SIRET", "id": SIRET}}],
        "techniques": {"technique": ["Sans objet"]},
        "modalitesExecution": {"modaliteExecution": ["Sans objet"]},
        **fields,
    }


def holder(identifier: str, kind: str = "SIRET") -> dict[str, object]:
    return {"titulaire": {"typeIdentifiant": kind, "id": identifier}}


def test_a_sound_contract(tmp_path: Path) -> None:
    parsed = read(tmp_path / "decp.json", {"marches": {"marche": [contract()]}})
    (fact,) = parsed.tables["grants"].to_dicts()
    assert fact == {
        "siren": SIREN,
        "rna": None,
        "beneficiary_name": None,
        "departement": None,
        "matched_by": None,
        "funder_id": BUYER,
        "funder_name": None,
        "funder_level": "commune",
        "programme": None,
        "purpose": "Entretien des jardins",
        "amount_eur": Decimal("130000.00"),
        "stage": "awarded",
        "fiscal_year": 2024,
        "decided_on": date(2024, 2, 22),
        "period_start_on": date(2024, 2, 22),
        "period_end_on": date(2026, 2, 21),
        "multi_year": True,
        "instrument": "contract",
        "dataset": "decp:decp",
        "source": "decp",
        "source_row": 1,
        "known_on": date(2024, 2, 29),
    }


@pytest.mark.parametrize(
    "content",
    [
        {"marches": {"marche": [contract()]}},
        {"marches": [contract()]},
        {"marche": [contract()]},
        [contract()],
        [contract(titulaires=[{"typeIdentifiant": "SIRET", "id": SIRET}])],
        [contract(titulaires={"titulaire": {"typeIdentifiant": "SIRET", "id": SIRET}})],
        [contract(dureeMois="24", montant="130000", techniques=None, modalitesExecution=None)],
        [contract(titulaires=[holder(SIRET), holder(SIRET)])],
        {"results": [contract()]},
    ],
)
def test_shapes_of_the_official_format(tmp_path: Path, content: object) -> None:
    parsed = read(tmp_path / "decp.json", content)
    assert decp.sniff(sample_of(tmp_path / "decp.json")) == CERTAIN
    facts = parsed.tables["grants"].select("siren", "amount_eur", "period_end_on").rows()
    assert facts == [(SIREN, Decimal(130000), date(2026, 2, 21))]


@pytest.mark.parametrize(
    ("fields", "known"),
    [
        ({}, date(2024, 2, 29)),
        ({"datePublicationDonnees": "2003-11-24"}, date(2024, 2, 22)),
        ({"datePublicationDonnees": None}, date(2024, 2, 22)),
        ({"dateNotification": None}, date(2024, 2, 29)),
        ({"dateNotification": "22/02/2024", "datePublicationDonnees": ""}, date(2024, 2, 22)),
    ],
)
def test_the_day_known(tmp_path: Path, fields: dict[str, object], known: date) -> None:
    parsed = read(tmp_path / "decp.json", [contract(**fields)])
    assert parsed.tables["grants"]["known_on"].to_list() == [known]
    asked = read(tmp_path / "decp.json", [contract(**fields)], known_on=date(2025, 1, 2))
    assert asked.tables["grants"]["known_on"].to_list() == [date(2025, 1, 2)]


FRAMEWORK, BY_ORDERS, SUBSEQUENT = (
    {"techniques": {"technique": ["Accord-cadre", "Sans objet"]}},
    {"modalitesExecution": {"modaliteExecution": ["Bons de commande"]}},
    {"modalitesExecution": {"modaliteExecution": ["Marchés subséquents"]}},
)


@pytest.mark.parametrize(
    ("fields", "reason", "said"),
    [
        ({"nature": "Accord-cadre"}, "out_of_scope", "plafond"),
        (FRAMEWORK, "out_of_scope", "plafond"),
        (BY_ORDERS, "out_of_scope", "plafond"),
        (SUBSEQUENT, "out_of_scope", "plafond"),
        ({"_type": "Contrat de concession"}, "out_of_scope", "concession"),
        ({"nature": "Délégation de service public"}, "out_of_scope", "concession"),
        ({"autoriteConcedante": {"id": BUYER_SIRET}}, "out_of_scope", "concession"),
        ({"titulaires": [holder(SIRET), holder(OTHER_SIRET)]}, "aggregate_line", "parts"),
        ({"titulaires": [holder("FR123", "TVA")]}, "invalid_identifier", "SIRET"),
        ({"titulaires": [holder("12345678900012")]}, "invalid_identifier", "valide"),
        ({"titulaires": []}, "no_identifier", "aucun"),
        ({"titulaires": None}, "no_identifier", "aucun"),
        ({"titulaires": [{"titulaire": "id"}]}, "no_identifier", "aucun"),
        ({"acheteur": {"id": "12"}}, "invalid_identifier", "acheteur"),
        ({"acheteur": None}, "invalid_identifier", "acheteur"),
        ({"montant": None}, "no_amount", "absent"),
        ({"montant": "NC"}, "no_amount", "absent"),
        ({"montant": 1e17}, "bad_amount", "illisible"),
        ({"montant": 1}, "bad_amount", "convenance"),
        ({"montant": 0.0}, "bad_amount", "convenance"),
        ({"montant": 999999999.99}, "bad_amount", "convenance"),
        ({"dateNotification": "2024-13-45", "datePublicationDonnees": None}, "bad_date", "date"),
        ({"dateNotification": None, "datePublicationDonnees": None}, "no_date", "date"),
    ],
)
def test_what_is_no_income_of_one_structure(
    tmp_path: Path, fields: dict[str, object], reason: str, said: str
) -> None:
    parsed = read(tmp_path / "decp.json", [contract(**fields), contract(id="2024-02")])
    assert parsed.rejects.select("source_row", "reason").rows() == [(1, reason)]
    assert said in parsed.rejects["message"][0]
    assert parsed.tables["grants"]["source_row"].to_list() == [2]


@pytest.mark.parametrize(
    "fields",
    [
        {**SUBSEQUENT, "idAccordCadre": "2023-7"},
        {"nature": "Marché subséquent"},
        {"nature": "Marché subséquent", **FRAMEWORK, "techniques": None},
    ],
)
def test_a_contract_under_a_framework_is_an_income(
    tmp_path: Path, fields: dict[str, object]
) -> None:
    assert read(tmp_path / "decp.json", [contract(**fields)]).tables["grants"].height == 1


def test_the_same_contract_published_twice(tmp_path: Path) -> None:
    again = contract(datePublicationDonnees="2024-05-01", montant=140000)
    lot = contract(titulaires=[holder(OTHER_SIRET)], montant=500)
    parsed = read(tmp_path / "decp.json", [contract(), again, lot, contract(id="2024-02")])
    assert parsed.rejects.select("source_row", "reason").rows() == [(2, "duplicate_line")]
    assert parsed.tables["grants"]["amount_eur"].to_list() == [130000, 500, 130000]


def change(number: int, day: str, **fields: object) -> dict[str, object]:
    return {
        "modification": {
            "id": number,
            "dateNotificationModification": day,
            "datePublicationDonneesModification": day,
            **fields,
        }
    }


def test_a_modification_adds_its_difference_on_its_day(tmp_path: Path) -> None:
    modified = contract(
        modifications=[
            change(2, "2025-03-01", montant=100000),
            change(1, "2024-06-01", montant=150000),
            change(3, "2025-04-01", dureeMois=36),
            change(4, "2025-05-01", montant=100000),
            change(5, "2025-06-01", montant=90000, titulaires=[holder(OTHER_SIRET)]),
            change(6, "2025-07-01", montant=80000),
        ]
    )
    facts = read(tmp_path / "decp.json", [modified]).tables["grants"]
    assert facts.select("source_row", "amount_eur", "known_on", "fiscal_year").rows() == [
        (1, Decimal(130000), date(2024, 2, 29), 2024),
        (1, Decimal(20000), date(2024, 6, 1), 2024),
        (1, Decimal(-50000), date(2025, 3, 1), 2025),
    ]


def test_modifications_of_contracts_not_kept_bring_nothing(tmp_path: Path) -> None:
    news = [change(1, "2024-06-01", montant=150000)]
    listed = [contract(modifications=news, montant=None), contract(id="b", modifications="x")]
    parsed = read(tmp_path / "decp.json", listed)
    assert parsed.tables["grants"]["source_row"].to_list() == [2]


TABLE = (
    "uid,id,nature,acheteur_id,acheteur_nom,titulaire_id,titulaire_typeIdentifiant,titulaire_nom,"
    "objet,montant,dureeMois,dateNotification,datePublicationDonnees,techniques,idAccordCadre,"
    "modification_id,donneesActuelles,titulaire_departement_code"
)


def row(**cells: str) -> str:
    sound = {
        "uid": f"{BUYER_SIRET}m1",
        "id": "m1",
        "nature": "Marché",
        "acheteur_id": BUYER_SIRET,
        "acheteur_nom": "Ville inventée",
        "titulaire_id": SIRET,
        "titulaire_typeIdentifiant": "SIRET",
        "titulaire_nom": "Une Personne",
        "objet": "Repas",
        "montant": "50000",
        "dureeMois": "12",
        "dateNotification": "2023-01-10",
        "datePublicationDonnees": "2023-02-01",
        "techniques": "Sans objet",
        "modification_id": "0",
        "titulaire_departement_code": "59",
    }
    return ",".join((sound | cells).get(name, "") for name in TABLE.split(","))


ROWS = [
    row(),
    row(id="m2", titulaire_id=OTHER_SIRET),
    row(id="m2", titulaire_id=THIRD_SIRET),
    row(montant="65000.50", modification_id="1", dateNotification="2023-09-01"),
    row(montant="65000.50", modification_id="2", dateNotification="2023-10-01"),
    row(montant="70", modification_id="3", titulaire_id=OTHER_SIRET, dateNotification="2024-01-01"),
    row(id="m3", techniques="Accord-cadre"),
    row(id="m4", montant="", acheteur_id=STATE),
    row(id="m5", acheteur_id=STATE, modification_id=""),
    row(),
]  # fmt: skip


def expect_table(parsed: Parsed, first: int) -> None:
    facts = parsed.tables["grants"]
    assert [line - first for line in facts["source_row"].to_list()] == [0, 3, 8]
    assert facts["amount_eur"].to_list() == [Decimal(50000), Decimal("15000.50"), Decimal(50000)]
    assert facts["known_on"].to_list() == [date(2023, 2, 1), date(2023, 9, 1), date(2023, 2, 1)]
    assert facts["funder_id"].to_list() == [BUYER, BUYER, "etat"]
    assert facts["funder_name"].unique().to_list() == ["Ville inventée"]
    assert facts["departement"].unique().to_list() == ["59"]
    assert facts["beneficiary_name"].null_count() == 3
    refused = [(line - first, reason) for line, reason in
               parsed.rejects.sort("source_row").select("source_row", "reason").rows()]  # fmt: skip
    assert refused == [
        (1, "aggregate_line"),
        (2, "aggregate_line"),
        (4, "duplicate_line"),
        (5, "out_of_scope"),
        (6, "out_of_scope"),
        (7, "no_amount"),
        (9, "duplicate_line"),
    ]


def test_the_consolidated_table(tmp_path: Path) -> None:
    path = tmp_path / "decp.csv"
    path.write_text("\n".join((TABLE, *ROWS)) + "\n", encoding="utf-8")
    assert decp.sniff(sample_of(path)) == CERTAIN
    expect_table(check(decp.read(path, ReadOptions())), 2)


def test_the_consolidated_parquet(tmp_path: Path) -> None:
    path = tmp_path / "decp.parquet"
    cells = [line.split(",") for line in ROWS]
    frame = pl.DataFrame(
        {name: [line[at] or None for line in cells] for at, name in enumerate(TABLE.split(","))}
    )
    frame.with_columns(
        pl.col("montant").cast(pl.Float64),
        pl.col("dateNotification", "datePublicationDonnees").str.to_date(),
        pl.col("techniques").str.split("|"),
    ).write_parquet(path)
    assert decp.sniff(sample_of(path)) == CERTAIN
    expect_table(check(decp.read(path, ReadOptions())), 1)


def test_holders_in_numbered_columns(tmp_path: Path) -> None:
    path = tmp_path / "decp.csv"
    path.write_text(
        "id;acheteur_id;nature;objet;montant;datenotification;datepublicationdonnees;"
        "titulaire_id_1;titulaire_typeidentifiant_1;titulaire_id_2;titulaire_id_3\n"
        f"a;{BUYER_SIRET};Marché;Repas;500;2023-01-02;2023-01-03;{SIRET};SIRET;;\n"
        f"b;{BUYER_SIRET};Marché;Repas;500;2023-01-02;2023-01-03;{SIRET};SIRET;{OTHER_SIRET};\n"
        f"c;{BUYER_SIRET};Marché;Repas;500;2023-01-02;2023-01-03;{SIRET};SIRET;CDL;CDL\n"
        f"d;{BUYER_SIRET};Marché\n",
        encoding="utf-8",
    )
    parsed = check(decp.read(path, ReadOptions()))
    assert parsed.tables["grants"]["source_row"].to_list() == [2, 4]
    assert parsed.rejects.select("source_row", "reason").rows() == [
        (3, "aggregate_line"),
        (5, "wrong_field_count"),
    ]


def test_flattened_records(tmp_path: Path) -> None:
    record = dict(zip(TABLE.split(","), row().split(","), strict=True))
    parsed = read(tmp_path / "decp.json", [record])
    assert parsed.tables["grants"]["amount_eur"].to_list() == [Decimal(50000)]
    assert decp.sniff(sample_of(tmp_path / "decp.json")) == CERTAIN


def test_records_that_are_not_contracts(tmp_path: Path) -> None:
    parsed = read(tmp_path / "decp.json", [contract(), None, 12, [1], "x", {}])
    assert parsed.rows_in == 6
    assert parsed.rejects["reason"].to_list() == ["unreadable"] * 4 + ["empty_line"]


@pytest.mark.parametrize(
    "text",
    ["", "null", "12", "{}", '{"marches": 3}', '{"marches": {"marche": null}}', "[{", "\x00\x01"],
)
def test_what_is_no_list_of_contracts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "decp.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError):
        decp.read(path, ReadOptions())
    assert decp.sniff(sample_of(path)) == NO


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_large_document_is_read_record_by_record(tmp_path: Path, *, wrapped: bool) -> None:
    listed = [contract(id=f"m{at}", objet="é" * (at % 9)) for at in range(40)]
    content: object = {"a": [{"b": 1}], "marches": {"marche": listed, "contrat-concession": []}}
    path = tmp_path / "decp.json"
    path.write_text(json.dumps(content if wrapped else listed, ensure_ascii=False), "utf-8")
    assert list(decp_records.records(path, large=10)) == listed
    assert list(decp_records.records(path)) == listed


def test_a_large_document_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "decp.json"
    text = json.dumps([contract(id=f"m{at}") for at in range(40)])
    for cut in (text[:-1], text[:5000], text[:3], "{" + text[1:2000]):
        path.write_text(cut, encoding="utf-8")
        with pytest.raises(SourceError):
            list(decp_records.records(path, large=1))


@pytest.mark.real
def test_files_on_hand(shared_data: Path) -> None:
    folder = shared_data / "decp"
    paris, mixed = folder / "decp_2024_paris.json", folder / "decp_test_2022.json"
    if not paris.is_file():
        pytest.skip(f"no contracts under {folder}")
    parsed = check(decp.read(paris, ReadOptions()))
    facts = parsed.tables["grants"]
    assert (parsed.rows_in, facts["source_row"].n_unique(), facts.height) == (1054, 409, 421)
    assert dict(parsed.rejects["reason"].value_counts().iter_rows()) == {
        "out_of_scope": 630,
        "invalid_identifier": 13,
        "damaged_identifier": 1,
        "no_identifier": 1,
    }
    official = check(decp.read(mixed, ReadOptions()))
    assert official.tables["grants"]["amount_eur"].to_list() == [
        Decimal("127835.12"),
        Decimal("44996.25"),
        Decimal("4603.00"),
    ]


@pytest.mark.real
def test_the_schema_is_not_data(shared_data: Path) -> None:
    path = shared_data / "decp" / "schema_decp_v2.0.3.json"
    if not path.is_file():
        pytest.skip(f"no schema at {path}")
    assert {kind.sniff(sample_of(path)) for kind in SOURCES.values()} == {NO}
    with pytest.raises(SourceError):
        decp.read(path, ReadOptions())
