"""`/api/v1/scenarios`: the same id for the same demand, by territory, names for who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.settings import ServingSettings
from tests.serving.conftest import Browser, House, make_frames

CUT = json.dumps({"name": "x", "cuts": [{"funder": "etat", "percent": 30}]})
URL = "/api/v1/scenarios"


@pytest.fixture
def live_house(tmp_path: Path, database_url: str | None) -> Iterator[House]:
    from serving.app import create_app

    frames = make_frames()
    publication = frames.write(tmp_path, live=True)
    app = create_app(ServingSettings(tmp_path, database_url))
    yield House(tmp_path, app, publication, frames)
    app.state.services.state.close()


def post(reader: Browser, body: str = CUT) -> dict[str, object]:
    answer = reader.request("POST", URL, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_the_same_demand_has_one_id_and_territories_stay_apart(live_house: House) -> None:
    national = live_house.person("national")
    north = live_house.person("regional", regions=("32",))
    south = live_house.person("regional", regions=("93",))
    whole, again, part = post(national), post(national), post(north)
    assert whole == again
    assert whole["id"] != part["id"]
    scores = live_house.frames.scores
    assert part["total"]["structures"] == scores.filter(region="32").height  # type: ignore[index]
    assert {g["code"] for g in part["by"]["region"]} == {"32"}  # type: ignore[index]
    one = f"{URL}/{part['id']}"
    assert north.get(one).json() == part
    assert national.get(one).json() == part
    for other in (south.get(one), north.get(f"{URL}/{whole['id']}"), north.get(f"{URL}/../x")):
        assert other.status_code == 404
    assert south.get(one).json()["code"] == "unknown-scenario"


def test_names_are_for_who_may_read_lists(live_house: House) -> None:
    assert post(live_house.person("analyst"))["most_exposed"] is None
    assert post(live_house.tool("run:scenarios"))["most_exposed"] is None
    assert post(live_house.tool("run:scenarios", "read:scores"))["most_exposed"] == []
    refused = live_house.tool("read:scores").request("POST", URL, json=CUT)
    assert refused.json()["code"] == "missing-scope"


def test_a_refused_document_says_the_key(live_house: House) -> None:
    answer = live_house.person("national").request("POST", URL, json='{"name": "x", "cut": []}')
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "unknown-key"
    assert problem["field"] == "corps, cut"
    assert "cuts" in problem["expected"]


def test_two_scenarios_side_by_side(live_house: House) -> None:
    twice = json.dumps({"name": "y", "cuts": [{"funder": "etat", "percent": 60}]})
    north = live_house.person("regional", regions=("32",))
    first, second = post(north), post(north, twice)
    url = f"{URL}/{first['id']}/compare/{second['id']}"
    found = north.get(url).json()
    assert (found["first"], found["second"]) == (first, second)
    for line in found["difference"]:
        (with_first, with_second) = (
            next(
                one["cases"]["with"]["expected"]
                for one in side["total"]["horizons"]  # type: ignore[index]
                if one["horizon_months"] == line["horizon_months"]
            )
            for side in (first, second)
        )
        assert line["cases"] == pytest.approx(with_second - with_first)
    assert len(found["difference"]) == 3
    national = live_house.person("national")
    whole = post(national)
    mixed = national.get(f"{URL}/{first['id']}/compare/{whole['id']}")
    assert (mixed.status_code, mixed.json()["code"]) == (422, "scenarios-not-comparable")
    south = live_house.person("regional", regions=("93",))
    assert south.get(url).json()["code"] == "unknown-scenario"
    analyst = live_house.person("analyst")
    alone, more = post(analyst), post(analyst, twice)
    both = analyst.get(f"{URL}/{alone['id']}/compare/{more['id']}").json()
    assert both["first"]["most_exposed"] is both["second"]["most_exposed"] is None
