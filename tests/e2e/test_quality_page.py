"""The quality report in a real browser: accessible, whole, without any outside request."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from data.quality import report
from tests.data.test_identity import World
from tests.data.test_quality import year
from veille.quality_page import write_page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_is_accessible(chromium: Browser, tmp_path: Path, scheme: str) -> None:
    world = World(tmp_path)
    world.bring("grants", *year(2018, 1000), *year(2019, 10_000))
    world.name({"beneficiary_name": "Club inventé", "departement": "44"})
    path = tmp_path / "rapport.html"
    write_page(report(world.lake), path, synthetic=True)
    page = chromium.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert Axe().run(page).violations_count == 0
    assert page.locator("h2").count() == 7
    assert asked == [path.as_uri()]
    page.close()
