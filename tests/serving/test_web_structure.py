"""The page of a structure: reasons, gaps, territory, hostile names, what is logged."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from sqlalchemy import select

from serving.state.models import AuditEntry
from tests.serving.web_people import principal_of, signed_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.serving.conftest import Frames, House

REASON = "Dossier suivi avec la cellule voisine."


def entries(house: House, action: str) -> list[AuditEntry]:
    with house.state.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_a_structure_says_all_that_is_known(shared_house: House) -> None:
    row = shared_house.first(level="high")
    page = signed_in(shared_house, "national").get(f"/structures/{row['siren']}").text
    for expected in (
        "Ce qui augmente le risque",
        "Point de départ",
        "Risque estimé",
        "Ce que l’on ne sait pas",
        "75\u00a0% des indicateurs",
        "Conseil des Brumes",
        "Estimation statistique, pas un constat.",
        "le modèle part de 5,0\u00a0%",
    ):
        assert expected in page, expected
    count = round(100 * row["p_12m"])
    assert f"Sur 100 structures au même profil, environ {count} connaissent" in page


def test_a_structure_without_score_says_so(shared_house: House) -> None:
    row = shared_house.first(level="unknown")
    answer = signed_in(shared_house, "national").get(f"/structures/{row['siren']}")
    assert answer.status_code == 200
    assert "Le risque à cet horizon n’est pas estimé." in answer.text
    assert "les données sont insuffisantes" in answer.text
    assert "waterfall" not in answer.text


def test_another_horizon_is_explained(shared_house: House) -> None:
    row = shared_house.first(level="high")
    browser = signed_in(shared_house, "national")
    page = browser.get(f"/structures/{row['siren']}?horizon=18").text
    assert "Pourquoi ce risque à 18 mois" in page
    assert browser.get(f"/structures/{row['siren']}?horizon=7").status_code == 422


@pytest.mark.parametrize("code", ["990000000", "abc", "99000001²", "1" * 300])
def test_what_is_no_structure_is_not_found(shared_house: House, code: str) -> None:
    answer = signed_in(shared_house, "national").get(f"/structures/{code}")
    assert answer.status_code == 404
    assert '<html lang="fr">' in answer.text


def test_a_siren_outside_the_publication_is_explained(
    shared_house: House, fictitious_siren: Callable[[int], str]
) -> None:
    code = fictitious_siren(900_000)
    answer = signed_in(shared_house, "national").get(f"/structures/{code}")
    assert answer.status_code == 404
    assert "n’est pas dans la publication" in answer.text


def test_outside_the_territory_nothing_is_shown(house: House) -> None:
    row = house.first(region="93", level="high")
    answer = signed_in(house, "regional", regions=("32",)).get(f"/structures/{row['siren']}")
    assert answer.status_code == 403
    assert row["name"].replace("'", "&#39;") not in answer.text
    assert "Motif de la consultation" in answer.text
    assert len(entries(house, "structure.refused")) == 1
    assert entries(house, "structure.view") == []


def test_outside_the_territory_elsewhere_and_nowhere_look_alike(
    shared_house: House, fictitious_siren: Callable[[int], str]
) -> None:
    browser = signed_in(shared_house, "regional", regions=("32",))
    elsewhere = browser.get(f"/structures/{shared_house.first(region='93')['siren']}")
    nowhere = browser.get(f"/structures/{fictitious_siren(900_000)}")
    assert elsewhere.status_code == nowhere.status_code == 403
    assert elsewhere.text == nowhere.text


def test_a_stated_reason_opens_and_is_logged(house: House) -> None:
    row = house.first(region="93", level="high")
    browser = signed_in(house, "regional", regions=("32",))
    form = {"csrf": principal_of(house, browser).csrf, "reason": f"  {REASON}\n"}
    answer = browser.request("POST", f"/structures/{row['siren']}", data=form)
    assert answer.status_code == 200
    assert row["name"].replace("'", "&#39;") in answer.text
    (entry,) = entries(house, "structure.break_glass")
    assert entry.reason == REASON


@pytest.mark.parametrize("reason", ["", "court", "   " * 20])
def test_a_reason_that_says_nothing_opens_nothing(house: House, reason: str) -> None:
    row = house.first(region="93")
    browser = signed_in(house, "regional", regions=("32",))
    form = {"csrf": principal_of(house, browser).csrf, "reason": reason}
    answer = browser.request("POST", f"/structures/{row['siren']}", data=form)
    assert answer.status_code == 403
    assert "Le motif est trop court." in answer.text
    assert entries(house, "structure.break_glass") == []


def test_a_reason_from_another_site_is_refused(house: House) -> None:
    row = house.first(region="93")
    browser = signed_in(house, "regional", regions=("32",))
    answer = browser.request("POST", f"/structures/{row['siren']}", data={"reason": REASON})
    assert answer.status_code == 403
    assert "Ce formulaire a expiré" in answer.text


def test_an_analyst_opens_by_pseudonym_only(shared_house: House) -> None:
    browser = signed_in(shared_house, "analyst")
    siren = shared_house.first(level="high")["siren"]
    assert browser.get(f"/structures/{siren}").status_code == 404
    found = re.search(r'href="(/structures/P-[^"]+)"', browser.get("/").text)
    assert found
    page = browser.get(found[1]).text
    assert "identité masquée" in page
    assert "Conseil des Brumes" not in page
    assert "Commune" not in page


def test_hostile_texts_stay_texts(tmp_path: Path, frames_factory: Callable[..., Frames]) -> None:
    from serving.app import create_app
    from serving.settings import ServingSettings
    from tests.serving.conftest import House

    attack = "<script>alert(1)</script>\" onload='x' {{ 7*7 }}"
    frames = frames_factory(30)
    text = pl.lit(attack)
    frames.scores = frames.scores.with_columns(name=text, sector_label=text, naf=text)
    frames.reasons = frames.reasons.with_columns(label=text, sentence=text)
    frames.history = frames.history.with_columns(funder_name=text)
    frames.unknown = frames.unknown.with_columns(message=text)
    frames.manifest["model"]["name"] = attack
    publication = frames.write(tmp_path)
    app = create_app(ServingSettings(tmp_path))
    hostile = House(tmp_path, app, publication, frames)
    browser = signed_in(hostile, "national")
    scored = frames.scores.filter(pl.col("level") != "unknown")["siren"]
    addresses = ["/", "/?q=script", f"/structures/{scored[0]}", "/modele", f"/?q={attack}"]
    for address in addresses:
        page = browser.get(address)
        assert page.status_code == 200
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
        assert "<script" not in page.text
        assert "onload='" not in page.text
        assert "{{ 7*7 }}" in page.text
    hostile.state.close()


def test_the_trend_shows_every_observation_date(
    tmp_path: Path, frames_factory: Callable[..., Frames]
) -> None:
    from serving.app import create_app
    from serving.settings import ServingSettings
    from tests.serving.conftest import House

    frames_factory(40, as_of=date(2026, 3, 31), seed=2).write(tmp_path)
    frames = frames_factory(40)
    publication = frames.write(tmp_path)
    house = House(tmp_path, create_app(ServingSettings(tmp_path)), publication, frames)
    page = signed_in(house, "national").get(f"/structures/{house.first()['siren']}").text
    assert "Évolution du risque à 12 mois" in page
    assert "31\u00a0mars\u00a02026" in page
    house.state.close()
