"""Take the screenshots of the README from a server on synthetic data: docs/images/*.png.

    veille demo --no-serve && veille serve &
    veille users link LOGIN
    python scripts/screenshots.py http://127.0.0.1:8000/connexion/lien/...

The one-time link signs the browser in. A server whose data are not synthetic is refused: no real
name goes into a picture.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDE: ViewportSize = {"width": 1360, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 740}


def main() -> int:
    """Take every picture; return 1 when the server has real data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("link", help="lien de connexion à usage unique")
    parser.add_argument("--output", type=Path, default=IMAGES)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("VEILLE_CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        try:
            return _take(browser, arguments.link, arguments.output)
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
    for name, scheme, viewport, address in (
        ("liste", "light", WIDE, home),
        ("liste-sombre", "dark", WIDE, home),
        ("liste-mobile", "light", NARROW, home),
        ("structure", "light", WIDE, structure),
        ("structure-raisons", "light", WIDE, f"{structure}#raisons"),
        ("modele", "light", WIDE, urljoin(link, "/modele")),
    ):
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
