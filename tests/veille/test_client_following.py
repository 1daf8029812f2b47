"""Alerts and cases by the client, against the real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

import serving.api.alerts_schemas as alerts_server
import serving.api.cases_schemas as cases_server
from serving.access.keys import create_key
from serving.state import open_state
from tests.serving.cell_people import SCOPES
from tests.serving.conftest import make_frames, siren
from tests.serving.servers import running
from veille.client import ApiError, Client, following_answers


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    home = tmp_path_factory.mktemp("home")
    make_frames().write(home)
    state = open_state(home)
    key = create_key(state, "outil fictif", scopes=SCOPES).secret
    state.close()
    with running(home) as address, Client(address, key) as opened:
        yield opened


def test_an_alert_from_its_raising_to_its_answer(client: Client, tmp_path: Path) -> None:
    said = {"severity": 2, "reason": "Salaires en retard.", "source": "DLA"}
    one = client.raise_alert(siren=siren(6), key="k-1", **said)  # type: ignore[arg-type]
    again = client.raise_alert(siren=siren(6), key="k-1", **said)  # type: ignore[arg-type]
    assert again == one
    changed = client.change_alert(one, status="handled", feedback="Le DLA a rappelé.")
    assert client.alert(one.id) == changed
    with pytest.raises(ApiError) as caught:
        client.change_alert(one, status="open")
    assert caught.value.code == "stale-version"
    file = tmp_path / "signalements.csv"
    file.write_text(f"siren;gravite;motif\n{siren(6)};forte;Impayés\n{siren(6)};9;Impayés\n")
    answer = client.raise_alerts(file)
    assert (answer.kept, answer.rejected, answer.rejects[0].code) == (1, 1, "unreadable")
    assert [found.severity for found in client.alerts(siren=siren(6))] == [3, 2]


def test_a_case_from_its_opening_to_its_end(client: Client, tmp_path: Path) -> None:
    case = client.open_case(siren(8), schemes=["dla"])
    noted = client.note(case.id, "Appelée.")
    file = tmp_path / "compte-rendu d'été.txt"
    file.write_text("Tout va mieux.", encoding="utf-8")
    attached = client.attach(case.id, file)
    (kept,) = attached.attachments
    assert kept.name == file.name
    assert client.attachment(case.id, kept.id) == file.read_bytes()
    assert noted.version == 2
    closed = client.change_case(attached, status="closed", outcome="saved")
    assert client.case(case.id) == closed
    assert [row.outcome for row in client.cases(scheme="dla")] == ["saved"]


def test_answers_are_those_of_the_server() -> None:
    def fields(module: ModuleType) -> dict[str, dict[str, str]]:
        return {
            name: {field: str(info.annotation) for field, info in kind.model_fields.items()}
            for name, kind in vars(module).items()
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.model_fields
        }

    theirs = fields(alerts_server) | fields(cases_server)
    for name, ours in fields(following_answers).items():
        bare = str(ours).replace("veille.client.following_answers.", "")
        server = str(theirs[name])
        for module in ("alerts", "cases"):
            server = server.replace(f"serving.api.{module}_schemas.", "")
        assert bare == server, name
