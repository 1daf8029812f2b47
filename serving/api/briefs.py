"""The brief on a sector or a territory, as a file."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from serving.access.audit import record_access
from serving.access.principal import Scope
from serving.access.web_session import CurrentUser
from serving.api.brief_schemas import BriefParameters
from serving.api.parameters import SingleValues
from serving.api.problems import RESPONSES, Problem
from serving.api.taking import check_taking
from serving.cell.before import list_before
from serving.cell.brief.brief import means_of, prepare_brief
from serving.cell.brief.page import html_of
from serving.cell.brief.pdf import pdf_of
from serving.cell.brief.scope import check_scope
from serving.cell.priorities.capacity import read_capacity
from serving.cell.scenarios.act import load_for
from serving.services import services

router = APIRouter(
    prefix="/api/v1", tags=["briefs"], responses=RESPONSES, dependencies=[SingleValues]
)
_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "La note.",
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    404: {"model": Problem},
}


@router.get("/briefs", response_class=Response, responses=_FILES)
def read_brief(
    parameters: Annotated[BriefParameters, Query()], request: Request, principal: CurrentUser
) -> Response:
    """Return a brief of two pages: figures, stages, the most pressing structures, means."""
    principal.require_lists()
    if parameters.scenario is not None:
        principal.require_scope(Scope.RUN_SCENARIOS)
    check_taking(request, principal)
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    before = list_before(known.settings.home, publication)
    scope, schemes, home = parameters.scope(), known.schemes.get(), known.settings.home
    check_scope(scope, publication, principal)
    scenario = None
    if parameters.scenario is not None:
        scenario = load_for(home, parameters.scenario, principal.territory)
    brief = prepare_brief(
        publication,
        before,
        principal,
        scope,
        secret=known.state.secret,
        means=means_of(publication, schemes, read_capacity(home), scenario),
    )
    record_access(
        request,
        principal,
        action="brief",
        publication=publication,
        sirens=brief.sirens,
        subject={"format": parameters.format, "asked": scope.asked(), "title": brief.title}
        | ({"scenario": scenario["id"]} if scenario else {}),
    )
    body = pdf_of(brief) if parameters.format == "pdf" else html_of(brief)
    name = brief.file_name(parameters.format)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Publication": publication.id,
    }
    return Response(body, media_type=_TYPES[parameters.format], headers=headers)
