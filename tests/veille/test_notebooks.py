"""Every notebook runs from its first cell to its last, on a synthetic home."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(notebook: Path, own_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", notebook],
        env={**os.environ, "VEILLE_HOME": str(own_home), "PYTHONPATH": str(ROOT)},
        cwd=own_home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()


def test_every_notebook_is_in_the_readme() -> None:
    listed = re.findall(r"\]\((\w+\.py)\)", (ROOT / "notebooks" / "README.md").read_text("utf-8"))
    assert listed == [*dict.fromkeys(listed)]
    assert set(listed) == {path.name for path in NOTEBOOKS}
