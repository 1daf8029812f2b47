"""One JSON line a request: what it says, and what it never says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from serving.access.accounts import create_login_link, create_user
from serving.app import create_app
from serving.request_log import RequestLog
from serving.settings import ServingSettings
from tests.serving.conftest import House, make_frames

KEYS = {"time", "method", "route", "status", "duration_ms", "request_id"}


def _house(home: Path, *, request_log: bool) -> House:
    frames = make_frames()
    publication = frames.write(home)
    return House(
        home, create_app(ServingSettings(home, request_log=request_log)), publication, frames
    )


def test_a_line_holds_the_route_and_never_the_address(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    house = _house(tmp_path, request_log=True)
    row = house.first(level="high")
    tool = house.tool()
    create_user(house.state, "camille", name="Personne Fictive", role="national")
    link = create_login_link(house.state, "camille", base_url="http://127.0.0.1")
    capfd.readouterr()
    tool.get(f"/api/v1/structures/{row['siren']}", {"X-Request-ID": "suivi-0001"})
    tool.get(f"/api/v1/structures?q={row['siren']}")
    tool.get(f"/api/v1/structures/{row['siren'][:8]}x")
    house.anonymous().get(link)
    house.anonymous().get(f"/nulle-part/{row['siren']}")
    said = capfd.readouterr().err
    house.state.close()
    lines = [json.loads(line) for line in said.splitlines()]
    assert [set(line) for line in lines] == [KEYS] * 5
    assert [line["status"] for line in lines] == [200, 200, 422, 303, 404]
    assert lines[0]["route"] == "/api/v1/structures/{siren}"
    assert lines[0]["request_id"] == "suivi-0001"
    assert lines[3]["route"] == "/connexion/lien/{token}"
    assert all(line["duration_ms"] > 0 for line in lines)
    token = link.rsplit("/", 1)[-1]
    for secret in (row["siren"], row["siren"][:8], token, "camille", "Fictive", row["name"]):
        assert secret not in said


def test_nothing_is_written_when_it_is_not_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    house = _house(tmp_path, request_log=False)
    assert house.tool().get("/api/v1/structures").status_code == 200
    house.state.close()
    assert capfd.readouterr().err == ""


def test_a_closed_journal_does_not_stop_the_service() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    log = RequestLog(writing)
    log.write(method="GET", route="/", status=200, seconds=0.1, request_id="suivi-0001")
    os.close(writing)
