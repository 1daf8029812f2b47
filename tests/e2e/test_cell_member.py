"""The path of a member of the cell, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import polars as pl
import pytest
from playwright.sync_api import expect

from tests.fictitious import HOSTILE_NAME

if TYPE_CHECKING:
    from tests.e2e.conftest import Site, Visit

pytestmark = pytest.mark.browser


def test_sign_in_filter_open_and_read(site: Site, open_browser: Callable[..., Visit]) -> None:
    visit = open_browser("nationale")
    page = visit.page
    expect(page.get_by_role("heading", level=1)).to_contain_text("Risque de défaillance")
    expect(page.get_by_role("heading", name="300 structures")).to_be_visible()
    expect(page.get_by_text("Données synthétiques.")).to_be_visible()

    region = site.scores.filter(level="high")["region"][0]
    page.get_by_label("Région").select_option(region)
    page.get_by_label("Élevé", exact=True).check()
    page.get_by_role("button", name="Filtrer").click()

    kept = site.scores.filter(level="high", region=region)
    expect(page.locator("#resultats")).to_have_text(re.compile(rf"^{kept.height}\sstructures?$"))
    rows = page.get_by_role("row").filter(has=page.get_by_role("rowheader"))
    expect(rows).to_have_count(kept.height)
    for row in rows.all():
        expect(row.get_by_text("Élevé", exact=True)).to_be_visible()

    first = kept.row(0, named=True)
    page.get_by_role("link", name=first["name"], exact=True).click()
    expect(page).to_have_url(re.compile(rf"/structures/{first['siren']}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(first["name"])
    expect(page.get_by_role("heading", name="Ce qui augmente le risque")).to_be_visible()
    expect(page.get_by_text("Avant de regarder la structure, le modèle part de")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Point de départ")).to_be_visible()
    last = page.locator(".waterfall tr").last
    expect(last).to_contain_text("Risque estimé")
    expect(last).to_contain_text(f"{100 * first['p_12m']:.1f}".replace(".", ","))
    expect(page.get_by_role("heading", name="Ce que l’on ne sait pas")).to_be_visible()
    expect(page.get_by_role("heading", name="Financements publics connus")).to_be_visible()
    expect(page.get_by_text("Estimation statistique, pas un constat.")).to_be_visible()
    assert visit.console == []
    assert visit.elsewhere == []


def test_the_link_serves_once(site: Site, open_browser: Callable[..., Visit]) -> None:
    link = site.link("nationale")
    first, second = open_browser(), open_browser()
    first.page.goto(link)
    second.page.goto(link)
    expect(second.page.get_by_role("alert")).to_contain_text("n'est plus valable")
    expect(second.page.get_by_label("Identifiant")).to_be_visible()


def test_chips_remove_one_filter(site: Site, open_browser: Callable[..., Visit]) -> None:
    page = open_browser("nationale").page
    page.goto("/?level=high&level=moderate&ess_family=association")
    page.get_by_role("link", name="Retirer le filtre Niveau : élevé").click()
    kept = site.scores.filter(level="moderate", ess_family="association")
    expect(page.locator("#resultats")).to_contain_text(str(kept.height))
    expect(page.get_by_label("Modéré", exact=True)).to_be_checked()
    expect(page.get_by_label("Élevé", exact=True)).not_to_be_checked()


def test_next_page_shows_the_following_ranks(open_browser: Callable[..., Visit]) -> None:
    page = open_browser("nationale").page
    page.get_by_role("link", name="Page suivante").click()
    expect(page.get_by_text("Structures 51 à 100 sur 300").first).to_be_visible()
    expect(page.locator("tbody .col-rank").first).to_contain_text("51")
    page.get_by_role("link", name="Première page").click()
    expect(page.locator("tbody .col-rank").first).to_contain_text("1")


def test_everything_works_without_javascript(
    site: Site, open_browser: Callable[..., Visit]
) -> None:
    page = open_browser("nationale", java_script_enabled=False).page
    page.get_by_label("Nom ou SIREN").fill("nuage")
    page.get_by_text("Plus de critères").click()
    page.get_by_label("Effectif minimum").select_option("10")
    page.get_by_role("button", name="Filtrer").click()
    kept = site.scores.filter(
        pl.col("name").str.to_lowercase().str.contains("nuage"), pl.col("employees") >= 10
    )
    expect(page.locator("#resultats")).to_have_text(re.compile(rf"^{kept.height}\sstructures?$"))
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Du point de départ au risque estimé")).to_be_visible()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()


def test_a_hostile_name_is_only_text(open_browser: Callable[..., Visit]) -> None:
    visit = open_browser("nationale")
    visit.page.goto("/?q=script")
    link = visit.page.get_by_role("link", name=HOSTILE_NAME, exact=True)
    expect(link).to_be_visible()
    link.click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(HOSTILE_NAME)
    assert visit.page.title() == f"{HOSTILE_NAME} – Veille ESS"
    assert visit.console == []


def test_outside_the_territory_a_reason_is_asked(
    site: Site, open_browser: Callable[..., Visit]
) -> None:
    page = open_browser("regionale").page
    expect(page.get_by_label("Région").get_by_role("option")).to_have_count(2)
    elsewhere = site.scores.filter(pl.col("region") != "32").row(0, named=True)

    answer = page.goto(f"/structures/{elsewhere['siren']}")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("main")).not_to_contain_text(elsewhere["name"])

    page.get_by_label("Motif de la consultation").fill("Dossier suivi avec la cellule voisine.")
    page.get_by_role("button", name="Ouvrir et journaliser").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(elsewhere["name"])
    expect(page.get_by_text("Dossier suivi avec la cellule voisine.")).to_be_visible()

    answer = page.goto(f"/?region={elsewhere['region']}")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("heading", level=1)).to_have_text("Accès refusé")


def test_keyboard_alone_reaches_a_structure(open_browser: Callable[..., Visit]) -> None:
    page = open_browser("clavier").page
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.evaluate("e => e.closest('main') !== null")
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(":focus").evaluate("e => e.matches('tbody a')"):
            break
    name = page.locator(":focus").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def test_the_page_of_a_phone_never_scrolls_sideways(open_browser: Callable[..., Visit]) -> None:
    page = open_browser("nationale", viewport={"width": 360, "height": 740}).page
    for path in ("/", "/modele", "/aide", "/?q=promotion"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.locator("tbody a").first.click()
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.get_by_role("rowheader", name="Risque estimé")).to_be_visible()


def test_the_print_opens_the_figures_and_drops_the_controls(
    open_browser: Callable[..., Visit],
) -> None:
    page = open_browser("nationale").page
    for link in page.locator("tbody a").all()[:3]:
        page.goto(link.get_attribute("href") or "")
        if page.get_by_text("Voir les montants en tableau").count():
            break
        page.go_back()
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Se déconnecter")).to_be_hidden()
    expect(page.get_by_role("navigation", name="Menu principal")).to_be_hidden()
    expect(page.locator(".data-table table")).to_be_visible()
