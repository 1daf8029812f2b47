"""Every address, every reader: each cell of the table runs on the real application."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import polars as pl
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import update

from serving.access.accounts import create_login_link, create_user
from serving.access.keys import list_keys, revoke_key
from serving.access.matrix import LINES
from serving.access.principal import Role, Scope
from serving.access.pseudonym import pseudonym
from serving.access.readers import SCOPES, Line, Reader
from serving.api import router as api
from serving.api.description import describe_api
from serving.app import create_app
from serving.settings import ServingSettings
from serving.state.models import ApiKey
from tests.serving.conftest import Browser, House, make_frames, siren
from tests.serving.web_people import principal_of, signed_in

#: number of the structure whose place is not known; of one that is not published
UNPLACED, ABSENT = 7, 999
ROLES = {
    Reader.NATIONAL: ("national", {}),
    Reader.REGIONAL: ("regional", {"regions": ("32",)}),
    Reader.DEPARTMENTAL: ("departmental", {"departements": ("59", "62")}),
    Reader.ANALYST: ("analyst", {}),
    Reader.ADMIN: ("admin", {}),
}


@pytest.fixture(scope="module")
def placed_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("house")
    frames = make_frames()
    lost = pl.col("siren") == siren(UNPLACED)
    frames.scores = frames.scores.with_columns(
        pl.when(~lost).then(pl.col(name)).alias(name)
        for name in ("region", "departement", "commune")
    )
    publication = frames.write(home, live=True)
    app = create_app(ServingSettings(home))
    app.state.services.publications.current("failure").get()
    yield House(home, app, publication, frames)
    app.state.services.state.close()


def browser_of(house: House, reader: Reader) -> Browser:
    if reader in ROLES:
        role, territory = ROLES[reader]
        return signed_in(house, role, **territory)
    if reader is Reader.ANONYMOUS:
        return house.anonymous()
    territory = {"regions": ("32",)} if reader is Reader.SCORES_REGIONAL else {}
    browser = house.tool(*SCOPES[reader], **territory)
    prefix = browser.headers["Authorization"].split("_")[1]
    if reader is Reader.REVOKED:
        revoke_key(house.state, prefix)
    if reader is Reader.EXPIRED:
        with house.state.write() as session:
            mine = update(ApiKey).where(ApiKey.prefix == prefix)
            session.execute(mine.values(expires_at=datetime.now(UTC)))
    return browser


def ask(house: House, line: Line, reader: Reader) -> httpx.Response:
    browser = browser_of(house, reader)
    inside = str(house.first(departement="59")["siren"])
    link = ""
    if "{link}" in line.fill.values():
        login = f"lien.{len(list_keys(house.state))}.{reader.name.lower()}"
        create_user(house.state, login, name="Personne fictive", role="national")
        link = create_login_link(house.state, login).rsplit("/", 1)[1]
    blanks = {
        "inside": inside,
        "outside": str(house.first(departement="13")["siren"]),
        "unplaced": siren(UNPLACED),
        "absent": siren(ABSENT),
        "pseudonym": pseudonym(inside, house.state.secret),
        "csrf": principal_of(house, browser).csrf if reader in ROLES else "",
        "link": link,
    }
    taken = {"national": 2, "clé cellule": 8}  # a case is open once: each opener has its structure
    blanks |= {"key": secrets.token_hex(8), "other": siren(taken.get(reader.value, 14))}
    filled = {name: value.format(**blanks) for name, value in line.fill.items()}
    url = line.path.format(**filled) + (f"?{quote(line.query, safe='=&')}" if line.query else "")
    form = {name: value.format(**blanks) for name, value in line.form.items()}
    data = form if line.method == "POST" and not line.body else None
    headers = {name: value.format(**blanks) for name, value in line.headers.items()}
    body = re.sub("<([a-z]+)>", lambda blank: blanks[blank[1]], line.body)
    return browser.request(line.method, url, headers=headers, data=data, json=body)


def code_of(response: httpx.Response) -> str:
    if response.headers["content-type"].startswith("application/problem+json"):
        return str(response.json()["code"])
    found = re.search(r'Code&nbsp;: <span class="code">([a-z-]+)</span>', response.text)
    return found.group(1) if found else ""


@pytest.mark.parametrize("reader", Reader)
@pytest.mark.parametrize(
    "line", LINES, ids=[f"{x.method} {x.path} {x.case}".replace("/", ":") for x in LINES]
)
def test_each_cell(placed_house: House, line: Line, reader: Reader) -> None:
    status, _, more = line.answers[reader].partition(" ")
    response = ask(placed_house, line, reader)
    assert response.status_code == int(status), response.text[:300]
    if status == "303":
        location = response.headers["location"]
        assert location == more or (more != "/" and location.startswith(more)), location
    elif more and not line.path.startswith("/connexion"):
        assert code_of(response) == more


def test_every_address_of_the_application_has_its_line(placed_house: House) -> None:
    known = {(line.method, line.path) for line in LINES}
    served = {
        (method, route.path)
        for route in iter_route_contexts(placed_house.app.routes)
        for method in route.methods or ()
    }
    assert served - known == set(), "an address has no line in serving/access/matrix.py"
    assert known - served == set(), "a line of serving/access/matrix.py has no address"


def test_every_described_address_has_its_line() -> None:
    known = {(line.method, line.path) for line in LINES}
    described = {
        (method.upper(), path)
        for path, item in describe_api(api.routes)["paths"].items()
        for method in item
    }
    assert described
    assert described - known == set()


def test_every_role_and_scope_has_its_reader() -> None:
    assert {role for role, _ in ROLES.values()} | {"tool"} == set(Role)
    assert {scope for scopes in SCOPES.values() for scope in scopes} == set(Scope)


def test_every_line_answers_every_reader() -> None:
    for line in LINES:
        assert set(line.answers) == set(Reader), line


def pattern_of(line: Line) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(line.path)))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_another_method_is_refused_with_those_that_exist(placed_house: House, method: str) -> None:
    browser = placed_house.anonymous()
    for line in LINES:
        url = line.path.replace("{siren}", siren(1)).replace("{code}", siren(1))
        matching = [other for other in LINES if pattern_of(other).fullmatch(url)]
        # /alerts/csv is not one of the /alerts/{alert_id}.
        exact = [other for other in matching if other.path == url]
        exist = sorted({other.method for other in exact or matching})
        if method in {other.method for other in matching}:
            continue
        answer = browser.request(method, url)
        assert answer.status_code == 405, url
        assert answer.headers["allow"].split(", ") == exist, url
        if line.path.startswith(("/api", "/health", "/metrics")):
            assert answer.json()["code"] == "method-not-allowed"
