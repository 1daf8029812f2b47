"""Schemathesis on the real application: every check, every phase, as every kind of reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from serving.access.pseudonym import pseudonym
from serving.access.readers import SCOPES
from serving.access.web_session import LOCAL_COOKIE, SECURE_COOKIE
from serving.app import create_app
from serving.settings import ServingSettings

if TYPE_CHECKING:
    from schemathesis import Case, CheckContext, Response

    from tests.serving.conftest import Browser, House

READERS: dict[str, dict[str, Any]] = {
    "key": {},
    "national": {},
    "regional": {"regions": ("32",)},
    "departmental": {"departements": ("59",)},
    "analyst": {},
    "admin": {},
}


@schemathesis.check
def documented_code(ctx: CheckContext, response: Response, case: Case) -> None:
    """Every refusal carries a code that the description lists for its status."""
    responses = case.operation.definition.raw["responses"]
    said = responses.get(str(response.status_code), {}).get("x-codes")
    if said is not None and case.method.upper() == case.operation.method.upper():
        code = response.json()["code"]
        assert code in said, f"{response.status_code} {code}: not in {said}"


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house without a limit of requests: thousands come at once."""
    from tests.serving.conftest import House, make_frames

    home = tmp_path_factory.mktemp("house")
    frames = make_frames()
    for target in ("failure", "funding_loss"):
        publication = frames.write(home, target, live=True)
    app = create_app(ServingSettings(home, rate_per_minute=0))
    yield House(home, app, publication, frames)
    app.state.services.state.close()


def run(house: House, reader: str, examples: int) -> tuple[Counter[str], list[str]]:
    """Return how many cases each phase made, and every failure in words."""
    browser: Browser
    if reader == "key":
        browser = house.tool(*(scope for scopes in SCOPES.values() for scope in scopes))
        secret = browser.headers["Authorization"].removeprefix("Bearer ")
        signed_in: dict[str, Any] = {"bearer": {"bearer": secret}}
    else:
        browser = house.person(reader, **READERS[reader])
        # Schemathesis calls another host than the loopback: the cookie has its full name there.
        token = browser.headers["Cookie"].removeprefix(f"{LOCAL_COOKIE}=")
        browser.headers = {"Cookie": f"{SECURE_COOKIE}={token}"}
        signed_in = {"session": {"api_key": token}}
    sirens = [str(siren) for siren in house.frames.scores["siren"][:20]]
    if reader == "analyst":
        sirens += sorted(pseudonym(siren, house.state.secret) for siren in sirens)
    schemathesis.openapi.format("siren", st.sampled_from(sirens))
    config = SchemathesisConfig.from_dict(
        {
            "seed": 20260630,
            "continue-on-failure": True,
            "auth": {"openapi": signed_in},
            "phases": {"coverage": {"generate-duplicate-query-parameters": True}},
            # A parameter that the description does not name is refused (422 unknown-parameter).
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
                "allow-extra-parameters": False,
            },
        }
    )
    schema = schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json", house.app, config=config, headers=browser.headers
    )
    cases: Counter[str] = Counter()
    failures: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            cases[event.phase.value] += len(event.recorder.interactions)
            for number, checks in event.recorder.checks.items():
                case = event.recorder.cases[number].value
                failures += [
                    f"{event.phase.value} {check.name} {case.method} {case.formatted_path} "
                    f"{case.query} {case.path_parameters}: {check.failure_info.failure}"
                    for check in checks
                    if check.failure_info is not None
                ]
        elif isinstance(event, events.NonFatalError | events.FatalError):
            failures.append(str(event))
    return cases, failures


@pytest.mark.parametrize("reader", READERS)
def test_a_short_run(open_house: House, reader: str) -> None:
    cases, failures = run(open_house, reader, 2)
    assert failures == []
    assert sum(cases.values()) >= 300
    # examples, edge values, random values, and answers followed into other requests
    assert min(cases[p] for p in ("examples", "coverage", "fuzzing", "stateful")) > 0


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_a_long_run(open_house: House, reader: str) -> None:
    cases, failures = run(open_house, reader, 150)
    assert failures == []
    assert sum(cases.values()) >= 1_000
    assert cases["stateful"] >= 100
