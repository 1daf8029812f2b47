"""Every source is complete: recognised, documented, tested, damaged on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.sources import SOURCES

ROOT = Path(__file__).resolve().parents[2]
#: what a page of a source must say, in one of these words
SAID = {
    "who holds it and how to get it": ("obtenir", "tient", "ublié", "data.gouv", "accès", "Accès"),
    "the day a row counts as known": ("known_on", "connu", "connaissance", "Connu", "Jour"),
    "its rejects": ("rejet", "Rejet"),
    "its licence": ("icence", "confidentiel", "secret"),
    "what it was tried on": ("vérifié", "Vérifié", "éprouvé", "tests/data/", "Essais"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_has_its_sample_and_its_test(name: str) -> None:
    assert (ROOT / "tests/data/samples" / f"{name}.py").is_file()
    assert list((ROOT / "tests/data").glob(f"test_{name}*.py"))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("what", SAID)
def test_a_page_says_all_that_matters(name: str, what: str) -> None:
    page = (ROOT / "docs/sources" / f"{name}.md").read_text("utf-8")
    assert any(word in page for word in SAID[what]), f"docs/sources/{name}.md: {what}"


def test_titles_and_names_are_told_apart() -> None:
    titles = [source.title for source in SOURCES.values()]
    assert len(set(titles)) == len(titles)
    assert all(name.isidentifier() and name == source.name for name, source in SOURCES.items())
