"""A file is recognised by what it holds; one that holds no fact is named, and read by nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.sources import SOURCES
from data.sources.base import SourceError
from data.sources.known import not_read
from data.sources.packed import unpacked
from data.sources.recognise import recognise
from data.sources.sample import sample_of

#: folder of published files -> sources that its files are for; "-" where one holds no fact
PUBLISHED = {
    "bodacc": {"bodacc"},
    "budgets": {"ofgl", "-"},
    "decp": {"decp", "-"},
    "jaune": {"jaune", "-"},
    "payment_delays": {"dgfip_delays"},
    "reference": {"-"},
    "reserve": {"reserve"},
    "rna": {"api_association", "joafe", "joafe_accounts", "-"},
    "scdl": {"scdl", "-"},
    "sirene": {"sirene"},
    "state_exports": {
        *("chorus", "fonjep", "helios", "osiris", "scdl", "sirene", "subventia", "-"),
    },
    "urssaf": {
        *("urssaf_ccsf", "urssaf_cotisation", "urssaf_debit", "urssaf_delai", "urssaf_effectif"),
        *("urssaf_procol", "sirene", "-"),
    },
}


@pytest.mark.real
@pytest.mark.parametrize("folder", PUBLISHED)
def test_every_published_file_is_named(shared_data: Path, folder: str) -> None:
    found: dict[str, str] = {}
    for path in sorted((shared_data / folder).iterdir()):
        with unpacked(path) as members:
            for member in members:
                recognised = recognise(member.path)
                assert (recognised.source is None) == bool(recognised.not_data)
                found[member.name] = recognised.source or "-"
    assert set(found.values()) == PUBLISHED[folder], found


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("schema.json", json.dumps({"$schema": "x", "name": "y", "fields": []}), "schéma"),
        ("naf.csv", "Code;Libellé\n0111Z;Culture\n0112Z;Riz\n", "nomenclature"),
        ("regions.json", json.dumps({"01": {"nom": "Guadeloupe"}}), "territoires"),
        ("LISEZMOI.md", "# Ce dossier\n\ndes fichiers\n", "texte"),
        ("noms.csv", "original_name;official_name\nMontant;montant\n", "correspondance"),
    ],
)
def test_files_that_hold_no_fact_are_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    found = recognise(path)
    assert found.source is None
    assert said in found.not_data


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "source-unreadable"),
        (b"   \n", "source-unreadable"),
        (b"%PDF-1.7 \x00\x01", "source-unreadable"),
        (b"a;b;c\n1;2;3\n", "source-unknown"),
        (b'{"a": 1}', "source-unknown"),
        (b"<html><body>404</body></html>", "source-unknown"),
        (b"PK\x03\x04 tronque", "source-unreadable"),
        (b"PAR1 tronque", "source-unreadable"),
    ],
)
def test_what_nobody_knows_is_refused_clearly(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "fichier.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as error:
        recognise(path)
    assert error.value.code == code
    assert error.value.todo


def test_the_name_of_the_file_does_not_matter(tmp_path: Path) -> None:
    text = "nomAttribuant;nomBeneficiaire;idBeneficiaire;montant;dateConvention;objet\n"
    for name in ("x.csv", "x.txt", "schema_naf.csv", "sans_extension"):
        path = tmp_path / name
        path.write_text(text + "Ville;Club;;10;2020-01-01;Aide\n", "utf-8")
        assert recognise(path).source == "scdl"


def test_no_source_claims_what_is_known_not_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text("Code;Libellé\n0111Z;Culture\n0112Z;Riz\n", "utf-8")
    sample = sample_of(path)
    assert not_read(sample)
    assert max(source.sniff(sample) for source in SOURCES.values()) < 60
