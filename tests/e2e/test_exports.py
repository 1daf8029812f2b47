"""The export of the list, in a real browser: kept filters, a real file, never from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.serving.exported import csv_rows, sheet

if TYPE_CHECKING:
    from tests.e2e.conftest import Site, Visit

pytestmark = pytest.mark.browser


def test_a_member_exports_what_is_shown(site: Site, open_browser: Callable[..., Visit]) -> None:
    visit = open_browser("nationale", java_script_enabled=False)
    page = visit.page
    page.goto("/?level=high&sort=name")
    kept = site.scores.filter(level="high")["siren"].to_list()
    exports = page.get_by_role("navigation", name="Exporter la liste")
    expect(exports).to_contain_text(re.compile(rf"Exporter les {len(kept)}\sstructures"))
    contents = {}
    for name in ("Exporter en CSV", "Exporter en Excel (XLSX)"):
        with page.expect_download() as started:
            exports.get_by_role("link", name=name).click()
        assert "donnees-fictives" in started.value.suggested_filename
        contents[name] = Path(started.value.path()).read_bytes()
    rows = csv_rows(contents["Exporter en CSV"])
    assert sorted(row["siren"] for row in rows) == sorted(kept)
    assert {row["exported_by"] for row in rows} == {"Camille Fictive (nationale)"}
    cells = sheet(contents["Exporter en Excel (XLSX)"], "Structures")
    assert [row[1] for row in cells[1:]] == [row["siren"] for row in rows]
    assert visit.console == []
    assert visit.elsewhere == []


def test_a_link_on_another_site_gives_nothing(
    site: Site, open_browser: Callable[..., Visit]
) -> None:
    page = open_browser("nationale").page
    # Another site for the browser: another host name, same machine.
    elsewhere = site.url.replace("127.0.0.1", "localhost")
    page.goto(f"{elsewhere}/connexion")
    page.evaluate(
        """address => {
            const link = document.createElement("a");
            link.href = address; link.textContent = "cadeau";
            document.body.append(link);
        }""",
        f"{site.url}/api/v1/exports/structures.csv",
    )
    with page.expect_response("**/exports/structures.csv") as answered:
        page.get_by_role("link", name="cadeau").click()
    assert answered.value.status == 403
    assert answered.value.json()["code"] == "cross-site"
