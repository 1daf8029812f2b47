"""The State's yearly list, in the layouts of its vintages."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from data.contracts import conform
from data.identifiers import is_siren
from data.sources import grants, jaune
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.sample import sample_of

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = [s for n in range(100_000_000, 100_000_100) if is_siren(s := str(n))][:3]


def parse(path: Path, text: str, encoding: str = "utf-8", **extra: str) -> Parsed:
    path.write_text(text, encoding=encoding)
    parsed = jaune.read(path, ReadOptions(extra=extra))
    kept = parsed.tables["grants"]["source_row"].to_list()
    assert len(kept) + parsed.rejects.height == parsed.rows_in
    assert not set(kept) & set(parsed.rejects["source_row"].to_list())
    conform(parsed.tables["grants"], "grants")
    return parsed


def reasons(parsed: Parsed) -> list[str]:
    return parsed.rejects.sort("source_row")["reason"].to_list()


def test_totals_and_details_are_never_added(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path / "plf-2012-jaune.csv",
        "SIREN;ASSOCIATION;IMPUTATION;Total des subventions;Détail des subventions\n"
        f"{A};LES AMIS DU LAC - 74 ANNECY;;5 000;\n"
        f"{A};LES AMIS DU LAC - 74 ANNECY;Culture: 175 - Patrimoines;;2 000\n"
        f"{A};LES AMIS DU LAC - 74 ANNECY;Premier ministre: 163 - Jeunesse;;3 000\n"
        f"{B};RUCHE VERTE - 2A AJACCIO;;700;\n"
        f"{C};LE PONT - 59 LILLE;;900;\n"
        f"{C};LE PONT - 59 LILLE;Justice: 101 - Accès au droit;;800\n"
        "Total des subventions versées en 2010;;;6 600;6 600\n",
        "cp1252",
    )
    facts = parsed.tables["grants"]
    assert facts["source_row"].to_list() == [3, 4, 5, 7]
    assert facts["programme"].to_list() == ["175", "163", None, "101"]
    assert facts["amount_eur"].to_list() == [Decimal(n) for n in (2000, 3000, 700, 800)]
    assert facts["beneficiary_name"].to_list() == [
        "LES AMIS DU LAC", "LES AMIS DU LAC", "RUCHE VERTE", "LE PONT",
    ]  # fmt: skip
    assert facts["dataset"].unique().to_list() == ["plf-jaune-2012"]
    assert facts["fiscal_year"].unique().to_list() == [2010]
    assert reasons(parsed) == ["total_line"] * 3
    # A total that its details do not make is said.
    messages = parsed.rejects.sort("source_row")["message"].to_list()
    assert "900.00" in messages[1]
    assert "800.00" in messages[1]
    assert "900" not in messages[0]


def test_the_vintage_multiplied_by_ten_is_quarantined(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path / "plf2013.csv",
        "MINISTERE;PROGRAMME;SIREN;ASSOCIATION;Subvention 2011;Objet 2011\n"
        f"MIN02 - Culture;P224 - Transmission;{A};LES AMIS DU LAC;92 784 940;saison\n",
        "utf-8-sig",
    )
    assert reasons(parsed) == ["quarantined_amount"]
    assert parsed.rejects["value"].item() == "92 784 940"


@pytest.mark.parametrize(
    ("name", "encoding", "text", "exercise"),
    [
        (
            "plf-2015.csv",
            "utf-8-sig",
            (
                "Ministère;PROGRAMME;DEPARTEMENT;VILLE;SIREN;ASSOCIATION;Subvention 2013;Objet\n"
                f"02 - Culture;224 - Transmission;59;LILLE;{A};LE PONT;12 500,50;festival\n"
            ),
            2013,
        ),
        (
            "plf-2016.csv",
            "utf-8-sig",
            (
                "Ministère;PROGRAMME;DEPARTEMENT;VILLE;SIREN;ASSOCIATION;2014;Objet\n"
                f"02 - Culture;224;59;LILLE;{A};LE PONT;12500.5;festival\n"
            ),
            2014,
        ),
        (
            "plf-2018.csv",
            "utf-8-sig",
            (
                "Programme;SIREN;NIC;RNA;Dénomination;COG dép.;COG commune;Montant;Objet\n"
                f"224;{A};12;W2A1001234;LE PONT;59;350;12500,50;festival\n"
            ),
            2016,
        ),
        (
            "plf-2019.csv",
            "cp1252",
            (
                "Jaune budgétaire ; ; \nAssociations subventionnées;;\n\n"
                "PROGRAMME;SIREN;NIC;Dénomination;Existence au 01/01;Montant;Objet 2017\n"
                f"224;{A};00012;LE PONT;oui;12 500,50 €;festival\n"
            ),
            2017,
        ),
        (
            "plf-2021.csv",
            "cp1252",
            (
                "Associations subventionnées en 2019\n"
                "Programme;SIREN;NIC;RNA;Dénomination;Montant 2019;Objet 2019\n"
                f"224;{A};12;;LE PONT;12 500,50;festival\n"
            ),
            2019,
        ),
        (
            "liste.csv",
            "utf-8-sig",
            (
                "Programme;SIREN;NIC;Dénomination;Montant;Objet 2023\n"
                f"224;{A};12;LE PONT;12 500,50;festival\n"
            ),
            2023,
        ),
    ],
    ids=["2015", "2016", "2018", "2019", "2021", "2025"],
)
def test_layouts(tmp_path: Path, name: str, encoding: str, text: str, exercise: int) -> None:
    parsed = parse(tmp_path / name, text, encoding)
    fact = parsed.tables["grants"].row(0, named=True)
    assert (fact["siren"], fact["programme"], fact["purpose"]) == (A, "224", "festival")
    assert fact["amount_eur"] == Decimal("12500.50")
    assert (fact["fiscal_year"], fact["dataset"]) == (exercise, f"plf-jaune-{exercise + 2}")
    assert (fact["funder_id"], fact["funder_level"]) == ("etat", "state")
    assert fact["known_on"] == date(exercise, 12, 31)
    assert fact["beneficiary_name"] == "LE PONT"


HEADER = "Programme;SIREN;RNA;Dénomination;Subvention 2021;Objet 2021\n"


def test_reasons_and_instruments(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path / "plf2023.csv",
        HEADER + f"163;{A};;UN;1 000;projet\n"
        f"163;{A};;UN;1 000;projet\n"
        ";;;;;\n"
        f"163;{A};;UN;1 000;projet;de trop\n"
        "163;;;DEUX;1 000;projet\n"
        "163;123456789;;TROIS;1 000;projet\n"
        "163;1,23E+08;;QUATRE;1 000;projet\n"
        f"163;{B};;CINQ;;projet\n"
        f"163;{B};;CINQ;mille;projet\n"
        f"163;{B};;CINQ;50;Frais de personnel (remboursement à l'association)\n"
        "163;;W2A1001234;SIX;-20,5;Prestation facturée par l'association\n"
        f"163;{C};;SEPT;0;projet\n",
    )
    assert reasons(parsed) == [
        "duplicate_line",
        "empty_line",
        "wrong_field_count",
        "no_identifier",
        "invalid_identifier",
        "damaged_identifier",
        "no_amount",
        "bad_amount",
        "out_of_scope",
    ]
    facts = parsed.tables["grants"]
    assert facts["instrument"].to_list() == ["grant", "contract", "grant"]
    assert facts["rna"].to_list() == [None, "W2A1001234", None]
    assert facts["amount_eur"].to_list() == [Decimal(1000), Decimal("-20.50"), Decimal(0)]


def test_the_day_known(tmp_path: Path) -> None:
    text = HEADER + f"163;{A};;UN;1 000;projet\n"
    parsed = parse(tmp_path / "a.csv", text, known="publication")
    assert parsed.tables["grants"]["known_on"].to_list() == [date(2022, 10, 1)]
    asked = jaune.read(tmp_path / "a.csv", ReadOptions(known_on=date(2024, 1, 2)))
    assert asked.tables["grants"]["known_on"].to_list() == [date(2024, 1, 2)]


def test_an_exercise_that_cannot_be_told(tmp_path: Path) -> None:
    text = f"Programme;SIREN;Montant;Objet\n163;{A};10;projet\n"
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "liste.csv", text)
    assert error.value.code == "jaune-exercise"
    assert parse(tmp_path / "liste.csv", text, exercise="2020").tables["grants"][
        "fiscal_year"
    ].to_list() == [2020]
    assert parse(tmp_path / "PLF_2022.csv", text).tables["grants"]["fiscal_year"].item() == 2020
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "liste.csv", text, exercise="vingt")
    assert error.value.code == "source-option"
    two = f"Programme;SIREN;Subvention 2019;Objet 2020\n163;{A};10;projet\n"
    with pytest.raises(SourceError) as error:
        parse(tmp_path / "PLF_2022.csv", two)
    assert error.value.code == "jaune-exercise"


def test_files_of_another_kind(tmp_path: Path) -> None:
    nomenclature = tmp_path / "PLF_Nomenclature.csv"
    nomenclature.write_text(
        "Type ligne ;Type Budget;code;Mission;Ministere;Libelle;Libelle abrege\n"
        "PGM;BG;163;SF;06;Jeunesse;Jeunesse\n",
        encoding="cp1252",
    )
    with pytest.raises(SourceError) as error:
        jaune.read(nomenclature, ReadOptions())
    assert error.value.code == "jaune-not-a-list"
    assert "nomenclature" in str(error.value)
    other = tmp_path / "other.csv"
    other.write_text("a;b\n1;2\n", encoding="utf-8")
    for path in (other, tmp_path / "absent.csv"):
        with pytest.raises(SourceError):
            jaune.read(path, ReadOptions())


#: columns of each vintage as published, in order
PUBLISHED = {
    2013: (
        "Millésime;Type de Budget;Ministère en 2011;Programme en 2011;Association;SIREN;"
        "Subvention 2011 en euros;Département;Ville;Objet de la subvention;Evaluation;"
        "Mission en 2011"
    ),
    2014: (
        "MILLESIME;TYPE BUDGET;Ministère;PROGRAMME;ASSOCIATION;SIREN;DEPARTEMENT;VILLE;"
        "Subvention 2012;OBJET;CONVENTION;MISSION"
    ),
    2015: (
        "MILLESIME;TYPE BUDGET;Ministère 2013;PROGRAMME 2013;ASSOCIATION;SIREN;DEPARTEMENT;VILLE;"
        "Subvention 2013;OBJET;CONVENTION;ELEMENTS CONVENTION;MISSION"
    ),
    2016: (
        "MILLESIME;TYPE BUDGET;Ministère;PROGRAMME;ASSOCIATION;SIREN;DEPARTEMENT;VILLE;2014;OBJET;"
        "CONVENTION;ELEMENTS CONVENTION;MISSION"
    ),
    2017: (
        "MILLESIME;TYPE BUDGET;Ministère;PROGRAMME;ASSOCIATION;SIREN;Département;VILLE;"
        "Subvention 2015;MISSION"
    ),
    2018: (
        "Programme (2016);SIREN;NIC;Dénomination;Montant;Objet;Parlementaire;Réserve parlementaire;"
        "Convention;COG : code département;COG : code commune;COG : ville ou pays;"
        "Nomenclature juridique;NAF;Situation SIRENE;RNA"
    ),
    2019: (
        "Programme (2017);SIREN;NIC;Dénomination;Montant;Objet 2017;Parlementaire;"
        "Réserve parlementaire;Convention;SIRENE au 01/01;Existe au 01/01;SIRENE au 31/12;"
        "Existe au 31/12;COG : code département;COG : code commune;COG : ville ou pays;NAF;"
        "Nomenclature juridique"
    ),
    2020: (
        "Programme;SIREN;NIC;Dénomination;Montant;Objet;Convention;SIRENE au 01/01;"
        "Existe au 01/01;SIRENE au 31/12;Existe au 31/12;COG : code département ou pays;"
        "COG : code commune ou pays;COG : ville ou pays;NAF;Nomenclature juridique"
    ),
    2021: (
        "Programme;SIREN;NIC;Dénomination;Montant;Objet 2019;Convention;COG : code;COG : libellé;"
        "Catégorie juridique;Répertoire national des associations"
    ),
    2023: (
        "Programme;SIREN;NIC;Dénomination;Montant;Objet 2021;Convention;COG : code;COG : libellé;"
        "Catégorie juridique;Répertoire national des associations"
    ),
    2025: (
        "Programme;SIREN;NIC;Dénomination;Montant;Objet 2023;Convention;COG : code;COG : libellé;"
        "Catégorie juridique"
    ),
}
#: what a line says in any of these columns
CELLS = {
    "siren": A,
    "nic": "12",
    "association": "LE PONT",
    "denomination": "LE PONT",
    "departement": "59",
    "ville": "LILLE",
    "cog : code departement": "59",
    "cog : code departement ou pays": "59",
    "cog : code commune": "350",
    "cog : code commune ou pays": "350",
    "cog : code": "59350",
    "rna": "W591234567",
    "repertoire national des associations": "W591234567",
    "montant": "12 500,50",
    "2014": "12 500,50",
}


def cell(column: str) -> str:
    plain = column.lower().translate(str.maketrans("éèê", "eee"))
    if plain in CELLS:
        return CELLS[plain]
    for start, value in (
        ("subvention", "12 500,50"),
        ("programme", "224 - Transmission"),
        ("ministere", "02 - Culture"),
        ("objet", "festival"),
    ):
        if plain.startswith(start):
            return value
    return "x"


@pytest.mark.parametrize("bill", PUBLISHED)
def test_columns_as_published(tmp_path: Path, bill: int) -> None:
    header = PUBLISHED[bill]
    title = {2019: "Crédits aux associations\n\n\n", 2021: "Liste\n", 2023: "Liste\n"}.get(bill, "")
    line = ";".join(cell(column) for column in header.split(";"))
    encoding = "cp1252" if bill in {2019, 2021, 2023} else "utf-8-sig"
    path = tmp_path / f"plf-{bill}.csv"
    parsed = parse(path, f"{title}{header}\n{line}\n", encoding)
    assert jaune.sniff(sample_of(path)) == CERTAIN
    if bill == 2013:
        assert reasons(parsed) == ["quarantined_amount"]
        assert parsed.rejects["value"].item() == "12 500,50"
        return
    fact = parsed.tables["grants"].row(0, named=True)
    assert (fact["siren"], fact["programme"]) == (A, "224")
    assert (fact["amount_eur"], fact["departement"]) == (Decimal("12500.50"), "59")
    assert (fact["fiscal_year"], fact["dataset"]) == (bill - 2, f"plf-jaune-{bill}")
    assert fact["beneficiary_name"] == "LE PONT"
    assert fact["rna"] == ("W591234567" if bill in {2018, 2021, 2023} else None)
    assert fact["purpose"] == (None if bill == 2017 else "festival")


def test_the_export_of_a_portal(tmp_path: Path) -> None:
    record = {
        "programme": "224",
        "siren": A,
        "nic": 12,
        "denomination": "LE PONT",
        "montant": 12500.5,
        "objet_2023": "festival",
        "cog_code": "59350",
    }
    path = tmp_path / "export.json"
    parsed = parse(path, json.dumps([record]))
    fact = parsed.tables["grants"].row(0, named=True)
    assert (fact["siren"], fact["fiscal_year"], fact["departement"]) == (A, 2023, "59")
    assert fact["amount_eur"] == Decimal("12500.50")
    assert jaune.sniff(sample_of(path)) == CERTAIN


@pytest.mark.parametrize(
    ("name", "title", "exercise"),
    [
        ("credits_aux_associations_2018.csv", "", 2018),
        ("liste.csv", "Crédits attribués au monde associatif en 2018\n", 2018),
        ("liste.csv", "Jaune PLF 2020 - subventions 2018\n", 2018),
        ("projet-de-loi-de-finances-pour-2020-annexe-jaune.csv", "", 2018),
    ],
)
def test_where_the_exercise_is_said(tmp_path: Path, name: str, title: str, exercise: int) -> None:
    parsed = parse(tmp_path / name, f"{title}Programme;SIREN;Montant;Objet\n163;{A};10;projet\n")
    assert parsed.tables["grants"]["fiscal_year"].to_list() == [exercise]


def test_the_exercise_said_by_the_cells(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path / "liste.csv",
        "MILLESIME;Programme;SIREN;Montant\n"
        f"Jaune PLF 2015 - Subventions 2013;163;{A};10\nJaune PLF 2015 - Subventions 2013;163;;9\n",
    )
    assert parsed.tables["grants"]["fiscal_year"].to_list() == [2013]


def test_sums_by_programme_are_not_grants(tmp_path: Path) -> None:
    path = tmp_path / "plf24-jaune-associations.csv"
    path.write_text(
        "Mission;Programme;Libellé du programme;Nombre d'associations;Montant 2022\n"
        "Sport;163;Jeunesse;1200;45000000\n",
        encoding="utf-8",
    )
    assert jaune.sniff(sample_of(path)) == NO
    with pytest.raises(SourceError):
        jaune.read(path, ReadOptions())


def test_lines_known_by_name_alone_are_rejected_and_listed(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path / "plf2023.csv",
        "Programme;SIREN;NIC;Dénomination;Montant;Objet 2021;COG : code\n"
        "163;;;LE NUAGE;1 000;projet;59350\n"
        "163;123456789;;LA DUNE;2 000;projet;\n"
        "163;;;LE PHARE;;projet;59350\n"
        "163;;;;3 000;projet;59350\n"
        "163;;;LA MER;50;Frais de personnel (remboursement à l'association);59350\n"
        f"163;{A};;LE SABLE;4 000;projet;2A004\n",
    )
    assert parsed.named is not None
    assert parsed.named.select(
        "source_row", "siren", "beneficiary_name", "departement", "amount_eur", "fiscal_year"
    ).rows() == [
        (2, None, "LE NUAGE", "59", Decimal(1000), 2021),
        (3, None, "LA DUNE", None, Decimal(2000), 2021),
    ]
    assert parsed.named["known_on"].unique().to_list() == [date(2021, 12, 31)]
    assert parsed.named.schema == parsed.tables["grants"].schema
    assert parsed.tables["grants"]["departement"].to_list() == ["2A"]
    assert len(parsed.rejects) == 5


def test_the_departement_glued_to_the_name(tmp_path: Path) -> None:
    parsed = parse(
        tmp_path / "plf-2012-jaune.csv",
        "SIREN;ASSOCIATION;IMPUTATION;Total des subventions;Détail des subventions\n"
        f"{B};RUCHE VERTE - 2A AJACCIO;;700;\n",
    )
    assert parsed.tables["grants"]["departement"].to_list() == ["2A"]


@pytest.mark.real
def test_the_list_of_2010_and_its_harvest_agree(shared_data: Path) -> None:
    folder = shared_data / "jaune"
    lists = sorted(folder.glob("plf-2012*.csv"))
    harvest = sorted((shared_data / "panel" / "grants").glob("*.parquet"))[::8]
    if not lists or not harvest:
        pytest.skip(f"no list of 2010 under {folder}")
    parsed = jaune.read(lists[0], ReadOptions())
    counted = dict(parsed.rejects.group_by("reason").len().iter_rows())
    facts = parsed.tables["grants"]
    assert (parsed.rows_in, facts.height) == (37_679, 19_641)
    assert counted == {"total_line": 17_485, "invalid_identifier": 553}
    assert not parsed.rejects["message"].str.contains("somme").any()
    key = ["siren", "programme", "amount_eur", "dataset"]
    compared = 0
    for path in harvest:
        other = grants.read(path, ReadOptions()).tables["grants"]
        other = other.filter(pl.col("dataset") == "plf-jaune-2012").select(key).sort(key)
        # A file of the harvest holds all the lines of its beneficiaries.
        same = facts.filter(pl.col("siren").is_in(other["siren"].implode())).select(key).sort(key)
        compared += other.height
        assert same.equals(other.cast(dict(same.schema)))
    assert compared > 500


@pytest.mark.real
def test_the_nomenclature_beside_it_is_refused(shared_data: Path) -> None:
    path = shared_data / "jaune" / "PLF_2020_Nomenclature.csv"
    if not path.is_file():
        pytest.skip(f"no nomenclature at {path}")
    with pytest.raises(SourceError) as error:
        jaune.read(path, ReadOptions())
    assert error.value.code == "jaune-not-a-list"
