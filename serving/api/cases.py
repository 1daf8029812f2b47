"""Cases of the cells."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from serving.access.audit import record_access
from serving.access.errors import AccessError
from serving.access.principal import Principal
from serving.access.web_session import CurrentUser
from serving.api.cases_schemas import (
    CaseAnswer,
    CaseChange,
    CaseGiven,
    CaseList,
    NoteGiven,
    Status,
    case_answer,
    case_row,
)
from serving.api.parameters import NoParameters, SchemeId, SingleValues
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
from serving.cell import case_files
from serving.cell.case_reading import Sought, check_used, list_cases, read_case, whole
from serving.cell.cases import add_note, change_case, open_case
from serving.cell.register import Found, Named, resolve
from serving.cell.rights import may_read_cases, may_write_cases
from serving.services import services
from serving.state.cell_models import Case


class FileRoute(WriteRoute):
    """A route that takes a file."""

    largest = case_files.MAX_BYTES


_ABOUT: dict[str, Any] = {"prefix": "/api/v1/cases", "tags": ["cases"]}
_SIGNED = [SingleValues]
reading = APIRouter(**_ABOUT, responses=RESPONSES, dependencies=_SIGNED)
router = APIRouter(**_ABOUT, responses=WRITES, dependencies=_SIGNED, route_class=WriteRoute)
files = APIRouter(**_ABOUT, responses=WRITES, dependencies=_SIGNED, route_class=FileRoute)
Writing = Annotated[WriteRequest, Depends(writing(may_write_cases))]
Changing = Annotated[WriteRequest, Depends(changing(may_write_cases))]
_NOTHING = Annotated[NoParameters, Query()]
_PROBLEM = {"model": Problem}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BYTES = {"application/octet-stream": _BINARY}
_FILLED = {"application/octet-stream": {"schema": _BINARY["schema"] | {"minLength": 1}}}
_FILE = {"requestBody": {"required": True, "content": _FILLED}}


class CaseParameters(BaseModel):
    """Which cases."""

    model_config = ConfigDict(extra="forbid")
    siren: Annotated[Siren | None, Field(description="SIREN de la structure.")] = None
    region: Annotated[list[Region], Field(description="Code INSEE de région.")] = []
    status: Annotated[list[Status], Field(description="État du dossier.")] = []
    scheme: Annotated[list[SchemeId], Field(description="Dispositif mobilisé.", max_length=30)] = []
    mine: Annotated[bool, Field(description="Ceux qui me sont confiés.")] = False
    overdue: Annotated[bool, Field(description="Ceux dont l'échéance est passée.")] = False
    limit: Annotated[int, Field(description="Lignes par page.", ge=1, le=200)] = 50
    cursor: Cursor | None = None


@reading.get("", responses={404: _PROBLEM})
def read_list(
    parameters: Annotated[CaseParameters, Query()], request: Request, principal: CurrentUser
) -> CaseList:
    """Return the cases of your territory, the latest first."""
    may_read_cases(principal)
    sought = Sought(
        parameters.siren,
        parameters.region,
        parameters.status,
        parameters.scheme,
        parameters.mine,
        parameters.overdue,
        parameters.limit,
        parameters.cursor,
    )
    known = services(request)
    with known.state.read() as session:
        check_used(session, principal, sought.schemes, known.schemes.get().schemes)
        found, total, cursor = list_cases(session, principal, sought)
    record_access(
        request,
        principal,
        action="cases.view",
        sirens=[case.siren for case, _ in found],
        subject={"total": total, "ids": [case.id for case, _ in found]},
    )
    items = [case_row(case, login) for case, login in found]
    return CaseList(total=total, limit=parameters.limit, next_cursor=cursor, items=items)


@router.post(
    "", status_code=201, response_model=CaseAnswer, responses={201: VERSIONED, 404: _PROBLEM}
)
def create(_none: _NOTHING, body: CaseGiven, request: Request, asked: Writing) -> Response:
    """Open the case of a structure in a région: one open at a time."""
    principal = asked.principal
    known = services(request)
    (found,) = resolve(known, principal.territory, [Named(siren=body.siren)])
    _require_reach(principal, body, found)

    def act(session: Session) -> Done:
        case = open_case(
            session,
            principal,
            body.siren,
            found,
            region=body.region,
            departement=body.departement,
            given=body.model_dump(),
            catalogue=known.schemes.get().schemes,
        )
        return _done(session, principal, "case.open", case, 201, reason=body.reason or "")

    return asked.once(act)


@reading.get("/{case_id}", responses={200: VERSIONED, 404: _PROBLEM})
def read_one(
    case_id: str, _none: _NOTHING, request: Request, response: Response, principal: CurrentUser
) -> CaseAnswer:
    """Return one case with its history; its ETag is its version."""
    may_read_cases(principal)
    with services(request).state.read() as session:
        case = read_case(session, principal, case_id)
        found = whole(session, principal, case)
    subject = {"id": case.id}
    record_access(request, principal, action="case.view", sirens=[case.siren], subject=subject)
    response.headers["ETag"] = tag(case)
    return case_answer(found)


@router.patch("/{case_id}", response_model=CaseAnswer, responses={200: VERSIONED, **CHANGES})
def change(case_id: str, _none: _NOTHING, body: CaseChange, asked: Changing) -> Response:
    """Take a case further: status, outcome, who follows it, deadline, schemes."""
    known = services(asked.request)
    with known.state.read() as session:
        read_case(session, asked.principal, case_id)
    asked.require_said()
    given = body.model_dump(exclude_unset=True)
    note = given.pop("note", None) or ""
    catalogue = known.schemes.get().schemes

    def act(session: Session) -> Done:
        case = read_case(session, asked.principal, case_id)
        asked.require(case)
        changed = change_case(session, asked.principal, case, given, note, catalogue=catalogue)
        return _done(session, asked.principal, "case.change", changed, 200)

    return asked.once(act)


@router.post(
    "/{case_id}/notes",
    status_code=201,
    response_model=CaseAnswer,
    responses={201: VERSIONED, 404: _PROBLEM},
)
def note(case_id: str, _none: _NOTHING, body: NoteGiven, asked: Writing) -> Response:
    """Add a note to a case."""

    def act(session: Session) -> Done:
        case = read_case(session, asked.principal, case_id)
        changed = add_note(session, asked.principal, case, body.text)
        return _done(session, asked.principal, "case.note", changed, 201)

    return asked.once(act)


@files.post(
    "/{case_id}/attachments",
    status_code=201,
    response_model=CaseAnswer,
    responses={201: VERSIONED, 404: _PROBLEM, 415: _PROBLEM},
    openapi_extra=_FILE,
)
def add_attachment(
    case_id: str,
    _none: _NOTHING,
    request: Request,
    asked: Writing,
    file_name: Annotated[
        str,
        Header(
            alias="X-File-Name",
            description="Nom du fichier, encodé comme dans une adresse (%C3%A9 pour é).",
            min_length=1,
            max_length=600,
            json_schema_extra={"pattern": case_files.ENCODED_NAME},
        ),
    ],
) -> Response:
    """Add a file to a case: the body is the file. Its kind is read in its bytes."""
    known, principal = services(request), asked.principal
    name, content = unquote(file_name), request.state.body
    with known.state.read() as session:
        read_case(session, principal, case_id)

    def act(session: Session) -> Done:
        case = read_case(session, principal, case_id)
        case_files.attach(session, principal, case, known.settings.home, name, content)
        return _done(session, principal, "case.attachment", case, 201)

    return asked.once(act)


@reading.get(
    "/{case_id}/attachments/{attachment_id}",
    response_class=Response,
    responses={
        200: {"description": "Le fichier.", "content": _BYTES},
        404: _PROBLEM,
    },
)
def read_attachment(
    case_id: str, attachment_id: str, _none: _NOTHING, request: Request, principal: CurrentUser
) -> Response:
    """Return a file of a case, to be saved."""
    may_read_cases(principal)
    known = services(request)
    with known.state.read() as session:
        case = read_case(session, principal, case_id)
        name, media_type, content = case_files.read_file(
            known.settings.home, session, case, attachment_id
        )
    record_access(
        request,
        principal,
        action="attachment.view",
        sirens=[case.siren],
        subject={"id": case.id, "attachment": attachment_id},
    )
    said = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": said, "X-Content-Type-Options": "nosniff"}
    return Response(content, headers=headers, media_type=media_type)


def _require_reach(principal: Principal, body: CaseGiven, found: Found) -> None:
    """Ask a reason of who opens a case on a structure that is not in the territory."""
    inside = principal.may_open(found.departement, found.region)
    if inside or (body.reason and principal.may_break_glass):
        return
    raise AccessError(
        "Cette structure n'est pas dans votre territoire, ou n'est pas suivie.",
        code="outside-territory",
        where="siren",
        received=body.siren,
        expected=str(principal.territory),
        todo="Un motif (reason) ouvre un dossier dans votre région pour une structure d'ailleurs ;"
        " il est journalisé."
        if principal.may_break_glass
        else "Demandez une clé dont le territoire comprend cette structure.",
    )


def _done(
    session: Session,
    principal: Principal,
    action: str,
    case: Case,
    status: int,
    *,
    reason: str = "",
) -> Done:
    return Done(
        action,
        case_answer(whole(session, principal, case)),
        version=tag(case),
        status=status,
        subject={"id": case.id, "status": case.status, "version": case.version},
        sirens=[case.siren],
        reason=reason,
    )
