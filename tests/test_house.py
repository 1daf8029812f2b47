"""The house rules that no linter knows: floors, size, words, completeness of the documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check_docs

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 300

# Spelt in pieces, so that this file keeps the rule that it checks.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
MACHINE = re.compile("(?<![.\\w])/(?:wo" + "rk|o" + "pt|tmp/te" + "am)/")


def texts() -> list[Path]:
    """Return the files of the project that hold text: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name and name != "uv.lock"]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


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


@pytest.mark.parametrize("package", check_docs.PACKAGES)
def test_modules_stay_short(package: str) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / package).rglob("*.py")
    }
    assert lengths, f"{package} holds no module"
    assert {name: length for name, length in lengths.items() if length >= LONGEST} == {}


@pytest.mark.parametrize("package", check_docs.PACKAGES)
def test_each_room_says_what_it_holds(package: str) -> None:
    readme = ROOT / package / "README.md"
    assert readme.is_file()
    assert len(readme.read_text(encoding="utf-8").split()) > 50


def test_nothing_is_left_for_later() -> None:
    assert lines_matching(UNFINISHED) == []


def test_no_path_of_a_machine() -> None:
    assert lines_matching(MACHINE) == []


@pytest.mark.parametrize("page", check_docs.GENERATED)
def test_generated_documentation_is_up_to_date(page: str) -> None:
    assert check_docs.generated_problems(page) == []


@pytest.mark.parametrize("page", check_docs.LISTED)
def test_every_command_and_indicator_is_documented(page: str) -> None:
    assert check_docs.LISTED[page](), f"nothing to look for in {page}"
    assert check_docs.listed_problems(page) == []


def test_every_link_leads_somewhere() -> None:
    assert check_docs.link_problems() == []


def test_every_reject_reason_is_documented() -> None:
    from data.rejects import REASONS

    page = check_docs.read("docs/rejects.md")
    assert [code for code in REASONS if f"`{code}`" not in page] == []


def test_a_word_is_not_taken_for_the_beginning_of_another() -> None:
    assert check_docs.names_it("`veille score` puis `--port`", "veille score")
    assert not check_docs.names_it("`veille scores`", "veille score")
    assert not check_docs.names_it("`--port-name`", "--port")


def test_a_generated_block_is_replaced_and_the_prose_is_kept() -> None:
    page = check_docs.with_block("# Titre\n", "ancien")
    again = check_docs.with_block(page + "Suite\n", "neuf")
    assert again.startswith("# Titre\n")
    assert again.endswith("\nSuite\n")
    assert "neuf" in again
    assert "ancien" not in again


def test_errors_are_read_with_their_holes() -> None:
    import ast

    node = ast.parse('f"La colonne {name} manque" + " ici"', mode="eval").body
    assert check_docs.as_text(node) == "La colonne … manque ici"
