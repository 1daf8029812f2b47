"""Lists of local authorities in the layouts they are published in: each column its meaning."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from stdnum import luhn

from data.sources import scdl
from data.sources.base import CERTAIN, LIKELY, NO, Parsed, ReadOptions
from data.sources.blocks import LARGE_BYTES
from data.sources.sample import sample_of
from data.sources.scdl_columns import meaning_of, recognise


def with_key(start: str) -> str:
    return start + luhn.calc_check_digit(start)


SIREN, OTHER = with_key("99000002"), with_key("99000003")
SIRET, OTHER_SIRET = with_key(f"{SIREN}0001"), with_key(f"{OTHER}0002")
FUNDER = with_key("21990010")
FUNDER_SIRET = with_key(f"{FUNDER}0001")
RNA = "W991234567"
#: a commune of the Nord and the département of the Loire-Atlantique, both invented
COMMUNE, DEPARTEMENT = with_key("21590990"), with_key("22449900")


def table(path: Path, header: str, *rows: str, separator: str = ";") -> Path:
    path.write_text("\n".join((header, *rows)).replace(";", separator) + "\n", encoding="utf-8")
    return path


def read(path: Path, **extra: str) -> Parsed:
    parsed = scdl.read(path, ReadOptions(extra=extra))
    kept = set(parsed.tables["grants"]["source_row"].to_list())
    refused = set(parsed.rejects["source_row"].to_list())
    assert not kept & refused
    assert len(kept) + len(refused) == parsed.rows_in
    assert parsed.named is not None
    assert parsed.named.schema == parsed.tables["grants"].schema
    assert set(parsed.named["source_row"].to_list()) <= refused
    return parsed


#: a header as published, one line of it, and what the line says
LAYOUTS: dict[str, tuple[str, str, dict[str, object]]] = {
    "two bare SIRET": (
        (
            "Nom ETS attribuant la subvention;Numéro SIRET;Date convention;Durée convention;"
            "Nom association;Numéro SIRET;Objet subvention;Montant subvention;Nature subvention;"
            "Dates versement"
        ),
        f"Établissement des Brumes;{FUNDER_SIRET};2023-03-01;12;Nuage;{SIRET};Don;500;numéraire;",
        {"siren": SIREN, "funder_id": FUNDER, "decided_on": date(2023, 3, 1)},
    ),
    "SIRET of the authority, beneficiary by name": (
        (
            "COLL_NOM;SIRET;NATURE_JURIDIQUE_DU_BENEFICAIRE;"
            "IDENTIFICATION_DU_BENEFICIAIRE;CATEGORIE;"
            "TYPE_DE_SUBVENTION;Année;Montant"
        ),
        f"Commune des Brumes;{FUNDER_SIRET};Association;Club du Nuage 44;Sport;Numéraire;2016;300",
        {"siren": None, "beneficiary_name": "Club du Nuage 44", "funder_id": FUNDER},
    ),
    "credits of a State service": (
        (
            "Année;Origine de l'enveloppe BOP (préciser n°), enveloppe spécifique (préciser);"
            "UO régional ou départemental;Nom de l'attribuant(RBOP);N° SIRET de l'attribuant;"
            "Date de la convention signée AAA-MM-JJ;Référence de la décision;"
            "Raison sociale du bénéficiaire(association);N° SIRET du bénéficiaire;"
            "Objet de la subvention;Coût total de l'action;"
            "Montant total de la subvention versée (séparateur décimale = virgule);"
            "Nature de la subvention (Préciser : aide en numéraire, en nature);"
            "Conditions de versement préciser : unique, échelonné,"
        ),
        (
            f"2018;177;UO;DRJSCS des Brumes;{FUNDER_SIRET};2018-05-02;r;Nuage;{SIRET};"
            "Accueil;90000;"
            "12500,50;aide en numéraire;unique"
        ),
        {"siren": SIREN, "amount_eur": Decimal("12500.50"), "stage": "paid", "fiscal_year": 2018},
    ),
    "names turned round": (
        "association_nom;association_categorie;subvention_type;subvention_annee;subvention_montant",
        "Nuage;Sport;Fonctionnement;2012;1200",
        {"beneficiary_name": "Nuage", "fiscal_year": 2012, "amount_eur": Decimal(1200)},
    ),
    "a project's dates beside the payment": (
        (
            "datepublication;nomAttribuant;idAttribuant;dateConvention;referenceDecision;"
            "nomBénéficiaire;idBeneficiaire;objet;montant;nature;conditionsVersement;"
            "datesPériodeVersement;idRAE;notificationUE;pourcentageSubvention;date_deb;date_fin;"
            "objet_reuse;montant_reuse"
        ),
        (
            f"2022-01-05;Métropole des Brumes;{FUNDER_SIRET};2021-06-01;r;Nuage;{SIRET};"
            "Festival;2000;"
            "aide en numéraire;unique;2021-07-01_2021-09-30;;non;1;2021-01-01;2021-12-31;Festival;9"
        ),
        {"period_start_on": date(2021, 7, 1), "period_end_on": date(2021, 9, 30)},
    ),
    "a ministry's commitments": (
        (
            "annee;origine_des_credits;cper;montant_engage;nom_du_beneficiaire;"
            "departement_du_beneficiaire;code_postal_du_beneficiaire;code_commune_du_beneficiaire;"
            "ndeg_siren_du_beneficiaire;ndeg_siret_du_beneficiaire;ndeg_ej;titre;mission;programme;"
            "fonctionnement_investissement;compte_budgetaire"
        ),
        f"2023;c;non;8000;Nuage;Nord;59000;59350;{SIREN};{SIRET};1;6;Culture;131;FONCTIONNEMENT;x",
        {"siren": SIREN, "amount_eur": Decimal(8000), "departement": "59", "programme": "131"},
    ),
    "a city's votes": (
        (
            "numero_de_dossier;annee_budgetaire;collectivite;nom_beneficiaire;numero_siret;"
            "objet_du_dossier;montant_vote;direction;nature_de_la_subvention"
        ),
        f"2021_00123;2021;Ville des Brumes;Nuage;{SIRET};Fonctionnement;700;DAC;Projet",
        {"siren": SIREN, "funder_name": "Ville des Brumes", "amount_eur": Decimal(700)},
    ),
    "the annex of a city's accounts": (
        (
            "publication;collectivite;categorie_du_beneficiaire;nature_juridique_du_beneficiaire;"
            "nom_de_l_organisme_beneficiaire;montant_de_la_subvention;prestations_en_nature"
        ),
        "CA 2019;Ville des Brumes;Personnes de droit privé;Associations;Nuage;1500;",
        {"siren": None, "beneficiary_name": "Nuage", "fiscal_year": 2019},
    ),
    "a region's votes, with a yearly total": (
        (
            "nomattribuant;idattribuant;nombeneficiaire;idbeneficiaire;objet;date_de_decision;"
            "referencedecision;montant_vote;mt_vote_pour_le_tiers_sur_l_annee;annee_decision"
        ),
        f"Région des Brumes;{FUNDER_SIRET};Nuage;{SIRET};Achat;2022-04-15;r;400;99000;2022",
        {"amount_eur": Decimal(400), "decided_on": date(2022, 4, 15)},
    ),
    "votes repeated for each place": (
        (
            "exercice_de_la_premiere_decision;dossier;objet_du_dossier;beneficiaire;type_de_tiers;"
            "montant_vote;localisation_projet;montant_vote_par_localisation;"
            "adresse_administrative_code_postal_du_tiers_beneficiaire"
        ),
        "2013;d;Tournée;Nuage;ASSOCIATION;10000;PARIS;2500;75011",
        {"amount_eur": Decimal(2500), "departement": "75", "fiscal_year": 2013},
    ),
    "liquidations of a city": (
        (
            "entite_juridique;code_programme;description_programme;objet_engagement;exercice;"
            "objet_liquidation;code_tiers_beneficiaire;nom_tiers_engagement;code_article;"
            "montant_ht_liquidation;taux_tva_liquidation;montant_ttc_liquidation;montant_pour_le_ca"
        ),
        "VILLE;P1;Culture;Aide au festival;2020;Solde;12345;Nuage;6574;600;0;600;600",
        {"beneficiary_name": "Nuage", "stage": "paid", "purpose": "Aide au festival"},
    ),
    "sums ordered for payment": (
        (
            "Code article;Exercice;Section;Nom bénéficiaire;N° SIRET;Type bénéficiaire;"
            "Montant ordonnancé"
        ),
        f"6574;2016;F;Nuage;{SIRET};Association;250",
        {"siren": SIREN, "stage": "paid", "fiscal_year": 2016, "amount_eur": Decimal(250)},
    ),
    "the same from the portal": (
        "exercice;section;nom_beneficiaire;ndeg_siret;type_beneficiaire;montant_ordonnance",
        f"2016;F;Nuage;{SIRET};Association;250",
        {"siren": SIREN, "stage": "paid", "fiscal_year": 2016},
    ),
    "council sittings": (
        (
            "seance_cm_dateconvention;siret;ndegtiers;association;type;montant_2019;dcm_2019;"
            "projet_ou_objet;nature;mode_versement;debut_debutdateperiodeversement;"
            "fin_debutdateperiodeversement;modalites_de_versement;politique_publique;direction"
        ),
        (
            f"2019-03-29;{SIRET};778;Nuage;F;6000;DCM.1;Saison;aide en numéraire;unique;2019-04-01;"
            "2019-12-31;virement;Culture;DGA"
        ),
        {"decided_on": date(2019, 3, 29), "amount_eur": Decimal(6000), "programme": "Culture"},
    ),
    "years of payment": (
        (
            "NOM_BENEFICIAIRE;ID_BENEFICIAIRE;ADRESSE_BENEFICIAIRE;CODE_POSTAL_BENEFICIAIRE;"
            "NOM_COM_BENEFICIAIRE;ANNEE_VERSEMENT;MONTANT;LATITUDE;LONGITUDE;SACollSIRET;SACollNom"
        ),
        f"Nuage;{SIRET};1 rue;35000;RENNES;2021;900;48,1;-1,6;{FUNDER_SIRET};Département inventé",
        {"stage": "paid", "fiscal_year": 2021, "departement": "35", "funder_id": FUNDER},
    ),
    "conventions, SIREN and NIC apart": (
        (
            "la_date_conv;libelle_autorite;NUMDEL;raison1;raison2;numsiren;numnic;objet;"
            "la_somme_e_mtdel;OD_nature;OD_conditions_versement;OD_autre;la_date_v_debut;"
            "la_date_v_fin;OD_notification_minimis;OD_taux"
        ),
        (
            f"2020-02-03;CP;12;NUAGE;;{SIREN};00012;Aide;3000;aide en numéraire;unique;;2020-03-01;"
            "2020-12-31;non;1"
        ),
        {
            "siren": SIREN,
            "beneficiary_name": "NUAGE",
            "amount_eur": Decimal(3000),
            "period_end_on": date(2020, 12, 31),
        },
    ),
    "letters left out of the names": (
        (
            "nomAttribuant;iAttribuant;dateConvention;referenceDecision;nomBeneficiaire;"
            "iBeneficiaire;"
            "objet;montant;nature;conditionVersement;datesperiodeVersement;idRAE;notificationUE;"
            "pourcentage Subvention"
        ),
        (
            f"Département inventé;{FUNDER_SIRET};2022-05-05;r;Nuage;{SIRET};Aide;80;"
            "aide en numéraire;"
            "unique;2022-06-01;;non;1"
        ),
        {"siren": SIREN, "funder_id": FUNDER, "amount_eur": Decimal(80)},
    ),
    "votes and payments": (
        (
            "nom_attribuant;identifiant_attribuant;ndeg_sub;code_siren_siret;nom_du_tiers;"
            "decision_date;date_decision;montant_attribue;conditions_versement;mandate;"
            "objet;nature;"
            "annee"
        ),
        (
            f"Agglomération;{FUNDER_SIRET};1;{SIRET};Nuage;DEC-1;2019-02-01;1000;"
            "50 % puis solde;;Aide;"
            "Fonctionnement;2019"
        ),
        {"siren": SIREN, "amount_eur": Decimal(1000), "decided_on": date(2019, 2, 1)},
    ),
    "attributaire beside an attribuant": (
        (
            "Nom de l'attribuant;Identification de l' attribuant;Nom du bénéficiaire;"
            "SIRET attributaire;L'objet de la subvention;Montant;Exercice"
        ),
        f"Département inventé;{FUNDER_SIRET};Nuage;{SIRET};Aide;60;2025",
        {"siren": SIREN, "funder_id": FUNDER, "purpose": "Aide"},
    ),
    "attributaire for the funder": (
        (
            "Nom de l'attribuant;Identification de l'attributaire;Nom du bénéficiaire;"
            "Identification du bénéficiaire;Section;Montant total de la subvention;Exercice"
        ),
        f"Métropole inventée;{FUNDER_SIRET};Nuage;{SIRET};F;70;2021",
        {"siren": SIREN, "funder_id": FUNDER, "amount_eur": Decimal(70)},
    ),
    "a region and its programmes": (
        (
            "nomattribuant;idattribuant;dateconvention;referencedecision;nombeneficiaire;"
            "idbeneficiaire;objet;montant;nature;conditionsversement;datesperiodeversement;idrae;"
            "notificationue;pourcentagesubvention;tiers_categorie;tiers_commune_insee;"
            "tiers_commune_libl;programme_code;programme_libl;dossier_commune_insee"
        ),
        (
            f"Région inventée;{FUNDER_SIRET};2019-01-10;r;Nuage;{SIRET};Aide;900;aide en numéraire;"
            "échelonné;;;non;1;Association;35238;RENNES;P00312;Culture;56121"
        ),
        {"siren": SIREN, "departement": "35", "decided_on": date(2019, 1, 10)},
    ),
    "the first wave, without dates": (
        "COLL_NOM;COLL_SIRET;COLL_TYPE;ATTRIB_NOM;ATTRIB_SIRET;SUB_OBJET;SUB_MONTANT",
        f"CC des Brumes;{FUNDER_SIRET};EPCI;Nuage;{SIRET};Aide;450",
        {"siren": SIREN, "funder_id": FUNDER, "fiscal_year": 2018},
    ),
    "an address and a name": (
        (
            "ANNEE;NOM DE L'ASSOCIATION OU DE LA FONDATION BENEFICIAIRE;"
            "ADRESSE COMPLETE;CODE POSTAL;"
            "VILLE;N° SIREN;AUTRE N° D'IDENTIFICATION;MONTANT DE LA SUBVENTION;MONTANT DU PRÊT;"
            "MONTANT DE LA GARANTIE D'EMPRUNT;AVANTAGES EN NATURE"
        ),
        f"2017;Nuage;1 rue 93100 MONTREUIL;93100;MONTREUIL;{SIREN};;640;;5000;",
        {"siren": SIREN, "departement": "93", "amount_eur": Decimal(640), "instrument": "grant"},
    ),
    "numbers of another system": (
        (
            "Nom de l'association ou de la fondation bénéficiaire;"
            "N° SIREN de l'association ou de la fondation bénéficiaire;CONVENTION;"
            "AUTRE NUMERO d'identification (WALDECK);MONTANT de la subvention;Année"
        ),
        f"Nuage;;oui;{RNA};75;2021",
        {"siren": None, "rna": RNA, "amount_eur": Decimal(75)},
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_column_has_its_meaning(tmp_path: Path, layout: str) -> None:
    header, line, expected = LAYOUTS[layout]
    path = table(tmp_path / "subventions-2018.csv", header, line)
    parsed = read(path)
    assert parsed.named is not None
    found = parsed.tables["grants"].to_dicts() or parsed.named.to_dicts()
    assert len(found) == 1
    assert {key: found[0][key] for key in expected} == expected
    assert scdl.sniff(sample_of(path)) >= LIKELY


@pytest.mark.parametrize(
    "header",
    [
        # what was asked, what it costs, what was given before
        "Bénéficiaire;Statut;Montant de la subvention demandée;Montant de la base subventionnable",
        "Nom association;Coût total du projet;Budget;Subvention année n-1 en euros",
        # sums of territories
        "Dispositif;Nombre d'aides;Montant total;Nom Région;Nom Département;Nom Section NAF",
        "année;nom de la collectivité;code SIRET de la collectivité;nombre de saisines",
        # the parliamentarians of the reserve
        "Parlementaire attributaire;Groupe politique;Chambre;Somme des subventions versées en 2013",
        # lists without amounts
        "Nom association;SIRET;Adresse;Code postal;Ville;Objet",
        "titre;url;format;montant",
    ],
)
def test_what_is_no_list_of_grants(tmp_path: Path, header: str) -> None:
    row = ";".join(str(n + 1) for n in range(header.count(";") + 1))
    path = table(tmp_path / "subventions.csv", header, row, row)
    assert scdl.sniff(sample_of(path)) == NO


def test_a_header_needs_lines_that_bear_it_out(tmp_path: Path) -> None:
    header = "Bénéficiaire;SIRET;Montant;Description"
    described = table(tmp_path / "schema.csv", header, "nom;numéro;en euros;texte")
    assert scdl.sniff(sample_of(described)) == NO
    assert scdl.sniff(sample_of(table(tmp_path / "vide.csv", header))) == NO
    given = table(tmp_path / "dons.csv", header, f"Nuage;{SIRET};12,5;x")
    assert NO < scdl.sniff(sample_of(given)) < LIKELY
    schema = tmp_path / "schema.json"
    fields = [{"name": name, "type": "string"} for name in ("nomBeneficiaire", "montant", "nature")]
    schema.write_text(json.dumps({"title": "Subventions", "fields": fields}), encoding="utf-8")
    assert scdl.sniff(sample_of(schema)) == NO


def test_the_official_template_is_certain(tmp_path: Path) -> None:
    header, line, _ = LAYOUTS["a project's dates beside the payment"]
    assert scdl.sniff(sample_of(table(tmp_path / "x.csv", header, line))) == CERTAIN


#: every field of the draft of forty: what is read of it, None where it is left out on purpose
DRAFT = {
    "idSubvention": None,
    "nomAttribuant": "funder_name",
    "idAttribuant": "funder_id",
    "nomServiceInstructeur": None,
    "idServiceInstructeur": None,
    "nomBeneficiaire": "beneficiary_name",
    "idBeneficiaire": "beneficiary_id",
    "rnaBeneficiaire": "beneficiary_rna",
    "exerciceBudgetaire": "year",
    "pluriannualite": "multi_year",
    "anneesPluriannualite": "years",
    "dateDecision": "decision_date",
    "dateConvention": "date",
    "referenceDecision": None,
    "dateCreation": None,
    "dateDebut": "project_start",
    "dateFin": "project_end",
    "dispositif": "programme",
    "sousDispositif": "programme",
    "statutLabel": "status",
    "objet": "purpose",
    "nature": "instrument",
    "montantDemande": "asked",
    "montant": "amount",
    "nomOutilInstruction": None,
    "nomOutilVersement": None,
    "ej": None,
    "cléVersement": None,
    "conditionsVersement": "conditions",
    "descriptionConditionsVersement": "conditions",
    "datesPeriodeVersement": "period",
    "cofinancement": None,
    "attribuantsCofinanceurs": None,
    "idCofinancement": None,
    "idRAE": None,
    "notificationUE": None,
    "pourcentageSubvention": "percentage",
    "evaluationCout": "asked",
    "evaluation": "asked",
    "dateMiseAJour": None,
}


def test_each_field_of_the_draft_is_read_or_left_out_on_purpose() -> None:
    found = {name: meaning_of(name) for name in DRAFT}
    assert {name: meaning[0] if meaning else None for name, meaning in found.items()} == DRAFT
    assert len(recognise(list(DRAFT)).amounts) == 1


@pytest.mark.real
def test_the_draft_on_hand_has_no_other_field(shared_data: Path) -> None:
    path = shared_data / "scdl" / "schema_subventions_scdl_head.json"
    if not path.is_file():
        pytest.skip(f"no schema at {path}")
    fields = json.loads(path.read_text("utf-8"))["fields"]
    assert [field["name"] for field in fields] == list(DRAFT)


def test_the_status_of_the_draft(tmp_path: Path) -> None:
    header = "nomBeneficiaire;idBeneficiaire;exerciceBudgetaire;statutLabel;montantDemande;montant"
    states = ("attribuée", "refusée", "en cours d'intruction", "ineligible")
    rows = [f"Nuage {at};{SIRET};2024;{state};900;50{at}" for at, state in enumerate(states)]
    parsed = read(table(tmp_path / "s.csv", header, *rows))
    assert parsed.tables["grants"]["amount_eur"].to_list() == [Decimal(500)]
    assert parsed.rejects["reason"].to_list() == ["out_of_scope"] * 3
    assert parsed.named is not None
    assert parsed.named.is_empty()


def test_lines_known_by_name_alone_are_rejected_and_listed(tmp_path: Path) -> None:
    header = (
        "nomAttribuant;idAttribuant;dateConvention;nomBeneficiaire;idBeneficiaire;montant;"
        "codePostalBeneficiaire"
    )
    payer = f"Ville inventée;{with_key(f'{COMMUNE}0001')}"
    other = f"Département inventé;{with_key(f'{DEPARTEMENT}0001')}"
    parsed = read(
        table(
            tmp_path / "liste.csv",
            header,
            f"{payer};2020-01-02;Nuage;;100;",
            f"{payer};2020-01-02;Dune;2,43E+13;200;",
            f"{payer};2020-01-02;Phare;123;300;75011",
            f"{other};2020;Brume;;400;",
            f"{payer};2020-01-02;;;500;",
            f"{payer};2020-01-02;Lune;;beaucoup;",
            f"{payer};jamais;Mer;;700;",
            f"{payer};2020-01-02;Divers;;800;",
            f"{payer};2020-01-02;Sable;{SIRET};900;",
            f"{other};2020-01-02;Conseil départemental inventé;{DEPARTEMENT};1000;",
        )
    )
    assert parsed.tables["grants"]["source_row"].to_list() == [10]
    assert parsed.named is not None
    listed = parsed.named.select(
        "source_row", "siren", "rna", "beneficiary_name", "departement", "amount_eur", "fiscal_year"
    ).rows()
    assert listed == [
        (2, None, None, "Nuage", "59", Decimal(100), 2020),
        (3, None, None, "Dune", "59", Decimal(200), 2020),
        (4, None, None, "Phare", "75", Decimal(300), 2020),
        (5, None, None, "Brume", "44", Decimal(400), 2020),
        (11, None, None, "Conseil départemental inventé", "44", Decimal(1000), 2020),
    ]
    known = dict(parsed.named.select("source_row", "known_on").iter_rows())
    assert (known[2], known[5]) == (date(2020, 1, 2), date(2020, 12, 31))
    assert parsed.named["funder_id"].to_list()[:2] == [COMMUNE, COMMUNE]
    # The département of the funder is no certainty about a beneficiary known by its number.
    assert parsed.tables["grants"]["departement"].to_list() == [None]


def test_a_funder_is_not_its_own_beneficiary(tmp_path: Path) -> None:
    header = "nomAttribuant;idAttribuant;dateConvention;nomBeneficiaire;idBeneficiaire;montant"
    rows = [
        f"Ville du Nuage;{FUNDER_SIRET};2020-01-02;Club de la Dune;{FUNDER_SIRET};10",
        f"Ville du Nuage;{FUNDER_SIRET};2020-01-02;VILLE DU NUAGE;{FUNDER};20",
    ]
    parsed = read(table(tmp_path / "liste.csv", header, *rows))
    assert parsed.tables["grants"].is_empty()
    assert parsed.rejects["reason"].to_list() == ["invalid_identifier"] * 2
    assert "financeur" in parsed.rejects["message"][0]
    assert parsed.named is not None
    assert parsed.named["beneficiary_name"].to_list() == ["Club de la Dune"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("59350", "Nord", "59000"), "59"),
        (("", "059", ""), "59"),
        (("", "", "1000.0"), "01"),
        (("59350", "Aisne", ""), None),
        (("2A004", "", "20000"), "2A"),
        (("", "Atlantide", "99999"), None),
        (("", "", ""), None),
    ],
)
def test_where_the_beneficiary_is(
    tmp_path: Path, cells: tuple[str, str, str], expected: str | None
) -> None:
    header = (
        "nomBeneficiaire;idBeneficiaire;montant;annee;codeInseeBeneficiaire;"
        "departementBeneficiaire;codePostalBeneficiaire"
    )
    path = table(tmp_path / "l.csv", header, f"Nuage;{SIRET};1;2020;" + ";".join(cells))
    assert read(path).tables["grants"]["departement"].to_list() == [expected]


def test_columns_named_by_the_year_alone(tmp_path: Path) -> None:
    header, rows = "Nom Association;;2018;2019", ("Nuage;;1200;1300", "Dune;;;50")
    named = table(tmp_path / "subventions_clubs.csv", header, *rows)
    parsed = read(named)
    assert parsed.named is not None
    assert parsed.named.select("beneficiary_name", "amount_eur", "fiscal_year").rows() == [
        ("Nuage", Decimal(1200), 2018),
        ("Nuage", Decimal(1300), 2019),
        ("Dune", Decimal(50), 2019),
    ]
    # Nothing says that these are grants.
    assert scdl.sniff(sample_of(table(tmp_path / "adherents.csv", header, *rows))) == NO


def test_a_large_list_is_read_by_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "nomBeneficiaire;idBeneficiaire;montant;annee;objet"
    purpose = "Aide au fonctionnement de l'association, au titre de la vie associative. " * 3
    rows = [
        f"Nuage {at};{SIRET if at % 5 else ''};{at};2020;{purpose}"
        for at in range(2 * LARGE_BYTES // len(purpose))
    ]
    path = table(tmp_path / "liste.csv", header, *rows, rows[1], rows[-2])
    monkeypatch.setattr(scdl, "BLOCK_BYTES", 2_000_000)
    pieces = list(scdl.parts(path, ReadOptions()))
    assert len(pieces) > 2
    by_blocks = read(path)
    monkeypatch.setattr(scdl, "LARGE_BYTES", path.stat().st_size)
    whole = read(path)
    assert by_blocks.rows_in == whole.rows_in == len(rows) + 2
    assert by_blocks.tables["grants"].equals(whole.tables["grants"])
    assert by_blocks.rejects.sort("source_row").equals(whole.rejects.sort("source_row"))
    assert whole.rejects.filter(pl.col("reason") == "duplicate_line").height == 2
