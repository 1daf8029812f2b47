"""Alerts of the cells."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from serving.access.audit import record_access
from serving.access.web_session import CurrentUser
from serving.api.alerts_schemas import (
    AlertAnswer,
    AlertChange,
    AlertFileAnswer,
    AlertGiven,
    AlertLine,
    AlertList,
    RejectedLine,
    Severity,
    Status,
    alert_answer,
)
from serving.api.parameters import NoParameters, SingleValues
from serving.api.preconditions import (
    CHANGES,
    WRITES,
    Done,
    WriteRequest,
    WriteRoute,
    changing,
    writing,
)
from serving.api.problems import RESPONSES, Problem
from serving.api.texts import Cursor, Region, Siren
from serving.api.versions import VERSIONED, tag
from serving.cell.alerts import Sought, change_alert, list_alerts, raise_alert, read_alert
from serving.cell.alerts_csv import raise_all, read_sheet
from serving.cell.register import Found, Named, resolve
from serving.cell.rights import may_read_alerts, may_write_alerts
from serving.services import services
from serving.state.cell_models import Alert

reading = APIRouter(
    prefix="/api/v1/alerts", tags=["alerts"], responses=RESPONSES, dependencies=[SingleValues]
)
router = APIRouter(
    prefix="/api/v1/alerts",
    tags=["alerts"],
    responses=WRITES,
    dependencies=[SingleValues],
    route_class=WriteRoute,
)
Writing = Annotated[WriteRequest, Depends(writing(may_write_alerts))]
Changing = Annotated[WriteRequest, Depends(changing(may_write_alerts))]
_NOTHING = Annotated[NoParameters, Query()]
#: the plainest form: other spellings, orders, separators and encodings are read too
_CSV_FORM = {"type": "string", "pattern": "^(siren|siret|rna|nom);gravite;motif[^\\x00]*$"}
_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": _CSV_FORM}}}}


class AlertParameters(BaseModel):
    """Which alerts."""

    model_config = ConfigDict(extra="forbid")
    siren: Annotated[Siren | None, Field(description="SIREN de la structure.")] = None
    region: Annotated[list[Region], Field(description="Code INSEE de région.")] = []
    severity: Annotated[Severity, Field(description="Gravité minimale.")] = 1
    status: Annotated[list[Status], Field(description="Suite donnée.")] = []
    attached: Annotated[
        bool | None, Field(description="Rattachés à une structure, ou non ; tous par défaut.")
    ] = None
    limit: Annotated[int, Field(description="Lignes par page.", ge=1, le=200)] = 50
    cursor: Cursor | None = None


@reading.get("", responses={404: {"model": Problem}})
def read_list(
    parameters: Annotated[AlertParameters, Query()], request: Request, principal: CurrentUser
) -> AlertList:
    """Return the alerts that you may read, the latest first."""
    may_read_alerts(principal)
    sought = Sought(
        parameters.siren,
        parameters.region,
        parameters.severity,
        parameters.status,
        parameters.attached,
        parameters.limit,
        parameters.cursor,
    )
    with services(request).state.read() as session:
        found, total, cursor = list_alerts(session, principal, sought)
    record_access(
        request,
        principal,
        action="alerts.view",
        sirens=[alert.siren for alert in found if alert.siren],
        subject={"total": total, "ids": [alert.id for alert in found]},
    )
    items = [alert_answer(alert) for alert in found]
    return AlertList(total=total, limit=parameters.limit, next_cursor=cursor, items=items)


@router.post(
    "",
    status_code=201,
    response_model=AlertAnswer,
    responses={201: VERSIONED, 404: {"model": Problem}},
)
def create(_none: _NOTHING, body: AlertGiven, request: Request, asked: Writing) -> Response:
    """Raise an alert about a structure, named by its SIREN, its RNA number or its exact name."""
    new, principal = body.new(), asked.principal
    (found,) = resolve(services(request), principal.territory, [new.named])

    def act(session: Session) -> Done:
        alert = raise_alert(session, principal, new, found)
        return _done("alert.create", alert, 201)

    return asked.once(act)


@router.post("/csv", status_code=201, response_model=AlertFileAnswer, openapi_extra=_CSV)
def create_from_file(_none: _NOTHING, request: Request, asked: Writing) -> Response:
    """Raise the alerts of a CSV file: each line is kept, or rejected with its reason."""
    principal, known = asked.principal, services(request)
    sheet = read_sheet(request.state.body)

    def act(session: Session) -> Done:
        kept, rejected = raise_all(session, known, principal, sheet)
        answer = AlertFileAnswer(
            lines=len(kept) + len(rejected),
            kept=len(kept),
            merged=sum(alert.merged_into is not None for _, alert in kept),
            unattached=sum(alert.siren is None for _, alert in kept),
            rejected=len(rejected),
            alerts=[AlertLine(line=line, alert=alert_answer(alert)) for line, alert in kept],
            rejects=[RejectedLine(**vars(one)) for one in rejected],
        )
        sirens = [alert.siren for _, alert in kept if alert.siren]
        subject = {"kept": answer.kept, "rejected": answer.rejected}
        return Done("alert.file", answer, status=201, subject=subject, sirens=sirens)

    return asked.once(act)


@reading.get("/{alert_id}", responses={200: VERSIONED, 404: {"model": Problem}})
def read_one(
    alert_id: str,
    _none: _NOTHING,
    request: Request,
    response: Response,
    principal: CurrentUser,
) -> AlertAnswer:
    """Return one alert, with the answer to its sender; its ETag is its version."""
    may_read_alerts(principal)
    with services(request).state.read() as session:
        alert = read_alert(session, principal, alert_id)
    sirens = [alert.siren] if alert.siren else []
    subject = {"id": alert.id}
    record_access(request, principal, action="alert.view", sirens=sirens, subject=subject)
    response.headers["ETag"] = tag(alert)
    return alert_answer(alert)


@router.patch(
    "/{alert_id}",
    response_model=AlertAnswer,
    responses={200: VERSIONED, **CHANGES},
)
def change(
    alert_id: str,
    _none: _NOTHING,
    body: AlertChange,
    request: Request,
    asked: Changing,
) -> Response:
    """Answer the sender, follow, attach by hand or withdraw an alert."""
    principal = asked.principal
    with services(request).state.read() as session:
        read_alert(session, principal, alert_id)
    asked.require_said()
    found = Found()
    if body.siren:
        (found,) = resolve(services(request), principal.territory, [Named(siren=body.siren)])

    def act(session: Session) -> Done:
        alert = read_alert(session, principal, alert_id)
        asked.require(alert)
        changed = change_alert(session, principal, alert, body.model_dump(), found)
        return _done("alert.change", changed, 200)

    return asked.once(act)


def _done(action: str, alert: Alert, status: int) -> Done:
    return Done(
        action,
        alert_answer(alert),
        version=tag(alert),
        status=status,
        subject={"id": alert.id, "status": alert.status},
        sirens=[alert.siren] if alert.siren else [],
    )
