"""Answers of API Association: one row an association, its end, and nobody's contact details."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.contracts import conform
from data.sources import api_association, rna, sirene
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.fictitious import siren

A, B = siren(1), siren(2)
IDENTITY = {
    "id_correspondance": 12,
    "id_siren": A,
    "id_siret_siege": f"{A}00012",
    "id_rna": "W2A1001234",
    "id_ex": "2A1P0491008593",
    "nom": "LES AMIS DU LAC",
    "nom_sirene": "LES AMIS",
    "id_forme_juridique": 9220,
    "date_creat": "1998-05-04",
    "date_creation_sirene": "2001-04-15",
    "date_dissolution": "0001-01-01",
    "date_modif_rna": "2024-10-13",
    "date_modif_siren": "2024-12-05",
    "active": True,
    "active_sirene": True,
    "regime": "loi1901",
}
ACTIVITY = {
    "objet": "protéger le lac",
    "id_activite_principale": "94.99Z",
    "id_tranche_effectif": "21",
    "appartenance_ess": "O",
}
PLACE = {
    "adresse_siege": {"cp": "20000", "commune": "Ajaccio", "code_insee": "2A004"},
    "telephone": "0495000000",
    "courriel": "jeanne.dupont@lac.example",
}


def answer(identity: object = None, activity: object = None, **more: object) -> dict[str, object]:
    """Return an answer; a dict replaces some fields, any other value the whole block."""
    blocks: dict[str, object] = {
        "identite": IDENTITY | identity if isinstance(identity, dict) else identity or IDENTITY,
        "activites": ACTIVITY | activity if isinstance(activity, dict) else activity or ACTIVITY,
        "coordonnees": PLACE,
        "dirigeants": [{"nom": "DUPONT", "prenom": "JEANNE"}],
        "documents": {"rib": "FR7600000000000000000000000"},
    }
    return blocks | more


def check(parsed: Parsed) -> Parsed:
    kept = set(parsed.tables["structures"]["source_row"])
    assert set(parsed.tables["events"]["source_row"]) <= kept
    rejected = parsed.rejects["source_row"].to_list()
    assert len({*kept, *rejected}) == len(kept) + len(rejected) == parsed.rows_in
    for name, table in parsed.tables.items():
        conform(table, name)
    return parsed


def read(tmp_path: Path, content: object, known_on: date | None = None) -> Parsed:
    path = tmp_path / "answers.json"
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return check(api_association.read(path, ReadOptions(known_on=known_on)))


def test_one_answer(tmp_path: Path) -> None:
    parsed = read(tmp_path, answer())
    assert parsed.tables["structures"].row(0, named=True) == {
        "siren": A,
        "rna": "W2A1001234",
        "name": "LES AMIS DU LAC",
        "legal_category": "9220",
        "ess_family": "association",
        "esus": None,
        "naf": "94.99Z",
        "sector": "advocacy",
        "commune": "2A004",
        "departement": "2A",
        "region": "94",
        "employees_band": "21",
        "budget_eur": None,
        "created_on": date(1998, 5, 4),
        "ceased_on": None,
        "source": "api_association",
        "source_row": 1,
        "known_on": date(2024, 12, 5),
    }
    assert parsed.tables["events"].height == 0
    for personal in ("DUPONT", "jeanne", "0495", "FR76"):
        assert personal not in str([table.rows() for table in parsed.tables.values()])


@pytest.mark.parametrize("shape", ["list", "results", "lines", "wrapped"])
def test_many_answers(tmp_path: Path, shape: str) -> None:
    two = [answer(), answer({"id_siren": B, "id_rna": None})]
    content: object = {
        "list": two,
        "results": {"results": two},
        "lines": "\n".join(map(json.dumps, two)) + "\n",
        "wrapped": [{"association": one} for one in two],
    }[shape]
    parsed = read(tmp_path, content)
    assert parsed.tables["structures"].select("source_row", "siren", "rna").rows() == [
        (1, A, "W2A1001234"),
        (2, B, None),
    ]


def test_a_dissolution_is_known_the_later_of_two_days(tmp_path: Path) -> None:
    gone = {"active": False, "date_dissolution": "2025-01-31"}
    parsed = read(
        tmp_path,
        [
            answer(gone),
            answer(gone | {"id_siren": B, "date_dissolution": "2023-06-30"}),
            answer(gone | {"id_siren": siren(3), "active": True}),
            answer({"id_siren": siren(4), "active": False}),
            answer(gone | {"id_siren": None, "id_siret_siege": "", "id_rna": "W011001234"}),
        ],
    )
    assert parsed.tables["events"].select(
        "siren", "rna", "kind", "occurred_on", "known_on"
    ).rows() == [
        (A, "W2A1001234", "dissolution", date(2025, 1, 31), date(2025, 1, 31)),
        (B, "W2A1001234", "dissolution", date(2023, 6, 30), date(2024, 12, 5)),
        (None, "W011001234", "dissolution", date(2025, 1, 31), date(2025, 1, 31)),
    ]
    ceased = parsed.tables["structures"]["ceased_on"].to_list()
    assert ceased == [date(2025, 1, 31), date(2023, 6, 30), None, None, date(2025, 1, 31)]
    day = date(2026, 2, 1)
    assert set(read(tmp_path, answer(gone), day).tables["events"]["known_on"]) == {day}


def test_the_budget_is_that_of_the_last_accounts_that_have_one(tmp_path: Path) -> None:
    accounts = [
        {"annee": 2021, "charges": 90_000, "produits": 95_000.5},
        {"annee": 2023, "charges": 0, "produits": 0, "dons": 5152},
        {"annee": 2022, "charges": 0, "produits": 120_000.25},
    ]
    facts = read(
        tmp_path, [answer(comptes=accounts), answer({"id_siren": B}, comptes=accounts[1:2])]
    )
    budgets = facts.tables["structures"]["budget_eur"].to_list()
    assert budgets == [Decimal("120000.25"), None]


@pytest.mark.parametrize(
    ("approvals", "esus"),
    [
        ([], None),
        ([{"type": "Service Civique"}], None),
        ([{"type": "ESUS", "date_validite": "2028-06-26"}], True),
        ([{"type": "Entreprise solidaire d’utilité sociale"}], True),
        ([{"type": "Agrément ESUS", "date_validite": "2019-06-26"}], None),
        ([None, {"type": None}, {"type": 3}, "ESUS"], None),
    ],
)
def test_an_approval_counts_until_it_ends(tmp_path: Path, approvals: object, esus: object) -> None:
    facts = read(tmp_path, answer(agrements=approvals)).tables["structures"]
    assert facts["esus"].to_list() == [esus]


def test_every_reason(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        [
            answer(),
            answer(),
            answer({"id_siren": None, "id_siret_siege": None, "id_rna": None}),
            answer({"id_siren": "123456789", "id_rna": "A68DIV1"}),
            answer({"id_rna": None, "id_forme_juridique": 5710}, {"appartenance_ess": ""}),
            answer({"date_modif_rna": None, "date_modif_siren": "0001-01-01"}),
            answer({"date_modif_rna": "2024-13-01", "date_modif_siren": ""}),
            {"identite": None},
            None,
            [3],
        ],
    )
    assert parsed.tables["structures"]["source_row"].to_list() == [1]
    assert parsed.rejects["reason"].to_list() == [
        "duplicate_line",
        "no_identifier",
        "invalid_identifier",
        "out_of_scope",
        "no_date",
        "bad_date",
        "unreadable",
        "unreadable",
        "unreadable",
    ]


def test_fields_of_other_types_are_unknown(tmp_path: Path) -> None:
    parsed = read(
        tmp_path,
        answer(
            {"nom": ["LAC"], "date_creat": 3, "date_creation_sirene": {}}, activity=[1], comptes={}
        ),
    )
    fact = parsed.tables["structures"].row(0, named=True)
    assert (fact["name"], fact["naf"], fact["created_on"]) == ("LES AMIS", None, None)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "[3", "null", '{"identite": []}', "3", "a;b\n1;2"]
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, text)
    assert error.value.code == "source-header"


def test_files_are_recognised(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    lines = "\n".join(map(json.dumps, [answer(), answer({"id_siren": B})]))
    for text in (json.dumps(answer()), json.dumps([answer()]), lines):
        path.write_text(text)
        assert api_association.sniff(sample_of(path)) == CERTAIN
        assert sirene.sniff(sample_of(path)) == rna.sniff(sample_of(path)) == NO
    for text in ('{"identite": 3}', '[{"siren": "1"}]', "identite;activites;coordonnees\n1;2;3\n"):
        path.write_text(text)
        assert api_association.sniff(sample_of(path)) == NO


@pytest.mark.real
def test_real_answers(shared_data: Path) -> None:
    paths = sorted((shared_data / "rna").glob("api-association-*.json"))
    if not paths:
        pytest.skip("no answers of API Association")
    for path in paths:
        assert api_association.sniff(sample_of(path)) == CERTAIN
        parsed = check(api_association.read(path, ReadOptions()))
        assert (parsed.rows_in, parsed.rejects.height, parsed.tables["events"].height) == (1, 0, 0)
        fact = parsed.tables["structures"].row(0, named=True)
        assert fact["siren"]
        assert fact["rna"]
        assert (fact["ess_family"], fact["naf"], fact["known_on"]) == (
            "association", "88.99B", date(2025, 12, 5),
        )  # fmt: skip
