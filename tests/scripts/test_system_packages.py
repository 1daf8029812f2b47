"""System packages: a machine that lacks some, and cannot install them, is told what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.system_packages import NEEDS, has_postgres, postgres_folder

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "system_packages.py"


def run(level: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, level],
        env={"PATH": str(path)},
        check=False,
        capture_output=True,
        text=True,
    )


def test_without_browser_nor_apt_the_message_says_what_to_install(tmp_path: Path) -> None:
    result = run("test", tmp_path)
    assert result.returncode == 1
    assert "Chromium (browser tests), fonts (browser tests)" in result.stderr
    assert "sudo apt-get install chromium fontconfig fonts-dejavu-core" in result.stderr
    assert "make test BROWSER=0" in result.stderr
    assert result.stdout == ""


def test_to_run_without_tests_needs_no_browser(tmp_path: Path) -> None:
    result = run("run", tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_postgres_is_where_its_link_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, links = tmp_path / "15" / "bin", tmp_path / "links"
    for place in (folder, links):
        place.mkdir(parents=True)
    (folder / "initdb").touch(mode=0o755)
    (links / "initdb").symlink_to(folder / "initdb")
    monkeypatch.setenv("PATH", str(links))
    assert postgres_folder() != folder  # a client alone starts no server
    (folder / "postgres").touch(mode=0o755)
    assert postgres_folder() == folder
    assert has_postgres()


def test_the_tests_need_postgres_and_the_program_does_not() -> None:
    packages = {
        level: [p for _, names in needs.values() for p in names] for level, needs in NEEDS.items()
    }
    assert "postgresql" in packages["test"]
    assert "postgresql" not in packages["run"]
