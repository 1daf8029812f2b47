"""Sign-in, notice, model, help, errors, static files, components."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from features.catalogue import INDICATORS
from serving.access.accounts import create_login_link, create_user
from serving.access.web_session import LOCAL_COOKIE
from serving.publication import PublicationError
from serving.web.templating import FOLDER, STATIC

if TYPE_CHECKING:
    import httpx

    from tests.serving.conftest import Browser, House

PASSWORD = "phrase de passe inventée"


@pytest.fixture
def account(house: House) -> str:
    create_user(house.state, "camille", name="Camille", role="national", password=PASSWORD)
    return "camille"


def sign_in(browser: Browser, login: str, password: str, suite: str = "/") -> httpx.Response:
    form = browser.get("/connexion")
    token = re.search(r'name="csrf" value="([^"]+)"', form.text)
    assert token
    cookie = f"veille_connexion={form.cookies['veille_connexion']}"
    data = {"login": login, "password": password, "csrf": token[1], "suite": suite}
    return browser.request("POST", "/connexion", headers={"Cookie": cookie}, data=data)


def test_a_password_opens_a_session(house: House, account: str) -> None:
    answer = sign_in(house.anonymous(), account, PASSWORD, suite="/?level=high")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?level=high"
    assert LOCAL_COOKIE in answer.cookies


def test_a_wrong_password_says_so_and_keeps_the_login(house: House, account: str) -> None:
    answer = sign_in(house.anonymous(), account, "autre phrase inventée")
    assert answer.status_code == 401
    assert "Identifiant ou mot de passe refusé." in answer.text
    assert 'value="camille"' in answer.text
    assert LOCAL_COOKIE not in answer.cookies


def test_the_sign_in_form_of_another_site_is_refused(house: House, account: str) -> None:
    form = {"login": account, "password": PASSWORD, "csrf": "xé" * 20}
    for cookies in ({}, {"Cookie": "veille_connexion="}, {"Cookie": "veille_connexion=choisi"}):
        answer = house.anonymous().request("POST", "/connexion", headers=cookies, data=form)
        assert answer.status_code == 403
        assert LOCAL_COOKIE not in answer.cookies


@pytest.mark.parametrize(
    "suite", ["https://ailleurs.invalid/", "//ailleurs.invalid", "/\\ailleurs.invalid", "x", "/\n/"]
)
def test_sign_in_never_leads_elsewhere(house: House, account: str, suite: str) -> None:
    answer = sign_in(house.anonymous(), account, PASSWORD, suite=suite)
    assert answer.headers["location"] == "/"


def test_too_many_attempts_wait(house: House, account: str) -> None:
    for _ in range(6):
        answer = sign_in(house.anonymous(), account, "essai au hasard inventé")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "suspendu un moment" in answer.text


def test_a_link_signs_in_once_then_the_notice_is_asked(house: House, account: str) -> None:
    address = create_login_link(house.state, account, base_url="")
    browser = house.anonymous()
    answer = browser.get(address)
    assert answer.status_code == 303
    cookie = {"Cookie": f"{LOCAL_COOKIE}={answer.cookies[LOCAL_COOKIE]}"}
    assert browser.get(address).status_code == 401

    notice = browser.get("/confidentialite?suite=/aide", headers=cookie)
    token = re.findall(r'name="csrf" value="([^"]+)"', notice.text)[-1]
    data = {"csrf": token, "suite": "/aide"}
    accepted = browser.request("POST", "/confidentialite", headers=cookie, data=data)
    assert accepted.headers["location"] == "/aide"
    assert browser.get("/", headers=cookie).status_code == 200

    out = browser.request("POST", "/deconnexion", headers=cookie, data={"csrf": token})
    assert out.headers["location"] == "/connexion"
    assert browser.get("/", headers=cookie).headers["location"] == "/connexion"


def test_sign_out_needs_its_own_form(house: House, account: str) -> None:
    browser = house.anonymous()
    answer = browser.get(create_login_link(house.state, account, base_url=""))
    cookie = {"Cookie": f"{LOCAL_COOKIE}={answer.cookies[LOCAL_COOKIE]}"}
    assert browser.request("POST", "/deconnexion", headers=cookie).status_code == 403
    assert browser.get("/aide", headers=cookie).status_code == 200


def test_the_model_page_lists_every_indicator(shared_house: House) -> None:
    page = shared_house.person("national").get("/modele").text
    for indicator in INDICATORS.values():
        label = indicator.label.replace("&", "&amp;").replace("'", "&#39;")
        assert label in page, indicator.name
    assert "de 10,0\u00a0% à 20,0\u00a0%" in page


def test_help_and_unknown_pages_are_in_french(shared_house: House) -> None:
    browser = shared_house.person("national")
    assert "Lire la liste" in browser.get("/aide").text
    missing = browser.get("/nulle-part")
    assert missing.status_code == 404
    assert "Page introuvable" in missing.text


def test_without_publication_the_page_says_what_to_do(shared_house: House) -> None:
    answer = shared_house.person("national").get("/modele?target=funding_loss")
    assert answer.status_code == PublicationError.status
    assert "no-publication" in answer.text


def test_static_files_are_closed_and_cached(shared_house: House) -> None:
    browser = shared_house.anonymous()
    for path in STATIC.iterdir():
        answer = browser.get(f"/static/{path.name}")
        assert answer.content == path.read_bytes()
        assert "immutable" in answer.headers["Cache-Control"]
    for name in ("router.py", "..%2Frouter.py", "%2e%2e/router.py"):
        assert browser.get(f"/static/{name}").status_code in {303, 404}


def test_pages_may_load_nothing_from_elsewhere(shared_house: House) -> None:
    answer = shared_house.person("national").get("/aide")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_templates_have_no_script_and_no_inline_style() -> None:
    for path in (FOLDER / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script|\sstyle=|\son\w+=|https?://", text), path.name


def test_components_are_the_only_place_of_their_markup() -> None:
    # The look can be replaced in templates/components without touching a page.
    for path in (FOLDER / "templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<(?:svg|button|input(?! type=\"hidden\")|select|textarea)\b", text)
