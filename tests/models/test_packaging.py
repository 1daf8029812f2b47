"""A packed model: the same wherever it was packed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.packaging import pack, quiet

if TYPE_CHECKING:
    from pathlib import Path

    from models.risk_model import RiskModel

REQUIREMENTS = ("requirements.txt", "conda.yaml", "python_env.yaml")
PROJECT = {
    "pyproject.toml": '[project]\nname = "autre"\nversion = "1"\ndependencies = ["autre-chose"]\n',
    "uv.lock": 'version = 1\nrequires-python = ">=3.11"\n',
    ".python-version": "3.13\n",
}


def test_the_current_folder_leaves_nothing_in_a_model(
    model: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = []
    for place, files in (("bare", {}), ("project", PROJECT)):
        current = tmp_path / place
        current.mkdir()
        for name, content in files.items():
            (current / name).write_text(content, encoding="utf-8")
        monkeypatch.chdir(current)
        with quiet():
            packed.append(pack(model, tmp_path / f"packed-{place}"))
    bare, project = packed
    files_of = [sorted(str(f.relative_to(p)) for f in p.rglob("*")) for p in packed]
    assert files_of[0] == files_of[1]
    assert not set(PROJECT) & set(files_of[1])
    for name in REQUIREMENTS:
        assert (bare / name).read_bytes() == (project / name).read_bytes()
    wanted = (project / "requirements.txt").read_text("utf-8").split()
    assert {line.split("==")[0] for line in wanted} >= {"lightgbm", "numpy", "polars"}
