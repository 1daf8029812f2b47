"""`POST /api/v1/scores` over HTTP: who may, what is logged, what is refused, what comes back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from serving.access import recent
from serving.access.accounts import create_user
from serving.access.audit import verify
from serving.access.keys import create_key, revoke_key
from serving.access.sessions import create_session
from serving.access.web_session import LOCAL_COOKIE
from serving.api.description import describe_api
from serving.app import create_app
from serving.live import answer, log
from serving.services import Services
from serving.settings import ServingSettings
from serving.state import open_state
from serving.state.models import AuditEntry
from tests.loops import finished
from tests.serving.servers import running
from veille.client import ApiError, Client, Told
from veille.client import live as client_live

PATH = "/api/v1/scores"
CALL = {"structures": [{"id": "a", "indicators": {"grants_eur": 50_000, "history_years": 4}}]}


@pytest.fixture(scope="module")
def published(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("live")
    shutil.copytree(demo_home / "publications", home / "publications")
    return home


@pytest.fixture
def app(published: Path, tmp_path: Path) -> Iterator[FastAPI]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "publications").symlink_to(published / "publications")
    made = create_app(ServingSettings(home))
    yield made
    made.state.services.live_log.close()
    made.state.services.state.close()


def services(app: FastAPI) -> Services:
    found: Services = app.state.services
    return found


def key(app: FastAPI, *scopes: str, **more: Any) -> dict[str, str]:  # noqa: ANN401
    made = create_key(services(app).state, "outil fictif", scopes=scopes or ("score:live",), **more)
    return {"Authorization": f"Bearer {made.secret}"}


def person(app: FastAPI, role: str, **territory: tuple[str, ...]) -> dict[str, str]:
    state = services(app).state
    user = create_user(state, f"{role}.fictif", name="Personne fictive", role=role, **territory)
    return {"Cookie": f"{LOCAL_COOKIE}={create_session(state, user.id, hours=1)}"}


def post(app: FastAPI, headers: dict[str, str], content: bytes | dict[str, Any]) -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            kind = {"Content-Type": "application/json"}
            return await client.post(PATH, headers=kind | headers, content=body)

    return finished(send())


def lines(app: FastAPI) -> list[dict[str, Any]]:
    with services(app).state.read() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.action == "score.live"))
        return [json.loads(entry.subject) for entry in found]


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    return problem


def test_a_tool_gets_its_scores(app: FastAPI) -> None:
    answer = post(app, key(app), CALL)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"]
    found = answer.json()
    assert found["publication"] == answer.headers["x-publication"]
    assert found["synthetic"] is True
    (one,) = found["items"]
    assert one["id"] == "a"
    assert [e["horizon_months"] for e in one["estimates"]] == [6, 12, 18]
    assert all(e["low"] <= e["p"] <= e["high"] for e in one["estimates"])
    assert one["reasons"] is None


def test_a_thousand_structures_with_reasons(app: FastAPI) -> None:
    call = {**CALL, "structures": CALL["structures"] * 1000, "reasons": True}
    found = post(app, key(app), call).json()["items"]
    assert len(found) == 1000
    alone = post(app, key(app), {**CALL, "reasons": True}).json()["items"][0]
    assert found[-1]["estimates"][0]["p"] == pytest.approx(alone["estimates"][0]["p"], abs=1e-12)
    assert found[-1]["reasons"]["score_logit"] == pytest.approx(alone["reasons"]["score_logit"])


@pytest.mark.parametrize("role", ["national", "regional", "departmental", "analyst"])
def test_people_may_score_too(app: FastAPI, role: str) -> None:
    territory: dict[str, dict[str, tuple[str, ...]]] = {
        "regional": {"regions": ("32",)},
        "departmental": {"departements": ("59",)},
    }
    assert post(app, person(app, role, **territory.get(role, {})), CALL).status_code == 200


def test_who_may_not(app: FastAPI) -> None:
    refused(post(app, {}, CALL), 401, "not-authenticated")
    refused(post(app, {"X-API-Key": "vess_00000000_x"}, CALL), 401, "bad-key-presented")
    refused(post(app, key(app, "read:scores"), CALL), 403, "missing-scope")
    refused(post(app, person(app, "admin"), CALL), 403, "role-has-no-lists")
    assert lines(app) == []


def test_a_revoked_key_is_refused_within_a_second(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = key(app)
    now = 1_000.0
    monkeypatch.setattr(recent.time, "monotonic", lambda: now)
    assert post(app, headers, CALL).status_code == 200
    revoke_key(services(app).state, headers["Authorization"].split("_")[1])
    now += recent.SECONDS
    refused(post(app, headers, CALL), 401, "key-revoked")


def test_a_form_of_another_site_is_no_call(app: FastAPI) -> None:
    headers = person(app, "national") | {"Content-Type": "text/plain"}
    problem = refused(post(app, headers, CALL), 415, "bad-request-body")
    assert problem["field"] == "Content-Type"


@pytest.mark.parametrize(
    ("content", "code", "field"),
    [
        (b"{", "bad-json", "corps"),
        ({"structures": []}, "bad-count", "structures"),
        ({"structures": [{"indicators": {"nope": 1}}]}, "unknown-indicator", None),
        ({**CALL, "target": "weather"}, "unknown-target", "target"),
        ({**CALL, "horizons_months": [7]}, "unknown-horizon", "horizons_months[0]"),
    ],
)
def test_faulty_calls(
    app: FastAPI, content: bytes | dict[str, Any], code: str, field: str | None
) -> None:
    problem = refused(post(app, key(app), content), 422, code)
    assert field is None or problem["field"] == field
    assert problem["expected"]


def test_too_long_a_body(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.api.live.MAX_BYTES", 64)
    refused(post(app, key(app), CALL), 413, "bad-request-body")


def test_calls_are_counted_in_the_log(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 5_000.0
    monkeypatch.setattr(log.time, "monotonic", lambda: now)
    one, other = key(app), key(app)
    post(app, one, CALL)
    assert lines(app) == [{"calls": 1, "structures": 1}]  # before the answer
    for _ in range(3):
        post(app, one, {"structures": CALL["structures"] * 2})
    post(app, other, CALL)
    assert lines(app) == [{"calls": 1, "structures": 1}] * 2
    now += log.SECONDS
    post(app, one, CALL)
    assert lines(app)[2:] == [{"calls": 4, "structures": 7}]
    post(app, other, CALL)
    post(app, other, CALL)
    services(app).live_log.close()  # as when the server stops
    assert lines(app)[3:] == [{"calls": 1, "structures": 1}, {"calls": 1, "structures": 1}]
    assert verify(services(app).state).intact


def test_the_client_scores(published: Path, tmp_path: Path) -> None:
    (tmp_path / "publications").symlink_to(published / "publications")
    state = open_state(tmp_path)
    secret = create_key(state, "outil fictif", scopes=("score:live",)).secret
    state.close()
    told: Told = {
        "id": "b",
        "histories": {
            "grants": [
                {"funder_id": "etat", "amount_eur": Decimal("1250.40"), "fiscal_year": 2024},
                {"funder_id": "etat", "amount_eur": 900, "decided_on": date(2023, 5, 1)}
                | {"fiscal_year": 2023},
            ]
        },
    }
    with running(tmp_path) as address, Client(address, secret) as client:
        found = client.score([{"id": "a", "indicators": {"grants_eur": 1.0}}, told], reasons=True)
        assert [one.id for one in found.items] == ["a", "b"]
        assert found.synthetic
        assert found.items[1].reasons is not None
        with pytest.raises(ApiError) as caught:
            client.score([{"id": "a", "indicators": {"nope": 1.0}}])
    assert (caught.value.status, caught.value.code) == (422, "unknown-indicator")


def test_the_client_reads_what_the_server_says() -> None:
    for ours, theirs in (
        (client_live.Scores, answer.Answer),
        (client_live.Scored, answer.Scored),
        (client_live.Estimate, answer.Estimate),
        (client_live.LiveReasons, answer.Reasons),
        (client_live.LiveReason, answer.Reason),
    ):
        assert list(ours.model_fields) == list(theirs.__struct_fields__)


def test_the_document_describes_it(app: FastAPI) -> None:
    described = describe_api(app.routes)
    body = described["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]
    assert post(app, key(app), body["example"]).status_code == 200
    rows = described["components"]["schemas"]["LiveItem"]["properties"]["histories"]
    grants = rows["properties"]["grants"]["items"]
    assert grants["required"] == ["funder_id", "amount_eur", "fiscal_year"]


def test_a_publication_without_a_model_says_so(app: FastAPI, tmp_path: Path) -> None:
    home = tmp_path / "home"
    source = (home / "publications").resolve()
    (home / "publications").unlink()
    shutil.copytree(source, home / "publications")
    for folder in home.glob("publications/*/*/model"):
        shutil.rmtree(folder)
        path = folder.parent / "manifest.json"
        manifest = json.loads(path.read_text("utf-8"))
        files = {n: f for n, f in manifest["files"].items() if not n.startswith("model/")}
        path.write_text(json.dumps({**manifest, "files": files}), "utf-8")
    refused(post(app, key(app), CALL), 503, "no-live-model")
