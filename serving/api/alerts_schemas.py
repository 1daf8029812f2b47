"""Alerts, as they are given and as they are answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from serving.api.texts import Departement, Long, Name, Region, Rna, Short, Siren
from serving.cell.alerts import NewAlert
from serving.cell.register import Named
from serving.state.cell_models import Alert

Confidentiality = Literal["cell", "territory", "national"]
Status = Literal["open", "acknowledged", "handled", "withdrawn"]
Severity = Annotated[int, Field(ge=1, le=3, description="1 faible, 2 moyenne, 3 forte.")]

_UNATTACHED = {
    "unknown": "Aucune structure connue ne porte cet identifiant ou ce nom : le signalement est"
    " gardé sans rattachement.",
    "ambiguous": "Plusieurs structures portent ce nom ou ce numéro : le signalement est gardé sans"
    " rattachement.",
}
_ATTACHED = {
    "siren": "Rattaché par son SIREN.",
    "rna": "Rattaché par son numéro RNA.",
    "name": "Rattaché par son nom exact, que porte une seule structure.",
    "hand": "Rattaché à la main.",
}


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _one_of(*names: str) -> dict[str, Any]:
    """Return the part of a schema that asks for one at least of some texts."""
    return {
        "anyOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in names]
    }


class AlertGiven(_Given):
    """A new alert: one of siren, rna, name; the région that will follow it if it is not yours."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_one_of("siren", "rna", "name"))

    siren: Siren | None = None
    rna: Rna | None = None
    name: Name | None = None
    region: Region | None = None
    departement: Departement | None = None
    severity: Severity
    reason: Long
    source: Short
    confidentiality: Confidentiality = "territory"
    raised_on: date | None = None

    def new(self) -> NewAlert:
        """Return what the act takes."""
        named = Named(self.siren, self.rna, self.name, self.departement, self.region)
        return NewAlert(
            named, self.severity, self.reason, self.source, self.confidentiality, self.raised_on
        )


class AlertChange(_Given):
    """An answer to the sender, another status, a structure found by hand: one at least."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=_one_of("status", "feedback", "siren")
    )

    status: Status | None = None
    feedback: Long | None = None
    siren: Siren | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.status or self.feedback or self.siren):
            raise PydanticCustomError("nothing", "nothing")
        return self


class AlertAnswer(BaseModel):
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


class AlertList(BaseModel):
    """A page of alerts, the latest first; `total` is the number of all of them."""

    total: int
    limit: int
    next_cursor: str | None
    items: list[AlertAnswer]


class AlertLine(BaseModel):
    """A line of a file that was kept."""

    line: int
    alert: AlertAnswer


class RejectedLine(BaseModel):
    """A line of a file that was not kept, and why."""

    line: int
    column: str
    value: str | None
    code: str
    reason: str


class AlertFileAnswer(BaseModel):
    """What became of a file: every line is kept or rejected. `merged` counts among the kept."""

    lines: int
    kept: int
    merged: int
    unattached: int
    rejected: int
    alerts: list[AlertLine]
    rejects: list[RejectedLine]


def alert_answer(alert: Alert) -> AlertAnswer:
    """Return an alert as it is answered."""
    message = _ATTACHED.get(alert.matched_by or "") or _UNATTACHED[alert.unattached or "unknown"]
    if alert.merged_into:
        message = f"Déjà signalé : réuni au signalement {alert.merged_into}. {message}"
    return AlertAnswer(
        id=alert.id,
        siren=alert.siren,
        rna=alert.rna,
        name=alert.name,
        attached=alert.siren is not None,
        matched_by=alert.matched_by,
        unattached=alert.unattached,
        region=alert.region,
        departement=alert.departement,
        severity=alert.severity,
        reason=alert.reason,
        source=alert.source,
        confidentiality=alert.confidentiality,
        raised_on=alert.raised_on,
        status=alert.status,
        feedback=alert.feedback,
        merged_into=alert.merged_into,
        created_at=alert.created_at,
        created_by=alert.created_by_name,
        updated_at=alert.updated_at,
        version=alert.version,
        message=message,
    )
