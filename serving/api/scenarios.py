"""`/api/v1/scenarios`: what-if budget cuts, run, read again, set side by side."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from serving.access.audit import record_access
from serving.access.principal import Principal, Role, Scope
from serving.access.web_session import CurrentUser
from serving.api.live import json_body
from serving.api.problems import RESPONSES, Problem
from serving.api.scenario_schemas import ScenarioComparison, ScenarioResult
from serving.cell.scenarios import act
from serving.cell.scenarios.compare import compare
from serving.cell.scenarios.document import MAX_BYTES, Scenario, read_scenario
from serving.services import Services, services

router = APIRouter(prefix="/api/v1", tags=["scénarios"], responses=RESPONSES)


def _inlined(value: Any, parts: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return a schema with its parts in place: a body has no components of its own."""
    if isinstance(value, list):
        return [_inlined(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(parts[value["$ref"].rpartition("/")[2]], parts)
    return {key: _inlined(one, parts) for key, one in value.items() if key != "$defs"}


_SCHEMA = Scenario.model_json_schema()
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": _inlined(_SCHEMA, _SCHEMA.get("$defs", {})),
            "example": {
                "name": "Programme 163 réduit de 30 %",
                "cuts": [{"funder": "etat", "programme": "163", "percent": 30}],
            },
        }
    },
}


@router.post(
    "/scenarios",
    responses={413: {"model": Problem}, 415: {"model": Problem}},
    openapi_extra={"requestBody": _BODY},
)
async def run_scenario(request: Request, principal: CurrentUser) -> ScenarioResult:
    """Project budget cuts on the structures of your territory.

    The same document on the same list and territory gives the same id and the same answer.
    """
    _allow(principal)
    scenario = read_scenario(await json_body(request, MAX_BYTES))
    known = services(request)
    found = await run_in_threadpool(_run, known, principal, scenario)
    return await run_in_threadpool(_answer, request, principal, "scenario.run", found)


@router.get("/scenarios/{scenario}", responses={404: {"model": Problem}})
def read_result(scenario: str, request: Request, principal: CurrentUser) -> ScenarioResult:
    """Return the result of a scenario of your territory."""
    _allow(principal)
    found = act.load_for(services(request).settings.home, scenario, principal.territory)
    return _answer(request, principal, "scenario.view", found)


@router.get("/scenarios/{scenario}/compare/{other}", responses={404: {"model": Problem}})
def compare_results(
    scenario: str, other: str, request: Request, principal: CurrentUser
) -> ScenarioComparison:
    """Return two results of your territory, on the same list, and what the second adds."""
    _allow(principal)
    home = services(request).settings.home
    first, second = (act.load_for(home, name, principal.territory) for name in (scenario, other))
    both = compare(first, second)
    said = [_answer(request, principal, "scenario.view", one) for one in (first, second)]
    return ScenarioComparison.model_validate({**both, "first": said[0], "second": said[1]})


def _allow(principal: Principal) -> None:
    if principal.role is Role.ADMIN:
        principal.require_lists()
    principal.require_scope(Scope.RUN_SCENARIOS)


def _run(known: Services, principal: Principal, scenario: Scenario) -> act.Result:
    publication = known.publications.current(scenario.target).get()
    scorer = known.publications.scorers.of(publication)
    return act.Runner(known.settings.home).run(
        scenario, publication, scorer.model, scorer.context, principal.territory
    )


def _answer(
    request: Request, principal: Principal, action: str, found: act.Result
) -> ScenarioResult:
    reads = principal.role is not Role.TOOL or Scope.READ_SCORES in principal.scopes
    nominative = principal.nominative and reads
    named: list[dict[str, Any]] = found["most_exposed"] if nominative else []
    record_access(
        request,
        principal,
        action=action,
        sirens=[one["siren"] for one in named],
        subject={"scenario": found["id"], "publication": found["publication"]},
    )
    return ScenarioResult.model_validate(act.shown(found, nominative=nominative))
