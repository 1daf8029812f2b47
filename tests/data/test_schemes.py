"""The catalogue of schemes: what is shipped, what an operator may write, what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data.reference import regions, sectors
from data.reference.schemes import (
    CRITERION_KINDS,
    STAGES,
    Catalogue,
    SchemesError,
    load_schemes,
    read_schemes,
)

GOOD = """
version = 1

[scheme.appui_local]
label = "Appui local inventé"
means = "Un appui."
stages = ["anticipation", "difficulty"]
territory = ["76"]
contact = "La cellule"
bring = ["le budget"]
source = "Essai"
source_on = 2025-09-16
to_confirm = false
drivers = ["small_budget"]

[[scheme.appui_local.criteria]]
kind = "budget_at_most"
label = "Petit budget"
eur = 50000

[[scheme.appui_local.criteria]]
kind = "any_of"
label = "Association ou ESUS"
of = [
  { kind = "family", label = "Association", values = ["association"] },
  { kind = "esus", label = "ESUS" },
]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "schemes.toml"
    path.write_text(text, "utf-8")
    return path


def test_every_scheme_of_the_field_is_shipped() -> None:
    shipped = load_schemes().schemes
    assert set(shipped) == {
        *("dla", "dla_restructuration", "france_active", "contrat_apport_associatif"),
        *("pret_relais_solidaire", "sos_employeurs_ess", "guid_asso", "mediateur_entreprises"),
        *("parcours_aci_paca", "cellule_regionale", "ptce", "ccsf", "codefi"),
    }
    assert shipped["dla"].stages == STAGES
    assert set(shipped["sos_employeurs_ess"].regions) == {"32", "53", "28", "52", "84", "93"}
    assert shipped["parcours_aci_paca"].regions == ("93",)
    assert {s for s in shipped if shipped[s].to_confirm} >= {"ccsf", "codefi"}
    for scheme in shipped.values():
        assert scheme.bring
        assert scheme.contact
        assert scheme.source_on or scheme.to_confirm, scheme.id
        assert not scheme.own


def test_sectors_complete_each_other_both_ways() -> None:
    related = load_schemes().complementary
    assert related
    assert set(related) <= set(sectors())
    for sector, others in related.items():
        assert sector not in others
        assert all(sector in related[other] for other in others)


def test_an_operator_adds_and_replaces_whole_schemes(tmp_path: Path) -> None:
    shipped = load_schemes()
    mine = GOOD + GOOD[GOOD.index("[scheme.") : GOOD.index("[[")].replace("appui_local", "dla")
    found = load_schemes(written(tmp_path, mine))
    assert list(found.schemes) == [*shipped.schemes, "appui_local"]
    assert found.schemes["dla"].label == "Appui local inventé"
    assert found.schemes["dla"].criteria == ()
    assert found.schemes["dla"].own
    assert found.schemes["ptce"] == shipped.schemes["ptce"]
    assert found.complementary == shipped.complementary
    assert found.digest != shipped.digest
    added = found.schemes["appui_local"]
    assert (added.criteria[0].kind, added.criteria[0].number) == ("budget_at_most", 50_000)
    assert [one.kind for one in added.criteria[1].of] == ["family", "esus"]


def test_no_file_of_the_operator_is_the_shipped_catalogue(tmp_path: Path) -> None:
    assert load_schemes(tmp_path / "schemes.toml") is load_schemes()


def test_the_operator_says_which_sectors_complete_each_other(tmp_path: Path) -> None:
    text = 'version = 1\n[complementary_sectors]\nsport = ["health"]\n'
    found: Catalogue = load_schemes(written(tmp_path, text))
    assert found.related("sport") == {"health"}
    assert found.related("health") == {"sport"}
    assert found.related("social_care") == frozenset()


REFUSED = [
    ("version = 1", "version = 2", "version", "2", "1"),
    ("version = 1", "", "version", "rien", "1"),
    ("[scheme.appui_local]", "[scheme.Appui]", "id", "Appui", "minuscules"),
    ('means = "Un appui."', 'moyens = "Un appui."', "moyens", "moyens", "means"),
    ('means = "Un appui."', "", "means", "rien", "texte"),
    ('means = "Un appui."', "means = 3", "means", "3", "texte"),
    ('"difficulty"]', '"difficile"]', "stages", "difficile", "anticipation | difficulty"),
    ('"difficulty"]', '"anticipation"]', "stages", "anticipation", "sans doublon"),
    ('["76"]', '["99"]', "territory", "99", "liste de codes"),
    ('["76"]', '"partout"', "territory", "partout", "all"),
    ('["76"]', "[]", "territory", "[]", "all"),
    ('["le budget"]', "[]", "bring", "[]", "liste"),
    ("source_on = 2025-09-16", 'source_on = "16/09/2025"', "source_on", "16/09/2025", "2025-06-25"),
    ("source_on = 2025-09-16", "", "source_on", "rien", "to_confirm"),
    ("to_confirm = false", 'to_confirm = "non"', "to_confirm", "non", "true ou false"),
    ('["small_budget"]', '["petit"]', "drivers", "petit", "small_budget"),
    ('kind = "budget_at_most"', 'kind = "budget"', "criteria[1].kind", "budget", "budget_above"),
    ("eur = 50000", "eur = -1", "criteria[1].eur", "-1", "positif"),
    ("eur = 50000", "eur = true", "criteria[1].eur", "True", "positif"),
    ("eur = 50000", "eur = inf", "criteria[1].eur", "inf", "positif"),
    ("eur = 50000", "eur = nan", "criteria[1].eur", "nan", "positif"),
    ("eur = 50000", "euros = 50000", "criteria[1].euros", "euros", "eur"),
    ('values = ["association"]', 'values = ["assoc"]', "criteria[2].of[1].values", "assoc", ""),
    ('kind = "esus"', 'kind = "any_of"', "criteria[2].of[2].kind", "any_of", "esus"),
    ('[[scheme.appui_local.criteria]]\nkind = "any_of"', "[[", "le fichier", "", "TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "field", "received", "expected"), REFUSED)
def test_a_refusal_names_scheme_field_value_and_what_is_expected(
    tmp_path: Path, old: str, new: str, field: str, received: str, expected: str
) -> None:
    assert old in GOOD
    with pytest.raises(SchemesError) as caught:
        read_schemes(written(tmp_path, GOOD.replace(old, new, 1)), load_schemes())
    error = caught.value
    assert error.code == "schemes-invalid"
    assert error.where.endswith(f"champ {field}")
    if field not in {"version", "le fichier"}:
        assert "dispositif " in error.where
    assert received in str(error.received)
    assert expected in error.expected


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "schemes.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SchemesError) as caught:
        load_schemes(path)
    assert caught.value.code == "schemes-invalid"


def test_a_catalogue_alone_needs_schemes(tmp_path: Path) -> None:
    with pytest.raises(SchemesError):
        read_schemes(written(tmp_path, "version = 1\n"))
    assert list(read_schemes(written(tmp_path, GOOD)).schemes) == ["appui_local"]


def test_the_guide_explains_every_kind_and_key() -> None:
    guide = (Path(__file__).parents[2] / "docs/schemes.md").read_text("utf-8")
    for kind in CRITERION_KINDS:
        assert f"`{kind}`" in guide, kind
    keys = re.findall(
        r"^(\w+) =", GOOD[GOOD.index("[scheme") : GOOD.index("[[")], flags=re.MULTILINE
    )
    for key in keys:
        assert f"`{key}`" in guide, key
    assert len(regions()) == 18
