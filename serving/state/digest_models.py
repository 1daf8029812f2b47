"""Tables of the digest: who is told of a new publication, and what became of each message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.state.models import Base


class DigestSubscription(Base):
    """Who is told: an account, by e-mail, or an address that a webhook calls.

    The territory of an account is its own, read at each sending; `regions` and `departements` are
    those of a webhook. The secret that signs a webhook is not kept: it is made from the id.
    """

    __tablename__ = "digest_subscriptions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True)
    url: Mapped[str | None] = mapped_column(Text)
    regions: Mapped[list[str]]
    departements: Mapped[list[str]]
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class DigestDelivery(Base):
    """One message: a publication told to a subscription, once. `id` is the message's own.

    `figures` is what it says (counts only), kept so that each attempt says the same.
    """

    __tablename__ = "digest_deliveries"
    __table_args__ = (
        Index("ix_digest_once", "subscription_id", "target", "publication_id", unique=True),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("digest_subscriptions.id"))
    target: Mapped[str] = mapped_column(String(60))
    publication_id: Mapped[str] = mapped_column(String(80))
    figures: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(Integer)
    error: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
