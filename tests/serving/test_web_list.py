"""The page of the list: address, form, rows, territory, what is logged."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from starlette.datastructures import QueryParams

from serving.publication import Publication
from serving.state.models import AuditEntry
from serving.web import list_form
from tests.serving.exported import csv_values, parquet_values, sheet, whole_list
from tests.serving.web_people import signed_in

if TYPE_CHECKING:
    from tests.serving.conftest import House


def ask(house: House, query: str) -> list_form.Asked:
    publication = Publication.load(house.home, "failure")
    return list_form.read(QueryParams(query), publication, default_target="failure")


def names(page: str) -> list[str]:
    return re.findall(r'<a href="/structures/[^"]+">([^<]+)</a>', page)


def test_a_visitor_is_sent_to_sign_in_and_comes_back(shared_house: House) -> None:
    answer = shared_house.anonymous().get("/?level=high")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/connexion?suite=%2F%3Flevel%3Dhigh"


def test_the_notice_comes_before_the_first_list(shared_house: House) -> None:
    answer = shared_house.person("national").get("/")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/confidentialite?suite=%2F"


def test_the_list_says_what_it_shows(shared_house: House) -> None:
    page = signed_in(shared_house, "national").get("/").text
    assert "Données synthétiques" in page
    assert "30\u00a0juin\u00a02026" in page
    assert "fictif v3" in page
    assert "Structures 1 à 50 sur 120" in page
    assert len(names(page)) == 50


def test_rows_follow_the_rank(shared_house: House) -> None:
    page = signed_in(shared_house, "national").get("/").text
    expected = shared_house.frames.scores.sort("rank")["name"][:50].to_list()
    assert [n.replace("&#39;", "'") for n in names(page)] == expected


def test_filters_add_up(shared_house: House) -> None:
    page = signed_in(shared_house, "national").get("/?region=32&level=high&ess_family=cooperative")
    kept = shared_house.frames.scores.filter(region="32", level="high", ess_family="cooperative")
    assert sorted(n.replace("&#39;", "'") for n in names(page.text)) == sorted(kept["name"])


def test_pages_follow_each_other_without_loss(shared_house: House) -> None:
    browser = signed_in(shared_house, "national")
    address, seen = "/", list[str]()
    while address:
        page = browser.get(address).text
        seen += names(page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        address = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 120


def test_an_empty_list_helps(shared_house: House) -> None:
    page = signed_in(shared_house, "national").get("/?q=introuvable&min_employees=250").text
    assert "Aucune structure ne répond à tous ces critères." in page
    assert "effacez-les tous" in page
    assert "dont l’effectif n’est pas connu" in page


def test_the_departements_follow_the_region(shared_house: House) -> None:
    page = signed_in(shared_house, "national").get("/?region=93").text
    field = page[page.index('id="f-departement"') :]
    options = re.findall(r'<option value="([^"]*)"', field[: field.index("</select>")])
    assert options == ["", "06", "13"]


def test_a_departement_left_from_another_region_is_dropped(shared_house: House) -> None:
    asked = ask(shared_house, "region=93&departement=59")
    assert asked.departement == ""
    (note,) = asked.notes
    assert note.startswith("Nord (59) n’est pas en Provence-Alpes-Côte d'Azur")


@pytest.mark.parametrize("size", ["douze", "1e9", "-3", "²", "9" * 40])
def test_a_size_that_is_no_number_is_said(shared_house: House, size: str) -> None:
    asked = ask(shared_house, f"min_employees={size}")
    assert asked.min_employees is None
    assert "nombre entier" in asked.notes[0]


def test_an_unknown_horizon_is_said(shared_house: House) -> None:
    asked = ask(shared_house, "horizon=7")
    assert asked.horizon is None
    assert "7 mois n’est pas publié" in asked.notes[0]


def test_addresses_keep_every_filter_but_the_one_removed(shared_house: House) -> None:
    asked = ask(shared_house, "level=high&level=low&region=32&departement=59&q=a+b")
    assert asked.without("level", "low") == "/?level=high&region=32&departement=59&q=a+b"
    assert asked.without("region") == "/?level=high&level=low&q=a+b"


def test_sort_links_turn_round(shared_house: House) -> None:
    browser = signed_in(shared_house, "national")
    assert 'aria-sort="descending"><a class="sort" href="/?sort=p"' in browser.get("/").text
    page = browser.get("/?sort=name").text
    assert 'class="col-name" aria-sort="ascending"><a class="sort" href="/?sort=-name"' in page


def test_a_reader_sees_his_territory_only(shared_house: House) -> None:
    browser = signed_in(shared_house, "regional", regions=("53",))
    inside = shared_house.frames.scores.filter(region="53")
    page = browser.get("/").text
    assert sorted(n.replace("&#39;", "'") for n in names(page)) == sorted(inside["name"])
    field = page[page.index('id="f-region"') : page.index('id="f-departement"')]
    assert re.findall(r'<option value="([^"]*)"', field) == ["", "53"]


@pytest.mark.parametrize("query", ["region=32", "departement=59", "region=32&departement=62"])
def test_another_territory_is_refused_not_empty(shared_house: House, query: str) -> None:
    answer = signed_in(shared_house, "regional", regions=("53",)).get(f"/?{query}")
    assert answer.status_code == 403
    assert "Ce territoire n’est pas le vôtre." in answer.text


def test_a_departmental_reader_may_name_his_region(shared_house: House) -> None:
    browser = signed_in(shared_house, "departmental", departements=("59",))
    answer = browser.get("/?region=32")
    assert answer.status_code == 200
    assert len(names(answer.text)) == 20


def test_an_analyst_sees_no_name(shared_house: House) -> None:
    browser = signed_in(shared_house, "analyst")
    page = browser.get("/").text
    assert all(re.fullmatch(r"P-[0-9A-Z]{6}", shown) for shown in names(page))
    for hidden in (*shared_house.frames.scores["siren"], "Éclaireurs", 'name="q"'):
        assert hidden not in page
    assert browser.get("/?q=nuage").status_code == 403


def test_an_administrator_has_no_list(shared_house: House) -> None:
    answer = signed_in(shared_house, "admin").get("/")
    assert answer.status_code == 403
    assert "role-has-no-lists" in answer.text


def test_every_list_is_logged(house: House) -> None:
    signed_in(house, "national").get("/?level=high")
    with house.state.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "list.view")).one()
    subject = json.loads(entry.subject)
    high = house.frames.scores.filter(level="high").sort("rank")
    assert subject["sirens"] == high["siren"][:50].to_list()
    assert subject["filters"] == {"level": "high"}
    assert entry.publication_id == house.publication


def test_the_export_keeps_the_filters(shared_house: House) -> None:
    browser = signed_in(shared_house, "national")
    query = "horizon=18&level=high&level=moderate&region=32&min_employees=2&q=des&sort=-name"
    page = browser.get(f"/?{query}").text
    links = [html.unescape(link) for link in re.findall(r'href="(/api/v1/exports/[^"]+)"', page)]
    assert [link.split("?")[0].rsplit(".")[-1] for link in links] == ["csv", "xlsx", "parquet"]
    wanted = whole_list(browser, query)
    assert wanted
    assert csv_values(browser.get(links[0]).content) == wanted
    assert parquet_values(browser.get(links[2]).content) == wanted
    assert len(sheet(browser.get(links[1]).content, "Structures")) == len(wanted) + 1


def test_nothing_to_export_shows_no_button(shared_house: House) -> None:
    page = signed_in(shared_house, "national").get("/?q=personne+ne+porte+ce+nom").text
    assert "/api/v1/exports/" not in page
