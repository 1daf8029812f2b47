"""Tables of what the cell writes: alerts, cases, their history, and the answers kept by key."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from serving.state.models import Base

_OPEN = text("status <> 'closed'")


class KeptAnswer(Base):
    """The answer that a write got, given again to who repeats it with the same key."""

    __tablename__ = "idempotency"

    principal_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    content: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, Any]]
    audit: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Alert(Base):
    """A warning about a structure; `merged_into` is the one that said it first.

    `siren` is null while it is attached to nobody, and `unattached` then says why.
    """

    __tablename__ = "alerts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    siren: Mapped[str | None] = mapped_column(String(9), index=True)
    rna: Mapped[str | None] = mapped_column(String(10))
    name: Mapped[str | None] = mapped_column(String(300))
    matched_by: Mapped[str | None] = mapped_column(String(10))
    unattached: Mapped[str | None] = mapped_column(String(20))
    region: Mapped[str] = mapped_column(String(3), index=True)
    departement: Mapped[str | None] = mapped_column(String(3))
    severity: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    reason_key: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(120))
    confidentiality: Mapped[str] = mapped_column(String(12))
    raised_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(12))
    feedback: Mapped[str] = mapped_column(Text)
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("alerts.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    created_by: Mapped[str] = mapped_column(String(64))
    created_by_name: Mapped[str] = mapped_column(String(200))
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)


class Case(Base):
    """The follow-up of a structure in a région: what its events say, kept for the lists."""

    __tablename__ = "cases"
    __table_args__ = (
        Index(
            "ux_cases_open",
            "siren",
            "region",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    siren: Mapped[str] = mapped_column(String(9), index=True)
    name: Mapped[str | None] = mapped_column(String(300))
    region: Mapped[str] = mapped_column(String(3), index=True)
    departement: Mapped[str | None] = mapped_column(String(3))
    previous_case: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    status: Mapped[str] = mapped_column(String(12), index=True)
    outcome: Mapped[str | None] = mapped_column(String(20))
    assignee_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    due_on: Mapped[date | None]
    schemes: Mapped[list[str]]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str] = mapped_column(String(64))
    opened_by_name: Mapped[str] = mapped_column(String(200))
    updated_at: Mapped[datetime] = mapped_column(index=True)
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)


class CaseEvent(Base):
    """One thing that happened to a case: added, never changed, the database sees to it."""

    __tablename__ = "case_events"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(20))
    changes: Mapped[dict[str, Any]]
    text: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(64))
    by_name: Mapped[str] = mapped_column(String(200))


class CaseAttachment(Base):
    """A file of a case; its bytes are under the home, named by their sha256."""

    __tablename__ = "case_attachments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime]
    added_by_name: Mapped[str] = mapped_column(String(200))
