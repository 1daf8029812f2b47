"""Beside a structure: its orientation, its funding year by year, those like it; the catalogue."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from serving.access.audit import record_access
from serving.access.principal import Principal, Scope
from serving.access.pseudonym import pseudonymise
from serving.access.sources import withheld
from serving.access.web_session import CurrentUser
from serving.api.caching import fresh, unchanged
from serving.api.opening import asked_siren, open_structure, shown
from serving.api.orientation_schemas import (
    SchemeList,
    SimilarStructures,
    StructureHistory,
    StructureOrientation,
)
from serving.api.parameters import NoParameters, OpeningParameters, SingleValues
from serving.api.problems import RESPONSES, Problem
from serving.cell.marks import alert_marks
from serving.cell.neighbours import similar
from serving.cell.orient import orient
from serving.cell.orientation import Oriented
from serving.cell.past import funding_years
from serving.cell.stages import LABELS
from serving.detail import trend
from serving.publication import Publication
from serving.services import Services, services

router = APIRouter(prefix="/api/v1", responses=RESPONSES, dependencies=[SingleValues])
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


class HistoryParameters(OpeningParameters):
    """A page of whole years, the last first."""

    years: Annotated[int, Field(description="Années par page.", ge=1, le=30)] = 10
    before: Annotated[
        int | None, Field(description="next_before de la page précédente.", ge=1900, le=2200)
    ] = None


class SimilarParameters(OpeningParameters):
    """The most alike."""

    limit: Annotated[int, Field(description="Structures au plus.", ge=1, le=50)] = 10


@router.get("/structures/{siren}/orientation", tags=["structures"], responses=_MISSING)
def read_orientation(
    siren: str,
    parameters: Annotated[OpeningParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> StructureOrientation:
    """Return which schemes may help a structure, at which stage, by which criteria, and why."""
    known, publication, position = _opened(siren, parameters, request, principal)
    catalogue = known.schemes.get()
    if fresh(request, response, publication, principal, catalogue.digest):
        raise unchanged(response)
    reading = orient(publication, position, principal, catalogue)
    candidates = _seen(request, principal, publication, reading.candidates, "structure.neighbours")
    stage = reading.found.stage
    return StructureOrientation.model_validate(
        _head(publication, position, principal, known)
        | {
            "catalogue": catalogue.digest,
            "stage": stage.name,
            "stage_label": LABELS[stage.name] if stage.name else "",
            "stage_why": stage.why,
            "reserved": withheld(principal.sources),
            "schemes": [
                _scheme(one, [_reader(row, principal, known) for row in candidates])
                for one in reading.found.schemes
            ],
        }
    )


@router.get("/structures/{siren}/history", tags=["structures"], responses=_MISSING)
def read_history(
    siren: str,
    parameters: Annotated[HistoryParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> StructureHistory:
    """Return the public funding of a structure by year and funder, and its trend."""
    known, publication, position = _opened(siren, parameters, request, principal)
    if fresh(request, response, publication, principal):
        raise unchanged(response)
    digits, horizon = publication.row(position)["siren"], publication.main_horizon
    years, next_before = funding_years(
        publication, digits, years=parameters.years, before=parameters.before
    )
    if not principal.nominative:
        hidden = {"funder_id": None, "funder_name": None}
        for year in years:
            year["funders"] = [line | hidden for line in year["funders"]]
    published = [*known.publications.earlier(publication), publication]
    return StructureHistory.model_validate(
        _head(publication, position, principal, known)
        | {
            "horizon_months": horizon,
            "years": years,
            "next_before": next_before,
            "trend": trend(digits, published, horizon),
        }
    )


@router.get("/structures/{siren}/similar", tags=["structures"], responses=_MISSING)
def read_similar(
    siren: str,
    parameters: Annotated[SimilarParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> SimilarStructures:
    """Return the structures of your territory that are most like this one."""
    known, publication, position = _opened(siren, parameters, request, principal)
    found = similar(publication, position, principal.territory, limit=parameters.limit)
    sirens = [f"{publication.array('_siren')[i]:09d}" for i in found.positions]
    with known.state.read() as session:
        marks = alert_marks(session, principal, sirens)
    if fresh(request, response, publication, principal, str(marks)):
        raise unchanged(response)
    rows = _seen(request, principal, publication, found.positions, "structure.similar")
    horizon = publication.main_horizon
    return SimilarStructures.model_validate(
        _head(publication, position, principal, known)
        | {
            "horizon_months": horizon,
            "compared_on": found.compared_on,
            "items": [shown(row, principal, known, horizon, marks) for row in rows],
        }
    )


@router.get("/schemes", tags=["catalogue"])
def list_schemes(
    parameters: Annotated[NoParameters, Query()],  # noqa: ARG001 - refuses any parameter
    request: Request,
    principal: CurrentUser,
) -> SchemeList:
    """Return the catalogue of schemes."""
    principal.require_scope(Scope.READ_CATALOGUE)
    catalogue = services(request).schemes.get()
    items = [asdict(scheme) for scheme in catalogue.schemes.values()]
    return SchemeList.model_validate({"catalogue": catalogue.digest, "items": items})


def _opened(
    siren: str, parameters: OpeningParameters, request: Request, principal: Principal
) -> tuple[Services, Publication, int]:
    principal.require_lists()
    known = services(request)
    publication = known.publications.current(parameters.target).get()
    digits = asked_siren(siren, principal, known)
    return (
        known,
        publication,
        open_structure(request, principal, publication, digits, parameters.reason),
    )


def _seen(
    request: Request,
    principal: Principal,
    publication: Publication,
    positions: list[int],
    action: str,
) -> list[dict[str, Any]]:
    """Return the rows of other structures, after their reading is logged."""
    rows = publication.take(positions)
    if rows:
        record_access(
            request,
            principal,
            action=action,
            publication=publication,
            sirens=[row["siren"] for row in rows] if principal.nominative else (),
        )
    return rows


def _head(
    publication: Publication, position: int, principal: Principal, known: Services
) -> dict[str, Any]:
    row = _reader(publication.row(position), principal, known)
    return {
        "publication": publication.id,
        "target": publication.target,
        "as_of": publication.manifest.as_of,
        "synthetic": publication.manifest.synthetic,
        "siren": row["siren"],
        "pseudonym": row["pseudonym"],
    }


def _reader(row: dict[str, Any], principal: Principal, known: Services) -> dict[str, Any]:
    if principal.nominative:
        return row | {"pseudonym": None}
    return pseudonymise(row, known.state.secret)


def _scheme(one: Oriented, candidates: list[dict[str, Any]]) -> dict[str, Any]:
    scheme = one.scheme
    shared = any(criterion.kind == "neighbours" for criterion in scheme.criteria)
    return {
        **asdict(scheme),
        "stage": one.stage,
        "verdict": one.verdict,
        "priority": one.priority,
        "why": one.why,
        "drivers": one.drivers,
        "criteria": [asdict(criterion) for criterion in one.criteria],
        "decided_by": [asdict(criterion) for criterion in one.decided_by],
        "candidates": candidates if shared else [],
    }
