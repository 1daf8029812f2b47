"""Reference tables: complete, consistent, and the same by value and by column."""

from __future__ import annotations

import csv
import itertools
from typing import TYPE_CHECKING

import polars as pl
import pytest

from data import reference
from data.contracts import ESS_FAMILIES
from data.reference.funders import funder_slug
from data.reference.perimeter import PerimeterError

if TYPE_CHECKING:
    from pathlib import Path


def column(values: list[str | None], expr: pl.Expr) -> list[object]:
    frame = pl.DataFrame({"x": values}, schema={"x": pl.String})
    return frame.select(expr.alias("out"))["out"].to_list()


def test_every_departement_is_in_a_known_region() -> None:
    assert len(reference.regions()) == 18
    assert len(reference.departements()) == 101
    regions_used = {d.region for d in reference.departements().values()}
    assert regions_used == set(reference.regions())
    assert reference.region_of("59") == "32"
    assert reference.region_of("974") == "04"
    assert reference.region_of("20") is None


POSTCODES = {
    "59000": "59",
    "1000": "01",
    "75 011": "75",
    "20000": "2A",
    "20137": "2A",
    "20200": "2B",
    "20600": "2B",
    "20400": None,
    "97400": "974",
    "97600": "976",
    "97133": None,
    "97150": None,
    "97500": None,
    "98000": None,
    "00200": None,
    "5900A": None,
    "": None,
    "５９０００": None,
}
COMMUNES = {
    "59350": "59",
    "2A004": "2A",
    "2b033": "2B",
    "97411": "974",
    "97801": None,
    "1004": "01",
    "20004": None,
    "2C004": None,
    "": None,
}


@pytest.mark.parametrize(("postcode", "expected"), POSTCODES.items())
def test_departement_of_postcode(postcode: str, expected: str | None) -> None:
    assert reference.departement_of_postcode(postcode) == expected


@pytest.mark.parametrize(("commune", "expected"), COMMUNES.items())
def test_departement_of_commune(commune: str, expected: str | None) -> None:
    assert reference.departement_of_commune(commune) == expected


def test_columns_agree_with_values() -> None:
    x = pl.col("x")
    by_column = column([*POSTCODES, None], reference.departement_of_postcodes(x))
    assert by_column == [*POSTCODES.values(), None]
    by_column = column([*COMMUNES, None], reference.departement_of_communes(x))
    assert by_column == [*COMMUNES.values(), None]
    assert column(["2B", "99", None], reference.region_of_departements(x)) == ["94", None, None]


@pytest.mark.parametrize(
    ("naf", "sector"),
    [
        ("88.99B", "social_care"),
        ("8899b", "social_care"),
        ("88.91A", "youth"),
        ("88.10C", "insertion"),
        ("78.30Z", "insertion"),
        ("93.12Z", "sport"),
        ("90.01Z", "culture"),
        ("94.99Z", "advocacy"),
        ("86.10Z", "health"),
        ("68.20A", "housing"),
        ("68.20B", "economy"),
        ("10.71C", "economy"),
        ("88", "social_care"),
        ("85.3K", None),
        ("00.00Z", None),
        ("", None),
        (None, None),
    ],
)
def test_sector_of(naf: str | None, sector: str | None) -> None:
    assert column([naf], reference.sector_of(pl.col("x"))) == [sector]


@pytest.mark.real
def test_every_published_naf_code_has_a_sector(shared_data: Path) -> None:
    lines = (shared_data / "reference" / "naf5.csv").read_text(encoding="utf-8-sig").splitlines()
    codes = [row[0] for row in csv.reader(lines, delimiter=";")][1:]
    found = column(list(codes), reference.sector_of(pl.col("x")))
    assert len(codes) > 700
    assert [code for code, sector in zip(codes, found, strict=True) if sector is None] == []
    assert set(found) <= set(reference.sectors())


def test_staff_bands_follow_one_another() -> None:
    bands = [band for code, band in reference.bands().items() if code not in {"NN", "00"}]
    for smaller, larger in itertools.pairwise(bands):
        assert smaller.high is not None
        assert smaller.high + 1 == larger.low
        assert smaller.low <= smaller.midpoint <= smaller.high
    assert reference.employees_of("12") == 34
    assert reference.employees_of("NN") == 0
    assert reference.employees_of("99") is None
    assert reference.employees_of(None) is None
    assert column(["12", "99", None], reference.employees_of_bands(pl.col("x"))) == [34, None, None]
    assert list(reference.band_labels()) == list(reference.bands())


def test_families_of_the_shipped_perimeter() -> None:
    codes: list[str | None] = ["9220", "5458", "8210", "9300", "5710", "7210", "1000", None]
    x = pl.col("x")
    assert column(codes, reference.ess_family_of(x)) == [
        "association", "cooperative", "mutual", "foundation", None, None, None, None,
    ]  # fmt: skip
    flagged = column(codes, reference.ess_family_of(x, pl.lit(value=True)))
    assert flagged == [
        "association", "cooperative", "mutual", "foundation", "commercial", None, None,
        "commercial",
    ]  # fmt: skip
    assert set(reference.load_perimeter().families.values()) <= set(ESS_FAMILIES)


@pytest.mark.real
def test_every_code_of_the_perimeter_is_in_the_nomenclature(shared_data: Path) -> None:
    path = shared_data / "reference" / "insee_categories_juridiques.csv"
    known = {line.split(",")[0] for line in path.read_text(encoding="utf-8-sig").splitlines()}
    assert set(reference.load_perimeter().families) <= known


def test_a_perimeter_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "perimeter.toml"
    path.write_text('[families]\nother = ["83"]\n[flag]\nfamily = "other"\n', encoding="utf-8")
    perimeter = reference.load_perimeter(path)
    found = column(["8310", "9220"], reference.ess_family_of(pl.col("x"), None, perimeter))
    assert found == ["other", None]


@pytest.mark.parametrize(
    "text",
    [
        "families = 3",
        "not toml at all [",
        '[families]\nclub = ["9220"]\n[flag]\nfamily = "other"\n',
        '[families]\nother = [9220]\n[flag]\nfamily = "other"\n',
        '[families]\nother = ["92200"]\n[flag]\nfamily = "other"\n',
        '[families]\nother = ["9220"]\nmutual = ["9220"]\n[flag]\nfamily = "other"\n',
        '[families]\nother = ["9220"]\n[flag]\nfamily = "club"\n',
        '[families]\nother = ["9220"]\n[flag]\nfamily = "other"\n[extra]\n',
    ],
)
def test_a_bad_perimeter_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "perimeter.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PerimeterError):
        reference.load_perimeter(path)


def test_an_absent_perimeter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PerimeterError):
        reference.load_perimeter(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Conseil Départemental du Finistère", "slug:departement-finistere"),
        ("Conseil D\ufffdpartemental du Finist\ufffdre", "slug:departement-finistere"),
        ("DEPARTEMENT D ILLE ET VILAINE", "slug:departement-ille-et-vilaine"),
        ("Conseil général de l’Aube", "slug:departement-aube"),
        ("DépartementdesHautesPyrénées", "slug:departement-hautes-pyrenees"),
        ("Seine-Saint-Denis - Le Département", "slug:departement-seine-saint-denis"),
        ("REGION CENTRE -VAL DE LOIRE", "slug:region-centre-val-de-loire"),
        ("Conseil Régional Occitanie", "slug:region-occitanie"),
        ("Région Occitanie (FEDER)", "slug:region-occitanie-feder"),
        ("MAIRIE DE DREUX", "slug:commune-dreux"),
        ("Ville d'Anglet", "slug:commune-anglet"),
        ("Direction des achats - Ville de Paris", "slug:commune-paris"),
        ("Département de Paris", "slug:departement-paris"),
        ("CC Adour Madiran", "slug:cc-adour-madiran"),
        ("Communauté de communes Adour-Madiran", "slug:cc-adour-madiran"),
        ("Ministère de la Culture - DRAC", "slug:ministere-de-la-culture"),
        ("DGCL - PREF NORD-147", "slug:anct-politique-de-la-ville"),
        ('"CGET - DDCS VAL D"OISE-147"', "slug:anct-politique-de-la-ville"),
        ("CGET - National-112", "slug:cget-national-112"),
        ("DILCRAH (Premier ministre)", "slug:dilcrah-premier-ministre"),
        ("Œuvres  du\tlac", "slug:oeuvres-du-lac"),
        ("\ufffd", "slug:x"),
        (" - ", "slug:inconnu"),
        ("", "slug:inconnu"),
    ],
)
def test_funder_slug(name: str, slug: str) -> None:
    assert funder_slug(name) == slug
