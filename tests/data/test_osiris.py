"""Follow-ups exported from Osiris: two lines of header, states, totals, actions, agreements."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.contracts import conform
from data.lake import Lake
from data.sources import osiris
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of
from tests.data.samples import osiris as made
from tests.data.samples.chorus import siret
from tests.data.samples.osiris import ACTION, DOSSIER, row, text, total
from tests.fictitious import siren

#: SIREN beginning with 9900 look like overseas numbers
ONE, TWO = 20_001, 20_002
USUAL = {"N° Siret": siret(ONE), "N° RNA": "W991000001"}


def parse(path: Path, **extra: str) -> Parsed:
    parsed = osiris.read(path, ReadOptions(extra=extra))
    kept = set(parsed.tables["grants"]["source_row"])
    refused = parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in
    assert not kept & set(refused)
    conform(parsed.tables["grants"], "grants")
    return parsed


def dossiers(folder: Path, *changes: dict[str, str], **extra: str) -> Parsed:
    path = folder / "SuiviDossiers.csv"
    rows = [
        row(DOSSIER, change.get("number", f"DD99-23-{at:04d}"), {**USUAL, **change})
        for at, change in enumerate(changes)
    ]
    path.write_text(text(DOSSIER, rows), "utf-8")
    return parse(path, **extra)


def refused(parsed: Parsed) -> tuple[object, ...]:
    return parsed.rejects.select("reason", "column", "value").row(0)


def test_a_dossier_is_awarded_and_paid(tmp_path: Path) -> None:
    facts = dossiers(tmp_path, {"Réalisé": "2000,50"}).tables["grants"]
    awarded = {
        "siren": siren(ONE),
        "rna": "W991000001",
        "beneficiary_name": "LES AMIS FICTIFS",
        "funder_id": "etat",
        "funder_name": "État",
        "funder_level": "state",
        "programme": "163",
        "purpose": "Fonctionnement",
        "amount_eur": Decimal(2500),
        "stage": "awarded",
        "fiscal_year": 2023,
        "decided_on": date(2023, 6, 15),
        "multi_year": False,
        "instrument": "grant",
        "dataset": "osiris",
        "source": "osiris",
        "source_row": 3,
        "known_on": date(2023, 6, 15),
    }
    paid = {
        **awarded, "amount_eur": Decimal("2000.50"), "stage": "paid", "known_on": date(2023, 12, 31)
    }  # fmt: skip
    assert facts.to_dicts() == [awarded, paid]


def test_nothing_paid_yet(tmp_path: Path) -> None:
    facts = dossiers(tmp_path, {"Réalisé": "$0"}, {"Réalisé": ""}).tables["grants"]
    assert facts["stage"].to_list() == ["awarded", "awarded"]


@pytest.mark.parametrize(
    ("said", "programme"),
    [
        ("163 - Jeunesse et vie associative", "163"),
        ("P219", "219"),
        ("FDVA", "FDVA"),
        ("BOP 163", "BOP 163"),
        ("#", None),
    ],
)
def test_the_programme(tmp_path: Path, said: str, programme: str | None) -> None:
    facts = dossiers(tmp_path, {"N° programme  / Type financement": said}).tables["grants"]
    assert facts["programme"].to_list() == [programme, programme]


@pytest.mark.parametrize("said", ["ANS - PSF", "CNDS", "Agence nationale du Sport"])
def test_the_agency_for_sport_is_not_the_state(tmp_path: Path, said: str) -> None:
    facts = dossiers(tmp_path, {"N° programme  / Type financement": said}).tables["grants"]
    assert facts.select("funder_id", "funder_level").unique().rows() == [
        ("slug:agence-nationale-du-sport", "operator")
    ]


@pytest.mark.parametrize(
    "state", ["Traitement Sirepa", "Traitement Chorus", "Terminé", "A évaluer", "À EVALUER"]
)
def test_states_of_an_award(tmp_path: Path, state: str) -> None:
    assert dossiers(tmp_path, {"Etat Dossier": state}).tables["grants"].height == 2


@pytest.mark.parametrize(
    "state",
    [
        *("Refusé", "Rejeté", "Supprimé", "Edition document", "Renvoyé au compte asso"),
        *("En cours d'instruction", "En attente superviseur", "En attente décision", "Autre", ""),
    ],
)
def test_states_that_are_no_award(tmp_path: Path, state: str) -> None:
    found = refused(dossiers(tmp_path, {"Etat Dossier": state}))
    assert found == ("out_of_scope", "Etat Dossier", state or None)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"N° Siret": "0", "N° RNA": "W000000000"}, ("no_identifier", "N° Siret", "0")),
        ({"N° Siret": "", "N° RNA": ""}, ("no_identifier", "N° Siret", None)),
        ({"N° Siret": "", "N° RNA": "W99"}, ("invalid_identifier", "N° RNA", "W99")),
        (
            {"N° Siret": "12000000000018", "N° RNA": ""},
            ("invalid_identifier", "N° Siret", "12000000000018"),
        ),
        # a RIDET made as long as a SIRET, whose check digits hold
        ({"N° Siret": siret(1), "N° RNA": ""}, ("invalid_identifier", "N° Siret", siret(1))),
        ({"Accordé": ""}, ("no_amount", "Accordé", None)),
        ({"Accordé": "cent"}, ("bad_amount", "Accordé", "cent")),
        ({"Réalisé": "cent"}, ("bad_amount", "Réalisé", "cent")),
        ({"Accordé": "$0", "Réalisé": "0"}, ("out_of_scope", "Accordé", "$0")),
        ({"Date Commission": "31/02/2023"}, ("bad_date", "Date Commission", "31/02/2023")),
        ({"Date Commission": "15/06/2013"}, ("bad_date", "Date Commission", "15/06/2013")),
        ({"Exercice Début": "23"}, ("bad_date", "Exercice Début", "23")),
        ({"Exercice Début": "", "Date Commission": ""}, ("no_date", "Exercice Début", None)),
    ],
)
def test_what_is_not_kept(
    tmp_path: Path, changed: dict[str, str], expected: tuple[str, str, str | None]
) -> None:
    assert refused(dossiers(tmp_path, changed)) == expected


def test_an_association_known_by_its_rna(tmp_path: Path) -> None:
    facts = dossiers(tmp_path, {"N° Siret": "0"}, {"N° Siret": siret(1)}).tables["grants"]
    assert facts.select("siren", "rna").unique().rows() == [(None, "W991000001")]


@pytest.mark.parametrize(
    ("changed", "decided", "known"),
    [
        ({"Date Commission": ""}, None, date(2023, 12, 31)),
        # what the software writes for a day that nobody filled in
        ({"Date Commission": "01/01/1970"}, None, date(2023, 12, 31)),
        ({"Date Commission": "12/11/2022"}, date(2022, 11, 12), date(2022, 11, 12)),
        ({"Date Commission": "45092"}, date(2023, 6, 15), date(2023, 6, 15)),
    ],
)
def test_the_day_known(
    tmp_path: Path, changed: dict[str, str], decided: date | None, known: date
) -> None:
    facts = dossiers(tmp_path, {**changed, "Réalisé": ""}).tables["grants"]
    assert facts.select("decided_on", "known_on").row(0) == (decided, known)


def test_the_day_known_can_be_imposed(tmp_path: Path) -> None:
    path = tmp_path / "SuiviDossiers.csv"
    path.write_text(text(DOSSIER, [row(DOSSIER, "DD99-23-0001", USUAL)]), "utf-8")
    facts = osiris.read(path, ReadOptions(known_on=date(2024, 9, 1))).tables["grants"]
    assert facts["known_on"].to_list() == [date(2024, 9, 1)] * 2


def test_an_agreement_of_several_years(tmp_path: Path) -> None:
    """The export of a later year repeats the agreement: the option says of which year it is."""
    change = {"Exercice Fin": "2025", "Pluriannualité": "Pluriannuel"}
    first = dossiers(tmp_path, change).tables["grants"]
    assert first.select("fiscal_year", "multi_year", "decided_on").row(0) == (
        2023, True, date(2023, 6, 15),
    )  # fmt: skip
    later = dossiers(tmp_path, change, fiscal_year="2024").tables["grants"]
    assert later.select("stage", "fiscal_year", "decided_on", "known_on").rows() == [
        ("awarded", 2024, None, date(2024, 1, 1)),
        ("paid", 2024, None, date(2024, 12, 31)),
    ]
    # Not a year of this agreement, nor of a dossier of one year.
    for other in (change, {}):
        facts = dossiers(tmp_path, other, fiscal_year="2026").tables["grants"]
        assert facts["fiscal_year"].unique().to_list() == [2023]


@pytest.mark.parametrize(
    ("plural", "ends", "expected"),
    [
        ("Pluriannuel", "2023", True), ("Annuel", "2023", False), ("", "2025", True),
        ("", "2023", False), ("", "", None), ("peut-être", "", None),
    ],
)  # fmt: skip
def test_what_says_an_agreement(
    tmp_path: Path, plural: str, ends: str, expected: bool | None
) -> None:
    facts = dossiers(tmp_path, {"Pluriannualité": plural, "Exercice Fin": ends}).tables["grants"]
    assert facts["multi_year"].unique().to_list() == [expected]


def test_the_same_dossier_twice(tmp_path: Path) -> None:
    """Equal, it is counted once; with two amounts, which one holds is not known."""
    number, other = {"number": "DD99-23-0001"}, {"number": "DD99-23-0002"}
    parsed = dossiers(
        tmp_path, number, {**number, "Demandé": "9"}, other, {**other, "Accordé": "2600"}
    )
    assert parsed.tables["grants"]["source_row"].unique().to_list() == [3]
    assert parsed.rejects.select("source_row", "reason", "value").rows() == [
        (4, "duplicate_line", "DD99-23-0001"),
        (5, "bad_amount", "DD99-23-0002"),
        (6, "bad_amount", "DD99-23-0002"),
    ]


def test_the_legal_representative_is_never_read(tmp_path: Path) -> None:
    """The column of the association is followed by its acronym; moved, no name is read."""
    path = tmp_path / "SuiviDossiers.csv"
    cells = row(DOSSIER, "DD99-23-0001", USUAL)
    names = [at for at, (_, name) in enumerate(DOSSIER) if name == "Nom"]
    cells[names[1]] = "PERSONNE"
    path.write_text(text(DOSSIER, [cells]), "utf-8")
    assert set(parse(path).tables["grants"]["beneficiary_name"]) == {"LES AMIS FICTIFS"}
    kept = [at for at, (_, name) in enumerate(DOSSIER) if name != "Sigle"]
    columns = [DOSSIER[at] for at in kept]
    path.write_text(text(columns, [[cells[at] for at in kept]]), "utf-8")
    assert parse(path).tables["grants"]["beneficiary_name"].to_list() == [None, None]


def test_total_and_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / "SuiviDossiers.csv"
    rows = [row(DOSSIER, "DD99-23-0001", USUAL), [""] * len(DOSSIER), total(DOSSIER)]
    path.write_text(text(DOSSIER, rows), "utf-8")
    assert parse(path).rejects.select("source_row", "reason").rows() == [
        (4, "empty_line"),
        (5, "total_line"),
    ]


def actions(folder: Path, **extra: str) -> Parsed:
    """Read the two actions of one dossier, 1 000 € and 1 500 €."""
    path = folder / "SuiviActions.csv"
    rows = [
        row(ACTION, "DD99-23-0000-1", {**USUAL, "Accordé": "1000", "Réalisé": "0"}),
        row(ACTION, "DD99-23-0000-2", {**USUAL, "Accordé": "1500", "Réalisé": "0"}),
    ]
    path.write_text(text(ACTION, rows), "utf-8")
    return parse(path, **extra)


def test_a_dossier_and_its_actions_are_never_both_counted(tmp_path: Path) -> None:
    by_default, chosen = actions(tmp_path), actions(tmp_path, grain="action")
    assert by_default.rejects["reason"].to_list() == ["out_of_scope"] * 2
    assert by_default.rejects["message"].str.contains("SuiviDossiers").all()
    facts = chosen.tables["grants"]
    assert facts.select("amount_eur", "stage", "programme", "purpose", "multi_year").rows() == [
        (Decimal(1000), "awarded", "FDVA", "Ateliers", False),
        (Decimal(1500), "awarded", "FDVA", "Ateliers", False),
    ]
    assert facts["beneficiary_name"].unique().to_list() == ["LES AMIS FICTIFS"]
    assert dossiers(tmp_path, {}, grain="action").rejects["reason"].to_list() == ["total_line"]


def test_two_exports_that_overlap_count_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "home")
    for name, changes in (("a", [{}]), ("b", [{}, {"N° Siret": siret(TWO)}])):
        parsed = dossiers(tmp_path, *changes)
        path = tmp_path / f"{name}.csv"
        (tmp_path / "SuiviDossiers.csv").rename(path)
        lake.commit(parsed, source="osiris", file=path, options=ReadOptions())
    found = lake.raw_scan("grants").select("siren", "stage").collect()
    assert sorted(found.rows()) == [
        (siren(ONE), "awarded"), (siren(ONE), "paid"),
        (siren(TWO), "awarded"), (siren(TWO), "paid"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("option", "value"), [("grain", "ligne"), ("fiscal_year", "24"), ("fiscal_year", "2²24")]
)
def test_options_have_few_values(tmp_path: Path, option: str, value: str) -> None:
    with pytest.raises(SourceError) as error:
        dossiers(tmp_path, {}, **{option: value})
    assert (error.value.code, error.value.where) == ("source-option", option)


def test_the_sample_is_recognised_and_others_are_not(tmp_path: Path) -> None:
    first, second = made.make(tmp_path)
    assert [osiris.sniff(sample_of(path)) for path in (first, second)] == [CERTAIN, CERTAIN]
    parsed = parse(first)
    assert parsed.rows_in == 22
    # Of 21 dossiers, 8 are refused or pending; the last line is a total.
    assert sorted(parsed.rejects["reason"]) == ["out_of_scope"] * 8 + ["total_line"]
    assert parsed.tables["grants"]["source_row"].n_unique() == 13
    other = tmp_path / "autre.csv"
    other.write_text(f"N° Siret;Accordé;Nom\n{siret(ONE)};100;A\n", "utf-8")
    assert osiris.sniff(sample_of(other)) == NO
    with pytest.raises(SourceError) as error:
        osiris.read(other, ReadOptions())
    assert error.value.code == "source-header"


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "reasons", "as_actions"),
    [
        ("SuiviDossiers_test.xls", ["invalid_identifier", "total_line"], ["total_line"] * 2),
        ("SuiviActions_test.xls", ["out_of_scope", "total_line"], ["no_identifier", "total_line"]),
        (
            "SuiviActionsEvaluation_test.xlsx",
            ["out_of_scope", "total_line"],
            ["out_of_scope", "total_line"],
        ),
    ],
)
def test_real_layouts(
    shared_data: Path, name: str, reasons: list[str], as_actions: list[str]
) -> None:
    folder = shared_data / "state_exports"
    path = folder / name
    if not path.is_file():
        pytest.skip(f"no export at {path}")
    assert osiris.sniff(sample_of(path)) == CERTAIN
    for found, expected in ((parse(path), reasons), (parse(path, grain="action"), as_actions)):
        assert found.rows_in == 2
        assert found.rejects["source_row"].to_list() == [3, 4]
        assert found.rejects["reason"].to_list() == expected
    claimed = [p.name for p in sorted(folder.iterdir()) if osiris.sniff(sample_of(p))]
    assert len(claimed) == 3
    assert all(name.startswith("Suivi") for name in claimed)
