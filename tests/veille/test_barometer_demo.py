"""The list of the demonstration: its barometer and its priorities, by the API and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serving.access.keys import create_key
from serving.app import create_app
from serving.settings import ServingSettings
from tests.serving.conftest import Browser
from veille.cli import app as program


@pytest.fixture
def browser(demo_home: Path, tmp_path: Path) -> Iterator[Browser]:
    app = create_app(ServingSettings(demo_home, f"sqlite:///{tmp_path / 'state.db'}"))
    key = create_key(app.state.services.state, "outil fictif", scopes=("read:scores",))
    yield Browser(app, {"Authorization": f"Bearer {key.secret}"})
    app.state.services.state.close()


def test_totals_are_the_sums_of_the_list(browser: Browser) -> None:
    listed, cursor = [], ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = browser.get(f"/api/v1/structures?limit=200{more}").json()
        listed += page["items"]
        cursor = page["next_cursor"]
    assert listed
    for by, column in (("region", "region"), ("departement", "departement"), ("sector", "sector")):
        answer = browser.get(f"/api/v1/barometer?by={by}").json()
        assert answer["total"]["structures"] == len(listed)
        for line in [answer["total"], *answer["items"]]:
            if line["hidden"]:
                continue
            mine = [r for r in listed if line["key"] in {"france", r[column]}]
            at = {e["horizon_months"]: e for e in line["estimates"]}[answer["main_horizon"]]
            assert line["structures"] == len(mine)
            assert at["expected_failures"] == pytest.approx(sum(r["p"] for r in mine), abs=1e-9)


def test_funders_have_practices_and_programmes_lines(browser: Browser) -> None:
    funders = browser.get("/api/v1/barometer?by=funder").json()["items"]
    practices = [p for line in funders for p in line["practices"]]
    assert {p["practice"] for p in practices} >= {"payment_delay_days", "multi_year_share"}
    for said in practices:
        assert said["practice"] == "published_delay_days" or said["structures"] >= 10
    assert browser.get("/api/v1/barometer?by=programme").json()["items"]


@pytest.mark.parametrize("command", ["barometer", "priorities"])
def test_the_command_prints_one_object_without_a_server(demo_home: Path, command: str) -> None:
    home = ["--home", str(demo_home)]
    found = CliRunner().invoke(program, [command, *home, "--json"])
    assert found.exit_code == 0
    assert json.loads(found.stdout)["synthetic"] is True
    shown = CliRunner().invoke(program, [command, *home])
    assert shown.exit_code == 0
    assert "Données synthétiques" in shown.stdout


def test_a_capacity_that_does_not_exist_is_refused(demo_home: Path, tmp_path: Path) -> None:
    asked = ["priorities", "--home", str(demo_home), "--capacity", str(tmp_path / "absent.toml")]
    found = CliRunner().invoke(program, asked)
    assert getattr(found.exception, "code", "") == "bad-capacity"
