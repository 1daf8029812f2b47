"""Set-up: what makes it start again, and how it says that a Python is too old."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import bootstrap

ROOT = Path(__file__).resolve().parents[2]


def test_a_change_of_lock_or_of_place_starts_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scripts").mkdir()
    for name in ("uv.lock", "pyproject.toml", "scripts/bootstrap.py"):
        (tmp_path / name).write_text("a")
    here = bootstrap.fingerprint()
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    before = bootstrap.fingerprint()
    (tmp_path / "uv.lock").write_text("b")
    after = bootstrap.fingerprint()
    assert here[0] != before[0] == after[0]
    assert before[1] != after[1]


def test_an_interpreter_that_is_absent_or_broken_does_not_run(tmp_path: Path) -> None:
    assert bootstrap.runs(sys.executable)
    assert not bootstrap.runs(tmp_path / "absent")


@pytest.mark.parametrize(
    ("index", "direct"),
    [("https://pypi.org/simple/", True), ("https://miroir.exemple.fr/simple", False)],
)
def test_an_internal_index_is_left_to_pip(
    index: str, direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", index)
    assert bootstrap.no_mirror() is direct


def test_an_old_python_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 9, 2, 'final', 0);"
        f"runpy.run_path({str(ROOT / 'scripts/bootstrap.py')!r}, run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "Python 3.11 or newer is needed; python3 is 3.9" in result.stderr
    assert "make demo PYTHON=" in result.stderr
