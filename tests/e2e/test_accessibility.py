"""axe on every page, light and dark, wide and narrow: no violation at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from tests.e2e.conftest import Site, Visit

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1360, "height": 900}, {"width": 360, "height": 740}


def violations(visit: Visit) -> list[str]:
    # Folded parts are judged too.
    visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = Axe().run(visit.page).response["violations"]
    return [
        f"{v['id']}: {node['target']} {node['failureSummary']}"
        for v in found
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_pages_have_no_violation(
    site: Site,
    open_browser: Callable[..., Visit],
    scheme: Literal["light", "dark"],
    viewport: dict[str, int],
) -> None:
    visit = open_browser("nationale", color_scheme=scheme, viewport=viewport)
    levels = site.scores.group_by("level", maintain_order=True).first()
    structures = [f"/structures/{siren}" for siren in levels["siren"]]
    for path in ["/", "/?level=high&q=zzz", "/modele", "/aide", "/confidentialite", *structures]:
        visit.page.goto(path)
        assert violations(visit) == [], path


def test_refusals_and_sign_in_have_no_violation(
    site: Site, open_browser: Callable[..., Visit]
) -> None:
    visit = open_browser("regionale")
    other = site.scores.filter(pl.col("region") != "32")["siren"][0]
    for path in ("/nulle-part", f"/structures/{other}", "/?region=93"):
        visit.page.goto(path)
        assert violations(visit) == [], path
    visitor = open_browser()
    for path in ("/connexion", "/connexion/lien/deja-servi"):
        visitor.page.goto(path)
        assert violations(visitor) == [], path


def test_the_sorted_column_is_announced(open_browser: Callable[..., Visit]) -> None:
    page = open_browser("nationale").page
    risk = page.get_by_role("columnheader", name="Risque à 12 mois")
    assert risk.get_attribute("aria-sort") == "descending"
    risk.get_by_role("link").click()
    page.wait_for_url("**sort=p**")
    assert risk.get_attribute("aria-sort") == "ascending"
    rows = page.get_by_role("row").filter(has=page.get_by_role("rowheader"))
    assert rows.count() == 50
