"""The barometer: figures without any name, the same for every reader."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from serving.access.web_session import CurrentUser
from serving.api.barometer_schemas import Barometer
from serving.api.caching import fresh, unchanged
from serving.api.parameters import SingleValues, TargetParameters
from serving.api.problems import RESPONSES
from serving.cell.barometer.act import barometer
from serving.cell.barometer.dimensions import By
from serving.services import services

router = APIRouter(
    prefix="/api/v1", tags=["barometer"], responses=RESPONSES, dependencies=[SingleValues]
)


class BarometerParameters(TargetParameters):
    """By what."""

    by: Annotated[By, Field(description="Ce que sont les lignes.")] = By.REGION


@router.get("/barometer")
def read_barometer(
    parameters: Annotated[BarometerParameters, Query()],
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> Barometer:
    """Return the barometer by région, département, sector, family, funder or programme."""
    principal.require_barometer()
    known = services(request).publications
    publication = known.current(parameters.target).get()
    if fresh(request, response, publication, principal):
        raise unchanged(response)
    found = barometer(publication, parameters.by, known.earlier(publication))
    return Barometer.model_validate(found)
