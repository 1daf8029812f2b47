"""Alerts of the state become facts, each once, known from the day they were raised; outcomes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import update

from data.lake import Lake
from serving.access.principal import Principal, Role, Territory
from serving.cell.alerts import NewAlert, raise_alert
from serving.cell.cases import change_case, open_case
from serving.cell.register import Found, Named
from serving.state import open_state
from serving.state.cell_models import Alert, Case
from veille import alerts, line
from veille.alerts import send

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from serving.state import State
    from tests.veille.conftest import Run

CELL = Principal("p1", "user", "Cellule", "cellule", Role.NATIONAL, Territory.NATIONAL)
NOON = datetime(2023, 7, 3, 12, tzinfo=UTC)


def raised(
    state: State, siren: str, *, at: datetime = NOON, times: int = 1, **more: object
) -> Alert:
    """Raise an alert, once or several times, as if it were that moment; return the first."""
    said: dict[str, Any] = {"severity": 3, "reason": "Salaires en retard.", "source": "DLA"}
    new = NewAlert(Named(siren=siren, region="32"), **(said | more))
    with state.write() as session:
        found = Found(siren, "Fictive", None, "32", "siren")
        alert, *others = [raise_alert(session, CELL, new, found) for _ in range(times)]
        assert {other.merged_into for other in others} <= {alert.id}
    with state.write() as session:
        mine = update(Alert).where(Alert.id.in_([alert.id, *(one.id for one in others)]))
        session.execute(mine.values(created_at=at, updated_at=at, raised_on=date(2023, 7, 1)))
    return alert


def facts(home: Path) -> pl.DataFrame:
    return Lake(home).scan("alerts").filter(source="alerts").collect()


def counted(home: Path, siren: str, as_of: date) -> float:
    panel = pl.read_parquet(line.features(home, as_of).panel)
    rows = panel.filter(pl.col("structure_id") == siren)
    return float(rows["alerts_three_years_count"].sum())


def a_unit_without_alert(home: Path) -> str:
    lake = Lake(home)
    warned = lake.scan("alerts").select("siren").collect()["siren"]
    units = lake.scan("grants").filter(pl.col("fiscal_year") == 2022).select("siren").collect()
    return str(units.filter(~pl.col("siren").is_in(warned.implode()))["siren"].drop_nulls().min())


def test_the_indicator_changes_from_the_day_of_the_alert_only(own_home: Path) -> None:
    siren = a_unit_without_alert(own_home)
    days = (date(2023, 7, 2), date(2023, 7, 3))
    assert [counted(own_home, siren, day) for day in days] == [0, 0]
    state = open_state(own_home)
    raised(state, siren)
    assert send(own_home, state).alerts == 1
    assert [counted(own_home, siren, day) for day in days] == [0, 1]
    state.close()


def test_sending_again_sends_what_is_new_only(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    first, second = "990000010", "990000028"
    raised(state, first, confidentiality="cell", times=2)
    withdrawn = raised(state, second)
    with state.write() as session:
        session.execute(update(Alert).where(Alert.id == withdrawn.id).values(status="withdrawn"))
    assert send(tmp_path, state).days == (date(2023, 7, 3),)
    assert send(tmp_path, state).alerts == 0
    found = facts(tmp_path)
    assert found.select("siren", "severity", "region", "raised_on", "known_on").rows() == [
        (first, 3, "32", date(2023, 7, 1), date(2023, 7, 3))
    ]
    assert "Salaires" not in found["reason"][0]
    raised(state, second, at=datetime(2023, 7, 3, 23, tzinfo=UTC), severity=1)
    assert send(tmp_path, state).days == (date(2023, 7, 4),)  # the day of Paris
    assert sorted(facts(tmp_path)["siren"]) == [first, second]
    state.close()


def test_a_stopped_sending_is_finished_by_the_next(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    raised(state, "990000010")
    send(tmp_path, state)
    Lake(tmp_path).root.rename(tmp_path / "autre")
    assert facts(tmp_path).height == 0
    assert send(tmp_path, state).alerts == 0
    assert facts(tmp_path).height == 1
    state.close()


def test_people_write_while_the_lake_takes_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another sending, and a new alert, come while the first one is being ingested."""
    state, beside = open_state(tmp_path), open_state(tmp_path)
    raised(state, "990000010")
    really, sent = alerts._ingest, []

    def slow(home: Path, file: Path, day: date) -> None:
        if not sent:
            raised(beside, "990000028", at=datetime(2023, 8, 3, tzinfo=UTC))
            sent.append(0)
            sent.append(send(home, beside).alerts)
        really(home, file, day)

    monkeypatch.setattr(alerts, "_ingest", slow)
    assert send(tmp_path, state).alerts == 1
    assert sent == [0, 1]
    assert sorted(facts(tmp_path)["siren"]) == ["990000010", "990000028"]
    assert send(tmp_path, state).alerts == 0
    for one in (state, beside):
        one.close()


def test_the_command_says_what_it_sent(run: Run, tmp_path: Path) -> None:
    state = open_state(tmp_path)
    raised(state, "990000010")
    state.close()
    found = run("alerts", "export", "--home", tmp_path, "--json").json
    assert found == {"alerts": 1, "days": ["2023-07-03"]}
    assert "Aucun signalement nouveau." in run("alerts", "export", "--home", tmp_path).out


def test_outcomes_say_what_cells_did_of_a_list(run: Run, own_home: Path) -> None:
    before = run("outcomes", "--home", own_home, "--json").json["publications"]
    assert {one["cases"]["all"]["opened"] for one in before} == {0}
    state = open_state(own_home)
    sirens = Lake(own_home).scan("structures").select("siren").collect()["siren"]
    from serving.publication import Publication

    listed = Publication.load(own_home, "failure", check=False).frame["siren"].to_list()
    assert set(listed) <= set(sirens)
    with state.write() as session:
        made: list[Case] = [
            open_case(
                session,
                CELL,
                siren,
                Found(siren, "Fictive", None, "32", "siren"),
                region=None,
                departement=None,
                given={},
            )
            for siren in listed[:3]
        ]
        for case in made[:2]:
            change_case(session, CELL, case, {"status": "contacted"})
        change_case(session, CELL, made[0], {"status": "closed", "outcome": "saved"})
    state.close()
    (last, *_) = reversed(run("outcomes", "--home", own_home, "--json").json["publications"])
    found = last["cases"]["all"]
    assert found["structures"] == last["rows"]
    assert [found[name] for name in ("opened", "contacted", "oriented", "closed")] == [3, 2, 0, 1]
    assert {name: n for name, n in found["outcomes"].items() if n} == {"saved": 1}
    assert "sauvées" in run("outcomes", "--home", own_home).out
