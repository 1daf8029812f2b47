"""A person signs in and out by a provider, in a real Chromium: cookies, policy, redirections."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn

from serving.access.accounts import create_user
from serving.access.identity import set_email
from serving.app import create_app
from serving.settings import OidcSettings, ServingSettings
from tests.fictitious import write_fictitious
from tests.serving.oidc_people import EMAIL, free_port, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    write_fictitious(tmp_path, count=40)
    port = free_port()
    who = json.dumps({"sub": "sujet-1", "email": EMAIL, "email_verified": True})
    program = ["-m", "oidc_provider_mock", "--host", "127.0.0.1", "--port", str(port)]
    with (
        running([*program, "--user-claims", who], port) as issuer,
        socket.socket() as listener,
    ):
        listener.bind(("127.0.0.1", 0))
        here = f"http://127.0.0.1:{listener.getsockname()[1]}"
        oidc = OidcSettings(issuer, "client-fictif", "secret", here)
        app = create_app(ServingSettings(tmp_path, targets=("failure",), oidc=oidc))
        state = app.state.services.state
        create_user(state, "camille", name="Camille Fictive", role="national")
        set_email(state, "camille", EMAIL)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield here
        server.should_exit = True
        thread.join(timeout=20)


def test_in_and_out_by_the_provider(chromium: Browser, address: str) -> None:
    context = chromium.new_context(locale="fr-FR")
    context.set_default_timeout(15_000)
    page = context.new_page()
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))

    page.goto(f"{address}/aide")
    page.get_by_role("link", name="Se connecter avec ProConnect").click()
    page.get_by_role("button", name="sujet-1").click()
    page.wait_for_url(f"{address}/aide")
    assert page.get_by_text("Camille Fictive").is_visible()

    page.get_by_role("button", name="Se déconnecter").click()
    page.get_by_role("button", name="End session").click()
    page.wait_for_url(f"{address}/connexion")
    page.goto(f"{address}/aide")
    assert page.url.startswith(f"{address}/connexion")
    assert [text for text in console if "Content Security Policy" in text] == []

    page.go_back()
    page.goto(f"{address}/connexion/oidc/retour?state=forge&code=forge")
    assert page.get_by_text("oidc-bad-state").is_visible()
    context.close()
