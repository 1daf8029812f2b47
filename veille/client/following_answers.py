"""What the API answers about alerts and cases: the same as `serving/api/*_schemas.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from veille.client.answers import Answer


class AlertAnswer(Answer):
    """An alert. `merged_into` is the one that said it first; `message` says what became of it."""

    id: str
    siren: str | None
    rna: str | None
    name: str | None
    attached: bool
    matched_by: str | None
    unattached: str | None
    region: str
    departement: str | None
    severity: int
    reason: str
    source: str
    confidentiality: str
    raised_on: date
    status: str
    feedback: str
    merged_into: str | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    version: int
    message: str


class AlertList(Answer):
    """A page of alerts, the latest first; `total` is the number of all of them."""

    total: int
    limit: int
    next_cursor: str | None
    items: list[AlertAnswer]


class AlertLine(Answer):
    """A line of a file that was kept."""

    line: int
    alert: AlertAnswer


class RejectedLine(Answer):
    """A line of a file that was not kept, and why."""

    line: int
    column: str
    value: str | None
    code: str
    reason: str


class AlertFileAnswer(Answer):
    """What became of a file: every line is kept or rejected."""

    lines: int
    kept: int
    merged: int
    unattached: int
    rejected: int
    alerts: list[AlertLine]
    rejects: list[RejectedLine]


class CaseRow(Answer):
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


class CaseEventAnswer(Answer):
    """One thing that happened: `opened`, `changed`, `note` or `attachment`."""

    number: int
    at: datetime
    kind: str
    changes: dict[str, Any]
    text: str
    by: str


class AttachmentAnswer(Answer):
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


class CaseList(Answer):
    """A page of cases, the latest first; `total` is the number of all of them."""

    total: int
    limit: int
    next_cursor: str | None
    items: list[CaseRow]
