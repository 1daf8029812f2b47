"""What became of each message: made once for a publication and a subscription, tried, sent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from serving.cell.digest.figures import Figures
from serving.cell.digest.subscriptions import Recipient
from serving.state.digest_models import DigestDelivery
from serving.state.store import State

PENDING, SENT, GIVEN_UP = "pending", "sent", "given-up"


@dataclass(frozen=True)
class Delivery:
    """A message and where it stands; `id` is the same at each attempt."""

    id: str
    status: str
    attempts: int
    error: str
    created_at: datetime
    figures: Figures


def delivery_of(
    state: State, recipient: Recipient, target: str, publication_id: str
) -> Delivery | None:
    """Return the message already made for a recipient and a publication, if any."""
    with state.read() as session:
        row = session.scalar(
            select(DigestDelivery).where(
                DigestDelivery.subscription_id == recipient.id,
                DigestDelivery.target == target,
                DigestDelivery.publication_id == publication_id,
            )
        )
    return _read(row) if row else None


def open_delivery(state: State, recipient: Recipient, said: Figures) -> Delivery:
    """Note a message to send; the database refuses a second one for the same publication."""
    row = DigestDelivery(
        id=f"msg_{secrets.token_hex(12)}",
        subscription_id=recipient.id,
        target=said.target,
        publication_id=said.publication,
        figures=said.model_dump(mode="json"),
        status=PENDING,
        attempts=0,
        error="",
        created_at=datetime.now(UTC),
        sent_at=None,
    )
    with state.write() as session:
        session.add(row)
    return _read(row)


def begin_attempt(state: State, delivery: Delivery) -> int:
    """Count an attempt before it is made, so that a killed run counts; return their number."""
    with state.write() as session:
        row = session.get_one(DigestDelivery, delivery.id)
        row.attempts += 1
        return row.attempts


def end_attempt(state: State, delivery: Delivery, status: str, error: str = "") -> None:
    """Note what the attempt gave."""
    with state.write() as session:
        row = session.get_one(DigestDelivery, delivery.id)
        row.status, row.error = status, error[:200]
        row.sent_at = datetime.now(UTC) if status == SENT else None


def _read(row: DigestDelivery) -> Delivery:
    return Delivery(
        id=row.id,
        status=row.status,
        attempts=row.attempts,
        error=row.error,
        created_at=row.created_at,
        figures=Figures.model_validate(row.figures),
    )
