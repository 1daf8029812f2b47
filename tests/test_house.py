"""The house rules that no linter knows: floors, size, words, completeness of the documentation."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
import typer.main

from scripts import check_docs, pages

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300
NOT_OURS = {
    *(".git", ".venv", ".tools", "var", "dist", "uv.lock", ".coverage"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"),
}

# Spelt in pieces, so that this file keeps the rule that it checks.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
MACHINE = re.compile("(?<![.\\w])/(?:wo" + "rk|o" + "pt|tmp/te" + "am)/")


def texts() -> list[Path]:
    """Return the files of the project that hold text: neither installed, nor cached, nor data."""
    ours = [path for path in ROOT.iterdir() if path.name not in NOT_OURS]
    paths = [path for top in ours for path in (top.rglob("*") if top.is_dir() else [top])]
    kept = [p for p in paths if p.is_file() and "__pycache__" not in p.parts]
    return [path for path in sorted(kept) if b"\0" not in path.read_bytes()[:8192]]


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in texts()
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").split("\n"), 1
        )
        if pattern.search(line)
    ]


def test_imports_run_downwards_only() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("package", pages.PACKAGES)
def test_modules_stay_short(package: str) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / package).rglob("*.py")
    }
    assert lengths, f"{package} holds no module"
    assert {name: length for name, length in lengths.items() if length >= LONGEST} == {}


@pytest.mark.parametrize("package", pages.PACKAGES)
def test_each_room_says_what_it_holds(package: str) -> None:
    readme = ROOT / package / "README.md"
    assert readme.is_file()
    assert len(readme.read_text(encoding="utf-8").split()) > 50


def test_nothing_is_left_for_later() -> None:
    assert lines_matching(UNFINISHED) == []


def test_no_path_of_a_machine() -> None:
    assert lines_matching(MACHINE) == []


@pytest.mark.parametrize("page", pages.PAGES)
def test_documentation_says_what_the_code_says(page: str) -> None:
    assert check_docs.page_problems(page) == []


def test_every_link_leads_somewhere() -> None:
    assert check_docs.link_problems() == []


def test_a_generated_block_is_replaced_and_the_prose_is_kept() -> None:
    page = check_docs.with_block("# Titre\n", "ancien")
    again = check_docs.with_block(page + "Suite\n", "neuf")
    assert again.startswith("# Titre\n")
    assert again.endswith("\nSuite\n")
    assert "neuf" in again
    assert "ancien" not in again


def test_errors_are_read_with_their_holes() -> None:
    node = ast.parse('f"La colonne {name} manque" + " ici"', mode="eval").body
    assert pages.as_text(node) == "La colonne … manque ici"


def test_a_command_is_described_with_its_arguments_and_options() -> None:
    app = typer.Typer()

    @app.command()
    def ingest(
        files: Annotated[list[str], typer.Argument(help="Fichiers.")],
        known_on: Annotated[str, typer.Option(help="Jour.")] = "hier",
    ) -> None:
        """Verser des fichiers."""

    @app.command(hidden=True)
    def inner() -> None:
        """Rester entre nous."""

    text = "\n".join(pages.described(typer.main.get_command(app), "veille"))
    assert "## `veille ingest`\nVerser des fichiers." in text
    assert "veille ingest [OPTIONS] FILES..." in text
    assert "| `FILES...` | Fichiers. |  |" in text
    assert "| `--known-on` | Jour. | `hier` |" in text
    assert "inner" not in text
    assert "completion" not in text
