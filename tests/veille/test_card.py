"""`veille card` on a synthetic home: four files, what they hold, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.lake import Lake
from features.catalogue import INDICATORS
from tests.veille.conftest import Run


def test_the_card_of_a_champion(demo_home: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "fiches"
    words = ("card", "champion", "--target", "failure", "--home", demo_home, "--output", out)
    found = run(*words, "--json").json
    names = sorted(Path(path).name for path in found["files"])
    assert names == sorted(
        f"{found['model']}.{language}.{form}"
        for language in ("fr", "en")
        for form in ("html", "md")
    )
    assert sorted(path.name for path in out.iterdir()) == names
    text = (out / f"{found['model']}.fr.md").read_text("utf-8")
    assert text.startswith(f"# Fiche du modèle {found['model']} (données synthétiques)")
    assert f"Sources : {', '.join(sorted(Lake(demo_home).sources()))}." in text
    assert "demandes : à renseigner." in text
    shown = [name for name in INDICATORS if f"| {name} | {INDICATORS[name].label} |" in text]
    assert f"{len(shown)} indicateurs." in text
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert run(*words).code == 0
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_what_was_recorded_and_the_contact_are_read(
    own_home: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEILLE_CONTACT", "cellule d'essai")
    words = ("card", "champion", "--target", "failure", "--home", own_home, "--json")
    name = run(*words).json["model"]
    page = own_home / "cards" / f"{name}.en.md"
    assert "No check is recorded" in page.read_text("utf-8")
    run("check", "champion", "--target", "failure", "--home", own_home)
    run(*words)
    text = page.read_text("utf-8")
    assert "No check is recorded" not in text
    assert "| leak-single-feature | passes | yes |" in text
    assert "cellule d'essai" in text


def test_what_is_refused(demo_home: Path, run: Run, tmp_path: Path) -> None:
    run("card", "nobody", "--home", demo_home).refused("no-model")
    (tmp_path / "file").write_text("")
    words = ("card", "champion", "--target", "failure", "--home", demo_home)
    run(*words, "--output", tmp_path / "file").refused("bad-output")
