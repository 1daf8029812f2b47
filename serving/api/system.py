"""Health, metrics, and the description of the API."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from serving.access.errors import AccessError
from serving.access.principal import Role, Scope
from serving.access.web_session import CurrentUser
from serving.api.parameters import NoParameters
from serving.api.problems import RESPONSES
from serving.api.schemas import Health
from serving.publication import PublicationError
from serving.services import Services, services

router = APIRouter(tags=["système"])


@router.get("/health/live")
def live() -> Health:
    """Tell that the process answers."""
    return Health(status="live")


@router.get("/health/ready", responses={503: {"model": Health}})
def ready(request: Request, response: Response) -> Health:
    """Tell whether lists can be served: the database answers, a publication is loaded."""
    known = services(request)
    targets = {target: _served(known, target) for target in known.publications.targets}
    loaded = any(known.publications.current(t).peek() for t in targets)
    if not loaded or not _database_answers(known):
        response.status_code = 503
        return Health(status="not-ready", targets=targets)
    return Health(status="ready", targets=targets)


@router.get("/metrics", responses=RESPONSES, response_class=PlainTextResponse)
def metrics(request: Request, principal: CurrentUser) -> PlainTextResponse:
    """Return the counters of this process, in Prometheus' text format."""
    if principal.role is not Role.ADMIN and Scope.READ_METRICS not in principal.scopes:
        raise AccessError(
            "Les compteurs sont pour l'administration ou une clé de supervision.",
            code="missing-scope",
            expected=Scope.READ_METRICS.value,
            todo="Demandez une clé qui a cette portée.",
        )
    known = services(request)
    gauges: dict[str, float] = {}
    for target in known.publications.targets:
        current = known.publications.current(target)
        publication = current.peek()
        label = f'{{target="{target}"}}'
        gauges[f"veille_publication_loaded{label}"] = float(publication is not None)
        gauges[f"veille_publication_broken{label}"] = float(
            current.error is not None and current.error.code == "publication-corrupted"
        )
        if publication:
            gauges[f"veille_publication_structures{label}"] = publication.rows
            created = publication.manifest.created_at.timestamp()
            gauges[f"veille_publication_created_seconds{label}"] = created
    body = known.metrics.render(gauges)
    return PlainTextResponse(body, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/api/v1/openapi.json", responses=RESPONSES, include_in_schema=False)
def openapi(
    parameters: Annotated[NoParameters, Query()],  # noqa: ARG001 - refuses any parameter
    request: Request,
    principal: CurrentUser,  # noqa: ARG001 - nothing without signing in
) -> JSONResponse:
    """Return the description of this API, OpenAPI 3.1."""
    from serving.api.description import describe_api

    app: FastAPI = request.app
    app.openapi_schema = app.openapi_schema or describe_api(app.routes)
    return JSONResponse(app.openapi_schema)


def _served(known: Services, target: str) -> str:
    current = known.publications.current(target)
    if current.loading:
        return "loading"
    try:
        return current.get().id
    except PublicationError as error:
        return error.code


def _database_answers(known: Services) -> bool:
    try:
        with known.state.read() as session:
            return bool(session.scalar(text("SELECT 1")))
    except SQLAlchemyError:
        return False
