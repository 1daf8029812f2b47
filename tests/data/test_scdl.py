"""Lists of local authorities: each published defect ends in the right value or the right reject."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn

from data.contracts import conform
from data.sources.base import Parsed, ReadOptions, SourceError
from data.sources.scdl import check_accounting, read
from data.sources.scdl_columns import header_score, meaning_of, recognise
from data.sources.scdl_funders import funder_level
from data.sources.scdl_realign import realign

if TYPE_CHECKING:
    from pathlib import Path

HEADER = (
    "nomAttribuant;idAttribuant;dateConvention;referenceDecision;nomBeneficiaire;idBeneficiaire;"
    "rnaBeneficiaire;objet;montant;nature;conditionsVersement;datesPeriodeVersement;idRAE;"
    "notificationUE;pourcentageSubvention;dispositifAide"
)


def with_key(start: str) -> str:
    return start + luhn.calc_check_digit(start)


SIREN, OTHER = with_key("99000002"), with_key("99000003")
SIRET = with_key(f"{SIREN}0001")
FUNDER = with_key("22990000")
FUNDER_SIRET = with_key(f"{FUNDER}0001")


def parse(path: Path, text: str | bytes, **extra: str) -> Parsed:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    parsed = read(path, ReadOptions(extra=extra))
    check(parsed)
    return parsed


def check(parsed: Parsed) -> None:
    """Exact accounting, and facts in the shape of the contract."""
    grants = parsed.tables["grants"]
    kept = set(grants["source_row"].to_list())
    refused = set(parsed.rejects["source_row"].to_list())
    assert not kept & refused
    assert len(kept) + len(refused) == parsed.rows_in
    assert conform(grants, "grants").equals(grants)


def line(**cells: str) -> str:
    """Return one line of the standard header, sound unless a cell says otherwise."""
    sound = {
        "nomAttribuant": "Département des Brumes",
        "idAttribuant": FUNDER_SIRET,
        "dateConvention": "2018-03-22",
        "nomBeneficiaire": "Atelier du Nuage",
        "idBeneficiaire": SIRET,
        "objet": "Fonctionnement",
        "montant": "1500",
        "nature": "aide en numéraire",
        "datesPeriodeVersement": "2018-04-01/2018-12-31",
    }
    return ";".join((sound | cells).get(name, "") for name in HEADER.split(";"))


def one(path: Path, **cells: str) -> dict[str, object]:
    """Return the only fact of a file of one line."""
    parsed = parse(path / "liste.csv", f"{HEADER}\n{line(**cells)}\n")
    (fact,) = parsed.tables["grants"].to_dicts()
    return fact


def reasons(parsed: Parsed) -> list[tuple[int, str, str | None, str]]:
    return parsed.rejects.select("source_row", "column", "value", "reason").rows()


def test_a_sound_line(tmp_path: Path) -> None:
    assert one(tmp_path, rnaBeneficiaire="W991234567", dispositifAide="Vie associative") == {
        "siren": SIREN,
        "rna": "W991234567",
        "beneficiary_name": "Atelier du Nuage",
        "departement": None,
        "matched_by": None,
        "funder_id": FUNDER,
        "funder_name": "Département des Brumes",
        "funder_level": "departement",
        "programme": "Vie associative",
        "purpose": "Fonctionnement",
        "amount_eur": Decimal("1500.00"),
        "stage": "awarded",
        "fiscal_year": 2018,
        "decided_on": date(2018, 3, 22),
        "period_start_on": date(2018, 4, 1),
        "period_end_on": date(2018, 12, 31),
        "multi_year": None,
        "instrument": "grant",
        "dataset": "scdl:liste",
        "source": "scdl",
        "source_row": 2,
        "known_on": date(2018, 3, 22),
    }


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("latin-1"),
        lambda text: b"\xef\xbb\xbf" + text.encode("cp1252"),
        lambda text: text.replace(";", "\t").encode(),
        lambda text: text.replace(";", ",").encode(),
        lambda text: text.replace(";", "|").encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
    ],
)
def test_encodings_and_separators(tmp_path: Path, encode: object) -> None:
    text = f"{HEADER}\n{line()}\n"
    parsed = parse(tmp_path / "liste.csv", encode(text))  # type: ignore[operator]
    assert parsed.tables["grants"]["funder_name"].to_list() == ["Département des Brumes"]
    assert parsed.rejects.is_empty()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("26 956,00", "26956.00"),
        ("1 240 000,00", "1240000.00"),
        ("40 000,00 €", "40000.00"),
        ("24\xa0975,50", "24975.50"),
        ("250.0", "250.00"),
        ("-300", "-300.00"),
        ("0", "0.00"),
    ],
)
def test_amounts(tmp_path: Path, written: str, expected: str) -> None:
    assert one(tmp_path, montant=written)["amount_eur"] == Decimal(expected)


def test_amount_of_several_seasons_says_so(tmp_path: Path) -> None:
    fact = one(
        tmp_path, montant="240 000 € (pour les 3 saisons sportives)", dateConvention="2018-04"
    )
    assert fact["amount_eur"] == Decimal("240000.00")
    assert fact["multi_year"] is True
    assert (fact["decided_on"], fact["fiscal_year"]) == (None, 2018)
    assert fact["known_on"] == date(2018, 12, 31)


@pytest.mark.parametrize(
    ("written", "decided", "known"),
    [
        ("2018-06-27", date(2018, 6, 27), date(2018, 6, 27)),
        ("27/06/2018", date(2018, 6, 27), date(2018, 6, 27)),
        ("2018/06/27", date(2018, 6, 27), date(2018, 6, 27)),
        ("43278", date(2018, 6, 27), date(2018, 6, 27)),
        ("2018-06", None, date(2018, 12, 31)),
        ("2018", None, date(2018, 12, 31)),
    ],
)
def test_dates_and_the_day_they_are_known(
    tmp_path: Path, written: str, decided: date | None, known: date
) -> None:
    fact = one(tmp_path, dateConvention=written)
    assert (fact["decided_on"], fact["fiscal_year"], fact["known_on"]) == (decided, 2018, known)


def test_known_on_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    path.write_text(f"{HEADER}\n{line()}\n", encoding="utf-8")
    parsed = read(path, ReadOptions(known_on=date(2020, 1, 1)))
    assert parsed.tables["grants"]["known_on"].to_list() == [date(2020, 1, 1)]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"idBeneficiaire": ""}, ("idBeneficiaire", None, "no_identifier")),
        ({"idBeneficiaire": "2,43E+13"}, ("idBeneficiaire", "2,43E+13", "damaged_identifier")),
        (
            {"idBeneficiaire": "35181600000000"},
            ("idBeneficiaire", "35181600000000", "damaged_identifier"),
        ),
        ({"idBeneficiaire": "123"}, ("idBeneficiaire", "123", "invalid_identifier")),
        ({"montant": ""}, ("montant", None, "no_amount")),
        ({"montant": "NC"}, ("montant", "NC", "no_amount")),
        ({"montant": "SEM"}, ("montant", "SEM", "bad_amount")),
        ({"dateConvention": "2018-13-45"}, ("dateConvention", "2018-13-45", "bad_date")),
        (
            {"dateConvention": "", "datesPeriodeVersement": ""},
            ("dateConvention", None, "no_date"),
        ),
        ({"nature": "garantie d'emprunt"}, ("nature", "garantie d'emprunt", "out_of_scope")),
    ],
)
def test_refused_cells(
    tmp_path: Path, cells: dict[str, str], expected: tuple[str, str | None, str]
) -> None:
    parsed = parse(tmp_path / "liste.csv", f"{HEADER}\n{line(**cells)}\n")
    assert reasons(parsed) == [(2, *expected)]
    assert parsed.tables["grants"].is_empty()


def test_a_line_may_be_refused_for_several_reasons(tmp_path: Path) -> None:
    parsed = parse(tmp_path / "liste.csv", f"{HEADER}\n{line(idBeneficiaire='', montant='x')}\n")
    assert {reason for *_, reason in reasons(parsed)} == {"no_identifier", "bad_amount"}
    assert parsed.rows_in == 1


def test_what_is_not_a_grant_is_told_apart(tmp_path: Path) -> None:
    total = "TOTAL" + ";" * 8 + "3000" + ";" * 7
    lines = [
        line(),
        ";" * 15,
        line(),
        total,
        "Source : service des finances" + ";" * 15,
        HEADER,
        "trop court",
        line(idBeneficiaire="", nomBeneficiaire="Divers"),
    ]
    parsed = parse(tmp_path / "liste.csv", "\n".join([HEADER, *lines]) + "\n")
    assert [(row, reason) for row, *_, reason in reasons(parsed)] == [
        (3, "empty_line"),
        (4, "duplicate_line"),
        (5, "total_line"),
        (6, "unreadable"),
        (8, "unreadable"),
        (9, "aggregate_line"),
    ]
    assert parsed.rows_in == 7


def test_rna_alone_is_enough_and_contradictory_numbers_are_not(tmp_path: Path) -> None:
    fact = one(tmp_path, idBeneficiaire="", rnaBeneficiaire="w99 123 4567")
    assert (fact["siren"], fact["rna"]) == (None, "W991234567")
    text = f"nom bénéficiaire;SIRET;SIREN;montant;année\nAtelier;{SIRET};{OTHER};5;2018\n"
    parsed = parse(tmp_path / "deux.csv", text)
    assert [reason for *_, reason in reasons(parsed)] == ["invalid_identifier"]


@pytest.mark.parametrize(
    ("written", "instrument"),
    [
        ("aide en numéraire", "grant"),
        ("Aide en nature", "in_kind"),
        ("aide en numéraire;aide en nature", "grant"),
        ("prêt", "loan"),
        ("NUMERAIRE", "grant"),
        ("", "grant"),
    ],
)
def test_nature(tmp_path: Path, written: str, instrument: str) -> None:
    cell = f'"{written}"' if ";" in written else written
    assert one(tmp_path, nature=cell)["instrument"] == instrument


def test_an_unquoted_enumeration_is_put_back_together(tmp_path: Path) -> None:
    cells = {"conditionsVersement": "unique", "notificationUE": "non"}
    fact = one(tmp_path, nature="aide en numéraire;aide en nature", **cells)
    assert (fact["instrument"], fact["period_end_on"]) == ("grant", date(2018, 12, 31))


COMMA = HEADER.replace(";", ",").removesuffix(",dispositifAide").replace(",rnaBeneficiaire", "")


def comma_line(purpose: str, amount: str, conditions: str = "unique", end: str = "") -> str:
    return (
        f"Département des Brumes,{FUNDER_SIRET},2018-03-22,I-A 4,Atelier du Nuage,{SIRET},"
        f"{purpose},{amount},aide en numéraire,{conditions},2018-04-01_2018-12-31,,non,1{end}"
    )


def test_decimal_commas_left_unquoted_in_a_comma_separated_file(tmp_path: Path) -> None:
    lines = [
        comma_line("Travaux", "24\xa0975,00"),
        comma_line("Matériel (herse, houe)", "1 200,50", "50 % puis, après bilan, le solde", ";"),
        comma_line("Festival 2018", "300"),
    ]
    parsed = parse(tmp_path / "liste.csv", f"{COMMA};;\n" + "\n".join(lines), stage="awarded")
    grants = parsed.tables["grants"]
    assert grants["amount_eur"].to_list() == [Decimal("24975.00"), Decimal("1200.50"), Decimal(300)]
    assert grants["purpose"].to_list() == ["Travaux", "Matériel (herse, houe)", "Festival 2018"]
    assert grants["period_end_on"].to_list() == [date(2018, 12, 31)] * 3


def test_fields_that_can_be_put_back_in_two_ways_are_refused(tmp_path: Path) -> None:
    text = f"nomBeneficiaire,idBeneficiaire,montant,annee,autre\nAtelier,{SIRET},12,50,2018,x\n"
    parsed = parse(tmp_path / "liste.csv", text)
    assert [reason for *_, reason in reasons(parsed)] == []
    ambiguous = (
        f"nomBeneficiaire,idBeneficiaire,montant,montantVerse,annee\nA,{SIRET},1,20,3,2018\n"
    )
    parsed = parse(tmp_path / "ambigu.csv", ambiguous)
    assert [reason for *_, reason in reasons(parsed)] == ["wrong_field_count"]


def test_free_texts_that_cannot_be_parted_are_left_unknown() -> None:
    header = ["nomBeneficiaire", "objet", "idBeneficiaire", "montant", "dateConvention"]
    fields = ["Nuage", "Brume", "Dune", SIRET, "10", "2018-01-02"]
    cells = realign(fields, len(header), recognise(header), ",")
    assert cells == ["", "", SIRET, "10", "2018-01-02"]


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("nomBeneficiere", "beneficiary_name"),
        ("nombeneficiaire", "beneficiary_name"),
        ("NOM_BENEFICIAIRE", "beneficiary_name"),
        ("Nom de l'organisme bénéficiaire", "beneficiary_name"),
        ("ATTRIB_NOM", "beneficiary_name"),
        ("Raison Sociale", "beneficiary_name"),
        ("\ufeffnomAttribuant", "funder_name"),
        ("COLL_NOM", "funder_name"),
        ("COLL_SIRET", "funder_id"),
        ("Identification de l'attribuant", "funder_id"),
        ("ATTRIB_SIRET", "beneficiary_id"),
        ("Identification du bénéficiaire", "beneficiary_id"),
        ("SIRET - Demandeur", "beneficiary_id"),
        ("N° SIRET", "generic_id"),
        ("SIRET ou NIR", "generic_id"),
        ("ACTE_DATE", "date"),
        ("Date de la convention\nde subvention", "date"),
        ("dateDecision", "decision_date"),
        ("datesperiodeVersement", "period"),
        ("Date(s) ou période(s) de versement", "period"),
        ("SUB_DATE_DEBUT", "period_start"),
        ("SUB_MONTANT", "amount"),
        ("Montant total de la subvention*", "amount"),
        ("Subvention 2018", "amount"),
        ("montantDemande", "asked"),
        ("Mandaté", "amount_paid"),
        ("Montant versé en 2019", "amount_paid"),
        ("Montant\nde la subvention de fonctionnement (1)", "amount_operating"),
        ("Montant du prêt", "loan"),
        ("Montant de la garantie", "guarantee"),
        ("Estimation des avantages en nature", "in_kind"),
        ("% du mt de la subvention attribuée au bénéficiaire", "percentage"),
        ("Pourcentage du montant de la subvention attribuée au bénéficiaire", "percentage"),
        ("Conditions de versement de la subvention", "conditions"),
        ("SUB_DISPOSITIF", "programme"),
        ("statutLabel", "status"),
        ("exerciceBudgetaire", "year"),
        ("anneesPluriannualite", "years"),
        ("nomServiceInstructeur", None),
        ("", None),
    ],
)
def test_names_of_columns(name: str, meaning: str | None) -> None:
    found = meaning_of(name)
    assert (found[0] if found else None) == meaning


def test_attributaire_is_the_funder_only_beside_a_beneficiary() -> None:
    official = recognise(["Nom attributaire*", "Nom du bénéficiaire*", "Montant"])
    assert official.at == {"funder_name": 0, "beneficiary_name": 1}
    plain = recognise(["Nom attributaire", "Montant"])
    assert plain.at == {"beneficiary_name": 0}
    assert header_score(["original_name", "official_name"]) == 0
    assert header_score(["Nom du bénéficiaire", "objet"]) == 0


def test_first_wave_of_2017(tmp_path: Path) -> None:
    text = (
        "COLL_NOM,COLL_SIRET,COLL_TYPE,ACTE_DATE,ACTE_REF,ATTRIB_NOM,ATTRIB_SIRET,SUB_OBJET,"
        "SUB_MONTANT,SUB_DATE_DEBUT,SUB_DATE_FIN\n"
        f"Département des Brumes,{FUNDER},DEP,2016-01-01,,Nuage,,Subvention,17 833,,\n"
        f"Département des Brumes,{FUNDER},DEP,2016-01-01,,Dune,{SIRET}.0,Aide,92 000,01/02/2016,"
        "01/03/2016\n"
    )
    parsed = parse(tmp_path / "liste.csv", text)
    assert reasons(parsed) == [(2, "ATTRIB_SIRET", None, "no_identifier")]
    (fact,) = parsed.tables["grants"].to_dicts()
    assert (fact["siren"], fact["funder_id"], fact["amount_eur"]) == (SIREN, FUNDER, Decimal(92000))
    assert (fact["period_start_on"], fact["period_end_on"]) == (date(2016, 2, 1), date(2016, 3, 1))


def test_forty_fields_of_the_draft(tmp_path: Path) -> None:
    names = (
        "idSubvention;nomAttribuant;idAttribuant;nomServiceInstructeur;nomBeneficiaire;"
        "idBeneficiaire;exerciceBudgetaire;pluriannualite;dateDecision;dateConvention;statutLabel;"
        "montantDemande;montant"
    )
    start = f"1;Ville des Brumes;{with_key('21990000')};Service;Nuage;{SIRET};2024;oui;2023-12-12;"
    text = f"{names}\n{start};attribuée;900;500\n{start};refusée;900;0\n"
    parsed = parse(tmp_path / "liste.csv", text)
    (fact,) = parsed.tables["grants"].to_dicts()
    assert (fact["amount_eur"], fact["fiscal_year"], fact["multi_year"]) == (
        Decimal(500),
        2024,
        True,
    )
    assert fact["decided_on"] == date(2023, 12, 12)
    assert fact["funder_level"] == "commune"
    assert reasons(parsed) == [(3, "statutLabel", "refusée", "out_of_scope")]


def test_years_without_a_convention_are_payments(tmp_path: Path) -> None:
    cells = {"dateConvention": "2017", "datesPeriodeVersement": "2017"}
    fact = one(tmp_path, **cells)
    assert (fact["stage"], fact["known_on"]) == ("paid", date(2017, 12, 31))
    parsed = parse(tmp_path / "liste.csv", f"{HEADER}\n{line(**cells)}\n", stage="awarded")
    assert parsed.tables["grants"]["stage"].to_list() == ["awarded"]


def test_several_amounts_have_each_their_meaning(tmp_path: Path) -> None:
    header = (
        "Année;Nom de l'organisme bénéficiaire;SIRET;Montant de la subvention de fonctionnement"
        " (1);Montant de la subvention d'investissement (1);Montant de la garantie (2);"
        "Montant du prêt (3);Avantages en nature (4)"
    )
    text = f"{header}\n2018;Nuage;{SIRET};250,00;;900;100;X\n2018;Dune;{SIRET};;;;;X\n"
    parsed = parse(tmp_path / "liste.csv", text)
    facts = parsed.tables["grants"].select("amount_eur", "instrument", "stage").rows()
    assert facts == [(Decimal(250), "grant", "awarded"), (Decimal(100), "loan", "awarded")]
    assert [reason for *_, reason in reasons(parsed)] == ["no_amount"]


def test_one_amount_per_exercise(tmp_path: Path) -> None:
    text = f"Association;SIRET;Subvention 2017;Subvention 2018\nNuage;{SIRET};100;0\n"
    parsed = parse(tmp_path / "liste.csv", text)
    facts = parsed.tables["grants"].select("amount_eur", "fiscal_year", "known_on").rows()
    assert facts == [(Decimal(100), 2017, date(2017, 12, 31))]


def test_awarded_and_paid_are_two_facts(tmp_path: Path) -> None:
    text = f"Association;SIRET;Exercice;Montant voté;Montant versé\nNuage;{SIRET};2020;100;80\n"
    parsed = parse(tmp_path / "liste.csv", text)
    facts = parsed.tables["grants"].select("amount_eur", "stage").rows()
    assert facts == [(Decimal(100), "awarded"), (Decimal(80), "paid")]


def test_the_exercise_of_the_title_serves_lists_without_dates(tmp_path: Path) -> None:
    body = f"Association;SIRET;Montant\nNuage;{SIRET};100\n"
    parsed = parse(tmp_path / "liste.csv", f"Subventions versées en 2019\n{body}")
    fact = parsed.tables["grants"].to_dicts()[0]
    assert (fact["fiscal_year"], fact["stage"], fact["source_row"]) == (2019, "paid", 3)
    assert parse(tmp_path / "subventions_2021.csv", body).tables["grants"]["fiscal_year"][0] == 2021
    assert [r for *_, r in reasons(parse(tmp_path / "2019-2021.csv", body))] == ["no_date"]
    given = parse(tmp_path / "2019-2021.csv", body, fiscal_year="2020").tables["grants"]
    assert given["fiscal_year"].to_list() == [2020]


def test_funder_from_options_name_or_file(tmp_path: Path) -> None:
    body = f"Association;SIRET;Montant;Année\nNuage;{SIRET};100;2020\n"
    path = tmp_path / "dons_2020.csv"
    assert parse(path, body).tables["grants"]["funder_id"][0] == "slug:dons-2020"
    given = (
        parse(path, body, funder_siren=FUNDER, funder_name="Brumes").tables["grants"].to_dicts()[0]
    )
    assert (given["funder_id"], given["funder_name"], given["funder_level"]) == (
        FUNDER,
        "Brumes",
        "departement",
    )
    fact = one(tmp_path, idAttribuant="9,9E+13", nomAttribuant="Communauté de communes des Brumes")
    assert (fact["funder_id"], fact["funder_level"]) == ("slug:cc-brumes", "epci")
    state = one(tmp_path, idAttribuant=with_key("12990000"), nomAttribuant="Ministère des Brumes")
    assert (state["funder_id"], state["funder_level"]) == ("etat", "state")


def test_a_funder_readable_on_one_line_is_known_on_all(tmp_path: Path) -> None:
    text = f"{HEADER}\n{line()}\n{line(idAttribuant='2,2E+13', montant='5')}\n"
    parsed = parse(tmp_path / "liste.csv", text)
    assert parsed.tables["grants"]["funder_id"].to_list() == [FUNDER, FUNDER]


@pytest.mark.parametrize(
    ("siren", "name", "level"),
    [
        ("219900001", None, "commune"),
        ("229900000", None, "departement"),
        ("239900009", None, "region"),
        ("249900008", None, "epci"),
        ("200990000", "Communauté des Brumes", "epci"),
        ("200990000", "Région des Brumes", "region"),
        ("139900000", None, "operator"),
        ("269900006", None, "operator"),
        ("269900006", "CCAS des Brumes", "commune"),
        (None, "Conseil départemental des Brumes", "departement"),
        (None, "Ville des Brumes", "commune"),
        (None, "Brumes Métropole", "epci"),
        (None, "Préfecture des Brumes", "state"),
        (None, "FEDER Brumes", "europe"),
        (None, "Les Brumes", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_funder_level(siren: str | None, name: str | None, level: str) -> None:
    assert funder_level(siren, name) == level


@pytest.mark.parametrize(
    ("key", "value"), [("stage", "promis"), ("fiscal_year", "18"), ("funder_siren", "123")]
)
def test_wrong_options_are_refused(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(SourceError, match="source-option"):
        parse(tmp_path / "liste.csv", f"{HEADER}\n{line()}\n", **{key: value})


def test_mojibake_r_missing_values_and_spaced_numbers(tmp_path: Path) -> None:
    fact = one(
        tmp_path,
        objet="notifiÃ©e Ã  tous",
        referenceDecision="NA",
        datesPeriodeVersement="NA",
        idBeneficiaire=f"{SIREN[:3]} {SIREN[3:6]} {SIREN[6:]} {SIRET[9:]}'",
    )
    assert (fact["purpose"], fact["siren"], fact["period_start_on"]) == (
        "notifiée à tous",
        SIREN,
        None,
    )


def test_json_records_of_a_portal(tmp_path: Path) -> None:
    fields = {
        "nombeneficiaire": "Nuage",
        "idbeneficiaire": f"{SIREN} {SIRET[9:]}",
        "montant": "240 000 € (pour les 3 saisons sportives)",
        "dateconvention": "2018-04",
        "nomattribuant": "Communauté d'agglomération des Brumes",
    }
    parsed = parse(tmp_path / "liste.json", json.dumps({"records": [{"fields": fields}]}))
    fact = parsed.tables["grants"].to_dicts()[0]
    assert (fact["siren"], fact["fiscal_year"], fact["source_row"]) == (SIREN, 2018, 1)
    assert fact["amount_eur"] == Decimal(240000)


def test_columns_in_another_order_duplicated_or_without_name(tmp_path: Path) -> None:
    text = f"montant;;notificationUE;notificationUE;idBeneficiaire;annee\n12;x;non;;{SIRET};2020\n"
    parsed = parse(tmp_path / "liste.csv", text)
    assert parsed.tables["grants"]["amount_eur"].to_list() == [Decimal(12)]


def test_accounting_catches_a_defect() -> None:
    grants = pl.DataFrame({"source_row": [2]}, schema={"source_row": pl.Int64})
    rejects = pl.DataFrame({"source_row": [2]}, schema={"source_row": pl.Int64})
    with pytest.raises(SourceError, match="source-accounting"):
        check_accounting(Parsed(1, {"grants": grants}, rejects), "liste.csv")


_CELL = st.one_of(
    st.sampled_from(
        ["", "NA", SIRET, SIREN, "2,43E+13", "1 000,00", "2018", "TOTAL", "31/12/2018"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_CELL, min_size=1, max_size=18), max_size=8))
def test_any_lines_are_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    text = "\n".join([HEADER, line(), *(";".join(row) for row in rows)])
    parsed = parse(tmp_path_factory.mktemp("lignes") / "liste.csv", text)
    assert parsed.rows_in >= 1


def real(shared_data: Path, name: str) -> Parsed:
    (path,) = (shared_data / "scdl").glob(name)
    parsed = read(path, ReadOptions())
    check(parsed)
    return parsed


@pytest.mark.real
def test_every_file_on_hand_is_read_or_cleanly_refused(shared_data: Path) -> None:
    refused, messages = [], set()
    for path in sorted((shared_data / "scdl").iterdir()):
        try:
            check(read(path, ReadOptions()))
        except SourceError as error:
            refused.append(path.name)
            messages.add(error.what.split(" : ")[1])
    assert messages == {"aucune colonne de bénéficiaire et de montant reconnue."}
    assert refused == [
        "column_aliases.csv",
        "schema_subventions_scdl_head.json",
        "schema_subventions_scdl_v2.1.1.json",
    ]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "kept", "reasons_found"),
    [
        ("cd85_vendee_2017.csv", 23, {}),
        ("cd85_vendee_2018.csv", 113, {"duplicate_line": 1}),
        ("DEP_Somme*", 39, {"invalid_identifier": 2}),
        ("DEP_Lot*", 13, {"empty_line": 21}),
        ("DEP_Aube*", 6, {"invalid_identifier": 1}),
        ("SCDL_COM_*", 562, {}),
        ("exemple_valide.csv", 29, {}),
        ("exemple-duplicate-column.csv", 29, {}),
        (
            "cd49_maine*",
            0,
            {"damaged_identifier": 11495, "no_identifier": 336, "invalid_identifier": 12},
        ),
    ],
)
def test_published_files(
    shared_data: Path, name: str, kept: int, reasons_found: dict[str, int]
) -> None:
    parsed = real(shared_data, name)
    assert parsed.tables["grants"].height == kept
    assert dict(parsed.rejects["reason"].value_counts().iter_rows()) == reasons_found


@pytest.mark.real
def test_decimal_commas_of_a_published_file(shared_data: Path) -> None:
    grants = real(shared_data, "cd85_vendee_2017.csv").tables["grants"]
    assert grants["amount_eur"].head(3).to_list() == [
        Decimal("24975.00"),
        Decimal("102991.50"),
        Decimal("78796.20"),
    ]
    assert grants["period_end_on"][0] == date(2021, 6, 30)


@pytest.mark.real
def test_siret_rounded_to_nine_digits_keep_their_siren(shared_data: Path) -> None:
    grants = real(shared_data, "SCDL_COM_*").tables["grants"]
    assert grants["siren"].null_count() == 0
    assert grants["funder_level"].unique().to_list() == ["commune"]


@pytest.mark.real
def test_eleven_years_of_one_funder(shared_data: Path) -> None:
    parsed = real(shared_data, "cd44*")
    assert parsed.rows_in == 18_148
    grants = parsed.tables["grants"].filter(pl.col("instrument") == "grant")
    assert grants["stage"].unique().to_list() == ["paid"]
    totals = dict(grants.group_by("fiscal_year").agg(pl.col("amount_eur").sum()).iter_rows())
    assert sorted(totals) == list(range(2008, 2019))
    assert round(totals[2008] / 1_000_000, 1) == Decimal("51.3")
    assert round(totals[2018] / 1_000_000, 1) == Decimal("34.6")
    assert parsed.rejects.filter(pl.col("reason") == "no_identifier").height == 91
    assert grants.filter(pl.col("known_on") != pl.date("fiscal_year", 12, 31)).is_empty()
