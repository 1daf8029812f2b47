"""`veille outcomes` on a synthetic home: past lists are measured, the last ones wait."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.veille.conftest import Run
from veille import scoring
from veille.home import Home


def test_past_lists_are_measured_and_the_last_waits(run: Run, own_home: Path) -> None:
    scoring.score(Home(own_home), "failure", as_of=date(2022, 12, 31))
    found = run("outcomes", "--target", "failure", "--home", own_home, "--json").json
    assert found["synthetic"] is True
    past, last = sorted(found["publications"], key=lambda one: one["as_of"])
    assert past["as_of"] == "2022-12-31"
    assert {h["horizon_months"] for h in past["horizons"]} == {6, 12, 18}
    for horizon in past["horizons"]:
        assert 0 < horizon["n"] <= past["rows"]
        assert horizon["ratio"]["low"] < horizon["ratio"]["value"] < horizon["ratio"]["high"]
    assert last["pending_months"] == [6, 12, 18]
    assert found["retrain"] == bool(found["alarms"])
    assert "Données synthétiques" in run("outcomes", "--home", own_home).out


def test_without_a_list_it_says_what_to_do(run: Run, tmp_path: Path) -> None:
    assert "veille score" in run("outcomes", "--home", tmp_path).refused("no-publication")
