"""A whole sign-in and sign-out with a provider that others wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from serving.access.accounts import find_user
from serving.access.web_session import LOCAL_COOKIE
from serving.settings import OidcSettings
from tests.serving.conftest import House
from tests.serving.oidc_people import EMAIL, HOST, Person, free_port, oidc_house, running


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    port = free_port()
    who = json.dumps({"sub": "sujet-1", "email": EMAIL, "email_verified": True})
    program = ["-m", "oidc_provider_mock", "--host", "127.0.0.1", "--port", str(port)]
    with running([*program, "--require-nonce", "--user-claims", who], port) as issuer:
        made = oidc_house(tmp_path, OidcSettings(issuer, "client-fictif", "secret", HOST))
        yield made
        made.state.close()


def test_a_whole_sign_in_and_sign_out(house: House) -> None:
    person = Person(house)
    approved = httpx.post(person.leave("/aide"), data={"sub": "sujet-1"})
    answer = person.come_back(approved.headers["location"])
    assert answer.headers["location"] == "/aide"
    assert find_user(house.state, "camille").linked

    page = person.get("/aide")
    token = page.text.split('name="csrf" value="')[1].split('"')[0]
    closed = person.request("POST", "/deconnexion", data={"csrf": token})
    assert LOCAL_COOKIE not in person.cookies
    address = closed.headers["refresh"].removeprefix("0; url=")
    asked = httpx.get(address)
    assert "not set" not in asked.text  # the hint was given
    action = re.search(r'<form method="post" action="([^"]+)"', asked.text)
    back = re.search(r'name="redirect_uri" value="([^"]+)"', asked.text)
    assert action
    assert back
    host = urlsplit(address)
    done = httpx.post(
        f"{host.scheme}://{host.netloc}{action[1]}", data={"redirect_uri": unescape(back[1])}
    )
    assert person.come_back(done.headers["location"]).headers["location"] == "/connexion"
    assert person.get("/aide").status_code == 303


def test_a_refusal_at_the_provider(house: House) -> None:
    person = Person(house)
    denied = httpx.post(person.leave(), data={"action": "deny"})
    location = denied.headers["location"]
    assert parse_qs(urlsplit(location).query)["error"] == ["access_denied"]
    # This provider forgets the state, that the standard asks for: the answer is to no request.
    answer = person.come_back(location)
    assert (answer.status_code, "oidc-bad-state" in answer.text) == (400, True)
