"""The parliamentary reserve: layouts of every year, beneficiaries known by name alone."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from stdnum import luhn

from data.sources import SOURCES, reserve
from data.sources.base import CERTAIN, LIKELY, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of

SIREN = "99000002" + luhn.calc_check_digit("99000002")
RNA = "W991234567"


def parse(path: Path, text: str, encoding: str = "utf-8", **extra: str) -> Parsed:
    path.write_text(text, encoding=encoding)
    parsed = reserve.read(path, ReadOptions(extra=extra))
    kept = parsed.tables["grants"]["source_row"].to_list()
    refused = parsed.rejects["source_row"].to_list()
    assert len(kept) + len(refused) == parsed.rows_in
    assert not set(kept) & set(refused)
    assert parsed.named is not None
    assert set(parsed.named["source_row"].to_list()) <= set(refused)
    assert parsed.named.schema == parsed.tables["grants"].schema
    return parsed


def listed(parsed: Parsed) -> dict[str, object]:
    assert parsed.named is not None
    (line,) = parsed.named.to_dicts()
    return line


BERCY = (
    '"bénéficiaire","département","montant versé en 2013 (€)","nature de la subvention",'
    '"programme budgétaire","attributeur","département attributeur","mandat attributeur",'
    '"année d\'octroi de la subvention","prénom","nom","sexe","groupe"\n'
)


def test_the_year_of_grant_beside_the_year_of_payment(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path / "senat.csv",
        BERCY
        + '"Club du Nuage",9,4496,"Achat de ballons",163,"ELU Inventé",94,"Sénateur",2010,'
        + '"Inventé","Elu","H","GRP"\n',
    )
    line = listed(parsed)
    assert line == {
        "siren": None,
        "rna": None,
        "beneficiary_name": "Club du Nuage",
        "departement": "09",
        "matched_by": None,
        "funder_id": "etat",
        "funder_name": "État",
        "funder_level": "state",
        "programme": "163",
        "purpose": "Achat de ballons",
        "amount_eur": Decimal("4496.00"),
        "stage": "paid",
        "fiscal_year": 2013,
        "decided_on": None,
        "period_start_on": date(2010, 1, 1),
        "period_end_on": date(2013, 12, 31),
        "multi_year": None,
        "instrument": "grant",
        "dataset": "reserve-2013",
        "source": "reserve",
        "source_row": 2,
        "known_on": date(2013, 12, 31),
    }
    assert parsed.rejects.select("column", "value", "reason").rows() == [
        ("bénéficiaire", "Club du Nuage", "no_identifier")
    ]
    assert reserve.sniff(sample_of(tmp_path / "senat.csv")) == CERTAIN


#: columns as published, one line, what it says
LAYOUTS: dict[str, tuple[str, str, str, dict[str, object]]] = {
    "members, 2013": (
        "2013_reserve_parlementaire.csv",
        (
            'Bénéficiaire,Adresse,Descriptif,Montant,Nom,Prénom,Département,Groupe,"Programme '
            'budgétaire",ID_Acteur'
        ),
        (
            '"Club du Nuage","""1 rue de la Dune\n93400 SAINT-OUEN""",Tournoi,1000.00,ELU,'
            "Inventé,Loire,GRP,219-01,PA000001"
        ),
        {"departement": "93", "programme": "219", "fiscal_year": 2013, "stage": "awarded"},
    ),
    "members, 2015": (
        "reserve-assemblee-2015.csv",
        (
            "beneficiaire,adresse,descriptif,montant,nom,prenom,departement,groupe,"
            "programme_budgetaire,ID_Acteur"
        ),
        '"Club du Nuage",Nulle Part,Tournoi,2000.00,ELU,Inventé,Paris,GRP,163-01,PA000001',
        {"departement": None, "programme": "163", "fiscal_year": 2015},
    ),
    "members, 2016": (
        "2016_reserve_parlementaire.csv",
        "nom;prenom;groupe;beneficiaire;adresse;descriptif;programme_budgetaire;montant",
        "ELU;Inventé;GRP;Club du Nuage;;Tournoi;204-12;1500.00",
        {"amount_eur": Decimal(1500), "programme": "204", "fiscal_year": 2016},
    ),
    "members, official names": (
        "reserve_2013.csv",
        "ID_SUBVENTION;NOM_BENEFICIAIRE;ADRESSE;DESCRIPTIF;MONTANT_SUBVENTION;PROGRAMME;NOM_DEPUTE",
        "12;Club du Nuage;2 rue 59000 LILLE;Tournoi;700;163;ELU",
        {"amount_eur": Decimal(700), "departement": "59"},
    ),
    "local authorities, 2011": (
        "reserve-parlementaire-2011-parletdep.csv",
        (
            "Bénéficiaire;Département;Nature du projet;Coût du projet;Subvention allouée;"
            "Part prise en charge;Parlementaire transmetteur;Nature;Département Parlementaire;"
            "Groupe politique du parlementaire"
        ),
        "Club du Nuage;25;Toiture;90000;9000;10 %;ELU Inventé;Député;74;GRP",
        {"amount_eur": Decimal(9000), "departement": "25", "purpose": "Toiture"},
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_columns_as_published(tmp_path: Path, layout: str) -> None:
    name, header, row, expected = LAYOUTS[layout]
    path = tmp_path / name
    line = listed(parse(path, f"{header}\n{row}\n", "cp1252" if "2016" in name else "utf-8-sig"))
    assert {key: line[key] for key in expected} == expected
    assert line["beneficiary_name"] == "Club du Nuage"
    assert line["funder_id"] == "etat"
    assert line["known_on"] == date(int(str(line["fiscal_year"])), 12, 31)
    # The one who proposed the grant is nowhere.
    assert not any("ELU" in str(value) or "Inventé" in str(value) for value in line.values())
    scores = {source: kind.sniff(sample_of(path)) for source, kind in SOURCES.items()}
    assert max(scores, key=lambda source: scores[source]) == "reserve"
    assert scores["reserve"] == CERTAIN


def test_records_of_the_assembly(tmp_path: Path) -> None:
    record = {
        "Bénéficiaire": "Club du Nuage",
        "Adresse": "75020 Paris",
        "Descriptif": "Tournoi",
        "Montant": 500,
        "Nom": "ELU",
        "Prénom": "Inventé",
        "Groupe": "GRP",
        "Programme budgétaire": "163-01",
    }
    path = tmp_path / "2014_reserve_parlementaire.json"
    line = listed(parse(path, json.dumps([record])))
    assert (line["amount_eur"], line["departement"], line["fiscal_year"]) == (500, "75", 2014)
    assert reserve.sniff(sample_of(path)) == CERTAIN


def test_public_bodies_are_out_of_scope(tmp_path: Path) -> None:
    names = [
        ("NUAGE-SUR-MER", 122, "out_of_scope"),
        ("Communauté de communes des Brumes", 112, "out_of_scope"),
        ("CCAS du Nuage", 219, "out_of_scope"),
        ("Ville de la Dune", 175, "out_of_scope"),
        ("Association des maires des Brumes", 122, "no_identifier"),
        ("NUAGE-SUR-MER", 163, "no_identifier"),
        ("Association de la commune de la Dune", 163, "no_identifier"),
    ]
    rows = [
        f'"{name}",59,{at},"Travaux",{programme},"ELU",59,"Sénateur",2012,"I","E","H","G"\n'
        for at, (name, programme, _) in enumerate(names, 1)
    ]
    parsed = parse(tmp_path / "senat.csv", BERCY + "".join(rows))
    found = dict(parsed.rejects.select("source_row", "reason").iter_rows())
    assert [found[at + 2] for at in range(len(names))] == [reason for *_, reason in names]
    messages = parsed.rejects.filter(parsed.rejects["reason"] == "out_of_scope")["message"]
    assert messages.str.contains("collectivité").all()
    assert parsed.named is not None
    assert parsed.named["source_row"].to_list() == [6, 7, 8]


def test_reasons(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path / "senat.csv",
        BERCY
        + '"Club",59,,"Achat",163,"ELU",59,"Sénateur",2012,"I","E","H","G"\n'
        + '"Club",59,beaucoup,"Achat",163,"ELU",59,"Sénateur",2012,"I","E","H","G"\n'
        + '"Club",59,10,"Achat",163,"ELU",59,"Sénateur",2014,"I","E","H","G"\n'
        + '"Club",59,10,"Achat",163,"ELU",59,"Sénateur",20122,"I","E","H","G"\n'
        + '"Club",59,30,"Achat",163,"ELU",59,"Sénateur",2012,"I","E","H","G"\n'
        + '"Club",59,30,"Achat",163,"ELU",59,"Sénateur",2012,"I","E","H","G"\n'
        + ",,,,,,,,,,,,\n"
        + '"",59,40,"Achat",163,"ELU",59,"Sénateur",2012,"I","E","H","G"\n'
        + "TOTAL,,110,,,,,,,,,,\n",
    )
    assert parsed.rejects.sort("source_row")["reason"].to_list() == [
        *("no_amount", "bad_amount", "bad_date", "bad_date", "no_identifier", "duplicate_line"),
        *("empty_line", "no_identifier", "total_line"),
    ]
    assert parsed.named is not None
    assert parsed.named["source_row"].to_list() == [6]


def test_a_line_with_a_number_is_a_fact(tmp_path: Path) -> None:
    path = tmp_path / "Elu-reserve-2014.csv"
    parsed = parse(
        path,
        "Bénéficiaire,Type,Dirigeant de l'organisme subventionné,N° RNA ( association),"
        "Destination de la subvention,Montant en euros,Subvention année n-1 en euros\n"
        f"Club du Nuage,Association,Une Personne,{RNA},Tournoi,1000,900\n",
    )
    (fact,) = parsed.tables["grants"].to_dicts()
    assert (fact["rna"], fact["amount_eur"], fact["fiscal_year"]) == (RNA, Decimal(1000), 2014)
    assert "Une Personne" not in map(str, fact.values())
    assert reserve.sniff(sample_of(path)) == LIKELY


def test_a_year_that_cannot_be_told(tmp_path: Path) -> None:
    text = "beneficiaire;montant;nom;prenom;groupe\nClub;10;ELU;I;G\n"
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "liste.csv", text)
    assert error.value.code == "reserve-exercise"
    assert listed(parse(tmp_path / "liste.csv", text, exercise="2015"))["fiscal_year"] == 2015
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "liste.csv", text, exercise="quinze")
    assert error.value.code == "source-option"
    asked = reserve.read(
        tmp_path / "liste.csv", ReadOptions(known_on=date(2020, 1, 2), extra={"exercise": "2015"})
    )
    assert listed(asked)["known_on"] == date(2020, 1, 2)


def test_sums_by_parliamentarian_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "1409-reserve-2013-agrege.csv"
    path.write_text(
        "Parlementaire attributaire,Groupe politique,Chambre,"
        "Somme des subventions versées en 2013\n"
        "Inventé Elu,GRP,Sénat,5537076\n",
        encoding="utf-8",
    )
    assert {kind.sniff(sample_of(path)) for kind in SOURCES.values()} == {NO}
    with pytest.raises(SourceError):
        reserve.read(path, ReadOptions())


@pytest.mark.real
def test_the_payments_of_2013_to_local_authorities(shared_data: Path) -> None:
    path = shared_data / "reserve" / "senat-reserve-2013-bercy.csv"
    if not path.is_file():
        pytest.skip(f"no list at {path}")
    parsed = reserve.read(path, ReadOptions())
    assert parsed.rows_in == 5639
    assert dict(parsed.rejects["reason"].value_counts().iter_rows()) == {"out_of_scope": 5639}
    assert parsed.named is not None
    assert parsed.named.is_empty()
    assert reserve.sniff(sample_of(path)) == CERTAIN
