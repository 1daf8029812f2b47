"""Cases, as they are given and as they are answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from serving.api.parameters import SchemeId
from serving.api.texts import Departement, Long, Reason, Region, Short, Siren
from serving.cell.case_reading import Whole
from serving.state.cell_models import Case, CaseAttachment, CaseEvent

Status = Literal["to_qualify", "contacted", "oriented", "in_support", "closed"]
Outcome = Literal["saved", "failed", "merged", "out_of_scope", "declined", "unreachable"]
Schemes = Annotated[list[SchemeId], Field(max_length=30)]


class CaseGiven(BaseModel):
    """A case to open; `reason` when the structure is not in your territory (logged)."""

    model_config = ConfigDict(extra="forbid")

    siren: Siren
    region: Region | None = None
    departement: Departement | None = None
    reason: Reason | None = None
    assignee: Short | None = None
    due_on: date | None = None
    schemes: Schemes = []
    note: Long | None = None


#: an end comes with its outcome, an outcome with the end
_ENDS: dict[str, Any] = {
    "minProperties": 1,
    "oneOf": [
        {
            "required": ["status", "outcome"],
            "properties": {"status": {"const": "closed"}, "outcome": {"type": "string"}},
        },
        {
            "properties": {
                "status": {"enum": [*(s for s in get_args(Status) if s != "closed"), None]},
                "outcome": {"type": "null"},
            }
        },
    ],
}


class CaseChange(BaseModel):
    """What changes; what is not given stays. `assignee` and `due_on` may be null."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_ENDS)

    status: Status | None = None
    outcome: Outcome | None = None
    assignee: Short | None = None
    due_on: date | None = None
    schemes: Schemes | None = None
    note: Long | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "nothing")
        return self


class NoteGiven(BaseModel):
    """A note."""

    model_config = ConfigDict(extra="forbid")

    text: Long


class CaseRow(BaseModel):
    """A case in a list."""

    id: str
    siren: str
    name: str | None
    region: str
    departement: str | None
    status: str
    outcome: str | None
    assignee: str | None
    due_on: date | None
    schemes: list[str]
    previous_case: str | None
    opened_at: datetime
    opened_by: str
    updated_at: datetime
    closed_at: datetime | None
    version: int


class CaseEventAnswer(BaseModel):
    """One thing that happened: `opened`, `changed`, `note` or `attachment`; never rewritten."""

    number: int
    at: datetime
    kind: str
    changes: dict[str, Any]
    text: str
    by: str


class AttachmentAnswer(BaseModel):
    """A file of a case."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    added_at: datetime
    added_by: str


class CaseAnswer(CaseRow):
    """A case, with its history, its files, and the other cases of the structure you may read."""

    events: list[CaseEventAnswer]
    attachments: list[AttachmentAnswer]
    other_cases: list[str]


class CaseList(BaseModel):
    """A page of cases, the latest first; `total` is the number of all of them."""

    total: int
    limit: int
    next_cursor: str | None
    items: list[CaseRow]


def case_row(case: Case, assignee: str | None) -> CaseRow:
    """Return a case as a list shows it."""
    return CaseRow(**_columns(case, assignee))


def case_answer(whole: Whole) -> CaseAnswer:
    """Return a case as it is answered."""
    return CaseAnswer(
        **_columns(whole.case, whole.assignee),
        events=[_event(event) for event in whole.events],
        attachments=[_file(file) for file in whole.attachments],
        other_cases=whole.others,
    )


def _columns(case: Case, assignee: str | None) -> dict[str, Any]:
    own = {name: getattr(case, name) for name in CaseRow.model_fields if hasattr(case, name)}
    return own | {"assignee": assignee, "opened_by": case.opened_by_name}


def _event(event: CaseEvent) -> CaseEventAnswer:
    return CaseEventAnswer(
        number=event.number,
        at=event.at,
        kind=event.kind,
        changes=event.changes,
        text=event.text,
        by=event.by_name,
    )


def _file(file: CaseAttachment) -> AttachmentAnswer:
    return AttachmentAnswer(
        id=file.id,
        name=file.name,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        added_at=file.added_at,
        added_by=file.added_by_name,
    )
