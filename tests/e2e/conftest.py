"""A real server on a made-up publication, and a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from serving.access.accounts import create_login_link, create_user
from serving.publication import Publication
from serving.settings import ServingSettings
from serving.state import State
from tests.fictitious import write_fictitious


@dataclass
class Site:
    """The running server."""

    url: str
    state: State
    home: Path

    def link(self, login: str) -> str:
        """Return a one-time link that signs this account in."""
        return create_login_link(self.state, login, base_url=self.url)

    @property
    def scores(self) -> pl.DataFrame:
        """The scores that are served, in the order of the list."""
        return Publication.load(self.home, "failure").frame


@dataclass
class Visit:
    """A page and what it must never do."""

    page: Page
    console: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def watch(self, origin: str) -> None:
        """Note every console message and every request that leaves the server."""

        def note(request: Request) -> None:
            if not request.url.startswith((origin, "data:")):
                self.elsewhere.append(request.url)

        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.on("request", note)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    from serving.app import create_app

    home = tmp_path_factory.mktemp("site")
    write_fictitious(home, count=300)
    app = create_app(ServingSettings(home, targets=("failure",)))
    state: State = app.state.services.state
    create_user(state, "nationale", name="Camille Fictive", role="national")
    create_user(state, "clavier", name="Sacha Inventé", role="national")
    create_user(state, "regionale", name="Dominique Inventée", role="regional", regions=["32"])
    create_user(state, "analyste", name="Alix Imaginaire", role="analyst")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_level="error", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield Site(f"http://127.0.0.1:{port}", state, home)
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("VEILLE_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: install it, or set VEILLE_CHROMIUM to its path")
    with sync_playwright() as playwright:
        # Root, as in a container, has no sandbox of its own to give.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_browser(chromium: Browser, site: Site) -> Iterator[Callable[..., Visit]]:
    """Give `open_browser(login=None, **context options) -> Visit`, signed in by link if asked."""
    contexts: list[BrowserContext] = []

    def open_visit(login: str | None = None, **options: object) -> Visit:
        context = chromium.new_context(base_url=site.url, locale="fr-FR", **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        contexts.append(context)
        visit = Visit(context.new_page())
        visit.watch(site.url)
        if login:
            visit.page.goto(site.link(login))
            if "/confidentialite" in visit.page.url:
                visit.page.get_by_role("button", name="J’ai lu et j’accepte").click()
            visit.page.wait_for_url(site.url + "/")
        return visit

    yield open_visit
    for context in contexts:
        context.close()
