"""The ranked list and one structure."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from serving.access.audit import record_access
from serving.access.web_session import CurrentUser
from serving.api.caching import fresh, unchanged
from serving.api.opening import asked_siren, open_structure, shown
from serving.api.parameters import ListParameters, SingleValues, StructureParameters
from serving.api.problems import RESPONSES, Problem
from serving.api.schemas import StructureDetail, StructureList
from serving.cell.marks import alert_marks
from serving.cell.orient import in_brief, orient
from serving.detail import describe
from serving.ranking import query
from serving.services import services

router = APIRouter(
    prefix="/api/v1", tags=["structures"], responses=RESPONSES, dependencies=[SingleValues]
)


@router.get("/structures", responses={410: {"model": Problem}})
def list_structures(
    parameters: Annotated[ListParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> StructureList:
    """Return the structures of your territory, by risk."""
    principal.require_lists()
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    filters = parameters.filters(publication, principal)
    filters = parameters.narrowed(filters, known.state, principal)
    page = query(
        publication,
        filters,
        sort=parameters.sort,
        limit=parameters.limit,
        cursor=parameters.cursor,
        territory=principal.territory,
    )
    sirens = [f"{publication.array('_siren')[i]:09d}" for i in page.positions]
    asked = parameters.model_dump(mode="json", exclude_defaults=True)
    with known.state.read() as session:
        marks = alert_marks(session, principal, sirens)
    same = fresh(request, response, publication, principal, f"{sirens} {marks}")
    record_access(
        request,
        principal,
        action="list.unchanged" if same else "list.view",
        publication=publication,
        sirens=sirens if principal.nominative else (),
        subject={"asked": asked, "total": page.total},
    )
    if same:
        raise unchanged(response)
    manifest = publication.manifest
    return StructureList.model_validate(
        {
            "publication": publication.id,
            "target": publication.target,
            "as_of": manifest.as_of,
            "horizon_months": page.horizon_months,
            "synthetic": manifest.synthetic,
            "sort": parameters.sort.value,
            "total": page.total,
            "limit": parameters.limit,
            "next_cursor": page.next_cursor,
            "items": [
                shown(row, principal, known, page.horizon_months, marks) for row in page.rows()
            ],
        }
    )


@router.get("/structures/{siren}", responses={404: {"model": Problem}})
def read_structure(
    siren: str,
    parameters: Annotated[StructureParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> StructureDetail:
    """Return one structure: score, interval, reasons, what is unknown, funding, trend."""
    principal.require_lists()
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    digits = asked_siren(siren, principal, known)
    position = open_structure(request, principal, publication, digits, parameters.reason)
    catalogue = known.schemes.get()
    with known.state.read() as session:
        marks = alert_marks(session, principal, [digits])
    if fresh(request, response, publication, principal, catalogue.digest, str(marks)):
        raise unchanged(response)
    detail = describe(
        publication,
        position,
        parameters.horizon,
        known.publications.earlier(publication),
        sources=principal.sources,
    )
    horizon = detail["reasons"]["horizon_months"]
    detail["structure"] = shown(detail["structure"], principal, known, horizon, marks)
    if not principal.nominative:
        hidden = {"funder_id": None, "funder_name": None}
        detail["history"] = [line | hidden for line in detail["history"]]
    detail["orientation"] = in_brief(orient(publication, position, principal, catalogue).found)
    return StructureDetail.model_validate(detail)
