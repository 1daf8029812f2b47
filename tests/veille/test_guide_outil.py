"""The examples of the guide of the tool, run as they stand against a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from serving.access.keys import create_key
from serving.state import open_state
from tests.serving.conftest import make_frames
from tests.serving.exported import csv_rows
from tests.serving.servers import running

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guide-outil.md").read_text(encoding="utf-8")


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("guide")
    make_frames().write(home)
    state = open_state(home)
    key = create_key(state, "exercice", scopes=("read:scores", "export:scores")).secret
    state.close()
    with running(home) as address:
        yield os.environ | {"VEILLE_URL": address, "VEILLE_KEY": key, "PYTHONPATH": str(ROOT)}


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(environment: dict[str, str], tmp_path: Path) -> None:
    read, unchanged = examples("sh")
    said = run(["bash", "-euo", "pipefail", "-c", read], environment, tmp_path)
    assert said.count('"publication":"2026-06-30-') == 3  # list, structure, its trend
    assert '"sentences":["' in said
    [file] = tmp_path.iterdir()
    assert file.name == "veille-ess-failure-2026-06-30-donnees-fictives.csv"
    rows = csv_rows(file.read_bytes(), separator=",", comma=False)
    assert {row["region"] for row in rows} == {"32"}
    said = run(["bash", "-euo", "pipefail", "-c", unchanged], environment, tmp_path)
    assert said.splitlines() == ["304"]


def test_python(environment: dict[str, str], tmp_path: Path) -> None:
    with_client, alone = examples("python")
    said = run([sys.executable, "-c", with_client], environment, tmp_path).splitlines()
    count = re.match(r"(\d+) structures en Hauts-de-France", said[0])
    assert count is not None
    assert int(count[1]) > 10
    total = next(line for line in said if " = " in line)
    assert total.split(" = ")[0] == total.split(" = ")[1]
    assert said[-1].startswith("404 bad-siren siren ")
    frame = pq.read_table(tmp_path / "hauts-de-france.parquet")
    assert set(frame["region"].to_pylist()) == {"32"}
    assert run([sys.executable, "-c", alone], environment, tmp_path).splitlines() == said[:1]


def test_r_calls_what_exists(environment: dict[str, str]) -> None:
    [text] = examples("r")
    called = re.findall(r'(?:veille\(|veille, c\()(?:paste0\()?"([a-z./]+)"', text)
    assert len(called) == 3
    key = environment["VEILLE_KEY"]
    schema = httpx.get(
        f"{environment['VEILLE_URL']}/api/v1/openapi.json",
        headers={"Authorization": f"Bearer {key}"},
    ).json()
    for path in called:
        name = path + "{siren}" if path.endswith("/") else path
        assert f"/api/v1/{name}" in schema["paths"]
