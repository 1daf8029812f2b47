"""The priorities: a nominative list, with the rules of the list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from serving.access.audit import record_access
from serving.access.web_session import CurrentUser
from serving.api.caching import fresh, unchanged
from serving.api.opening import shown
from serving.api.parameters import SingleValues, TargetParameters
from serving.api.priorities_schemas import Priorities
from serving.api.problems import RESPONSES
from serving.cell.marks import alert_marks
from serving.cell.priorities import act
from serving.cell.priorities.capacity import read_capacity
from serving.cell.priorities.plan import Objective
from serving.ranking import MAX_LIMIT
from serving.services import services

router = APIRouter(
    prefix="/api/v1", tags=["priorities"], responses=RESPONSES, dependencies=[SingleValues]
)


class PriorityParameters(TargetParameters):
    """One page of the priorities."""

    objective: Annotated[Objective, Field(description="Ce que le plan rend maximal.")] = (
        Objective.BENEFIT
    )
    limit: Annotated[int, Field(description="Lignes.", ge=1, le=MAX_LIMIT)] = 50
    after: Annotated[
        int, Field(description="next_after de la page précédente.", ge=0, le=10_000_000)
    ] = 0


@router.get("/priorities")
def list_priorities(
    parameters: Annotated[PriorityParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> Priorities:
    """Return the structures of your territory by priority, each with the scheme planned for it."""
    principal.require_lists()
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    capacity = read_capacity(known.settings.home)
    catalogue = known.schemes.get()
    found = act.planned(publication, capacity, catalogue, parameters.objective)
    page = act.asked(found, principal.territory, after=parameters.after, limit=parameters.limit)
    rows = publication.take(page.positions)
    with known.state.read() as session:
        marks = alert_marks(session, principal, [row["siren"] for row in rows])
    told = capacity.model_dump_json() + catalogue.digest + str(marks)
    same = fresh(request, response, publication, principal, told)
    record_access(
        request,
        principal,
        action="list.unchanged" if same else "list.view",
        publication=publication,
        sirens=[row["siren"] for row in rows] if principal.nominative else (),
        subject={
            "asked": {"list": "priorities"}
            | parameters.model_dump(mode="json", exclude_defaults=True),
            "total": len(page.inside),
        },
    )
    if same:
        raise unchanged(response)
    horizon = publication.main_horizon
    last = page.places[-1] + 1 if page.places else 0
    manifest = publication.manifest
    seen = {place + 1 for place in page.inside.tolist()}
    lines = [act.rule_line(use) for use in act.rules_of(found, principal.territory)]
    return Priorities.model_validate(
        {
            "publication": publication.id,
            "target": publication.target,
            "as_of": manifest.as_of,
            "horizon_months": horizon,
            "synthetic": manifest.synthetic,
            "objective": parameters.objective.value,
            "to_confirm": capacity.to_confirm,
            "period": capacity.period,
            "total": len(page.inside),
            "limit": parameters.limit,
            "next_after": last if last and last - 1 < page.inside[-1] else None,
            "policies": found.policies,
            "capacities": [
                line | ({} if line["next_priority"] in seen else {"next_priority": None})
                for line in lines
            ],
            "items": [
                shown(row, principal, known, horizon, marks) | act.item(found, place)
                for row, place in zip(rows, page.places, strict=True)
            ],
        }
    )
