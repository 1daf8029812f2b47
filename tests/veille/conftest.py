"""The command line as a user has it, and one synthetic home made by the real command."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from veille.cli import main

STRUCTURES = 500


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """The one JSON value on standard output; NaN and infinities are refused."""
        assert self.code == 0, self.err

        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is not JSON")

        return json.loads(self.out, parse_constant=refuse)

    def refused(self, code: str) -> str:
        """Return the message of a command that failed clearly with this code."""
        assert self.code == 1, (self.code, self.out, self.err)
        assert self.out == ""
        assert f"[{code}]" in self.err
        assert "Traceback" not in self.err
        return self.err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give `run(*arguments) -> Ran`: the program's own entry point, in this process."""

    def call(*arguments: object) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["veille", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        shown = capsys.readouterr()
        code = stopped.value.code
        return Ran(code if isinstance(code, int) else int(code is not None), *shown)

    return call


def _make(folder: Path) -> None:
    import contextlib
    import io

    said = io.StringIO()
    before = sys.argv
    arguments = ["demo", "--structures", STRUCTURES, "--no-serve", "--json", "--home", folder]
    sys.argv = ["veille", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as stopped:
            main()
    finally:
        sys.argv = before
    assert not stopped.value.code
    (folder.parent / "made.json").write_text(said.getvalue(), "utf-8")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder that holds `home` (600 structures) and `made.json`, made once for all processes."""
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    folder = shared / "demonstration"
    try:
        folder.mkdir()
    except FileExistsError:  # another process of this run makes it
        deadline = time.monotonic() + 300
        while not (folder / "made.json").exists() and time.monotonic() < deadline:
            time.sleep(0.5)
    else:
        _make(folder / "home")
    assert (folder / "made.json").exists()
    return folder


@pytest.fixture(scope="session")
def demo_home(made: Path) -> Path:
    """A synthetic home to read; tests that write take `own_home`."""
    return made / "home"


@pytest.fixture
def own_home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of the synthetic home that the test may change."""
    return Path(shutil.copytree(demo_home, tmp_path / "home"))
