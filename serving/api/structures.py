"""The ranked list and one structure."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from serving.access.web_session import CurrentUser
from serving.api.caching import fresh, unchanged
from serving.api.kept_lists import keepable
from serving.api.listing import listed, reply
from serving.api.opening import asked_siren, open_structure, shown
from serving.api.parameters import ListParameters, SingleValues, StructureParameters
from serving.api.problems import RESPONSES, Problem
from serving.api.schemas import StructureDetail, StructureList
from serving.cell.marks import alert_marks
from serving.cell.orient import in_brief, orient
from serving.detail import describe
from serving.services import services

router = APIRouter(
    prefix="/api/v1", tags=["structures"], responses=RESPONSES, dependencies=[SingleValues]
)


@router.get(
    "/structures",
    response_model=StructureList,
    responses={status: {"model": Problem} for status in (404, 409, 410)},
)
def list_structures(
    parameters: Annotated[ListParameters, Query()],
    request: Request,
    principal: CurrentUser,
) -> Response:
    """Return the structures of your territory, by risk."""
    principal.require_lists()
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    page = listed(known, publication, parameters, principal)
    question = request.scope["query_string"]
    if principal.kind == "key" and keepable(question):
        known.pages.keep(page, question, principal.territory)
    found = reply(request, known, principal, publication, page)
    known.repeats.log(found.view, found.said)
    return found.response


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
