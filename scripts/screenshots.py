"""Take the screenshots of the documentation: docs/images/*.png.

    make screenshots                              # a demonstration in a temporary folder
    make screenshots SHOTS="--structures 20000"   # the same, larger
    make screenshots SHOTS="--link LINK"          # an open server; LINK from `veille users link`

The one-time link signs the browser in. A server whose data are not synthetic is refused: no real
name goes into a picture.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.error import URLError
from urllib.parse import urljoin
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
VEILLE = Path(sys.executable).with_name("veille")
WIDE: ViewportSize = {"width": 1360, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 740}
READY_WITHIN_S = 60


def main() -> int:
    """Take every picture; return 1 when the server has real data."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--link", help="lien de connexion à usage unique d'un service déjà ouvert")
    parser.add_argument("--structures", type=int, default=3000, help="taille de la démonstration")
    parser.add_argument("--output", type=Path, default=IMAGES)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.link:
        return _shoot(arguments.link, arguments.output)
    with _demonstration(arguments.structures) as link:
        return _shoot(link, arguments.output)


@contextmanager
def _demonstration(structures: int) -> Iterator[str]:
    """Make and serve a demonstration in a temporary folder; yield a link that signs in."""
    with tempfile.TemporaryDirectory(prefix="veille-") as folder:
        veille, home = str(VEILLE), ("--home", folder)
        size = ("--structures", str(structures))
        subprocess.run(
            [veille, "demo", "--no-serve", *size, *home], check=True, stdout=subprocess.DEVNULL
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        server = subprocess.Popen(
            [veille, "serve", "--port", port, *home], stdout=subprocess.DEVNULL
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health/ready", server)
            asked = [veille, "users", "link", "demo", "--port", port, *home]
            yield subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        finally:
            server.terminate()
            server.wait()


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server is ready; fail when it stopped or takes too long."""
    deadline = time.monotonic() + READY_WITHIN_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(address):  # noqa: S310 (our own address)
                return
        except URLError:
            time.sleep(0.2)
    sys.exit("Le service de la démonstration ne répond pas.")


def _shoot(link: str, output: Path) -> int:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("VEILLE_CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        try:
            return _take(browser, link, output)
        finally:
            browser.close()


def _take(browser: Browser, link: str, output: Path) -> int:
    signed = browser.new_context(viewport=WIDE, locale="fr-FR")
    page = signed.new_page()
    page.goto(link)
    accept = page.get_by_role("button", name="J’ai lu et j’accepte")
    if accept.count():
        accept.click()
    home = urljoin(link, "/")
    page.goto(home)
    if not page.get_by_text("Données synthétiques.").count():
        sys.stderr.write("Ce serveur n'annonce pas de données synthétiques : aucune image.\n")
        return 1
    structure = urljoin(link, _first_structure(page))
    state = signed.storage_state()
    pictures: tuple[tuple[str, Literal["light", "dark"], ViewportSize, str], ...] = (
        ("liste", "light", WIDE, home),
        ("liste-sombre", "dark", WIDE, home),
        ("liste-mobile", "light", NARROW, home),
        ("structure", "light", WIDE, structure),
        ("structure-raisons", "light", WIDE, f"{structure}#raisons"),
        ("modele", "light", WIDE, urljoin(link, "/modele")),
    )
    for name, scheme, viewport, address in pictures:
        context = browser.new_context(
            viewport=viewport,
            color_scheme=scheme,
            storage_state=state,
            locale="fr-FR",
        )
        shot = context.new_page()
        shot.goto(address)
        shot.screenshot(path=output / f"{name}.png")
        context.close()
    return 0


def _first_structure(page: Page) -> str:
    """Return the address of a structure of the middle of the first page."""
    links = page.locator("tbody th a")
    return links.nth(min(4, links.count() - 1)).get_attribute("href") or "/"


if __name__ == "__main__":
    sys.exit(main())
