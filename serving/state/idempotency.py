"""Writes that may be repeated: one effect for one key, and the same answer to whoever repeats.

The effect and the answer are kept by one transaction, in the only writing place of the state: two
writers with the same key wait for each other, and the second one finds the answer of the first.
A refusal keeps nothing: repeated, the write is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from data.errors import VeilleError
from serving.state.cell_models import KeptAnswer

#: how long an answer is kept
KEPT = timedelta(hours=48)
LONGEST_KEY = 200


class IdempotencyError(VeilleError):
    """A write that cannot be told from another."""

    def __init__(self, what: str, *, code: str, status: int, **more: str) -> None:
        super().__init__(what, code=code, where="Idempotency-Key", **more)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What a write answers: `content` is the text of the body, `audit` what the log says of it."""

    status: int
    content: str
    headers: Mapping[str, str] = field(default_factory=dict)
    audit: Mapping[str, Any] = field(default_factory=dict)


def once(
    session: Session, principal_id: str, key: str, digest: str, act: Callable[[], Answer]
) -> tuple[Answer, bool]:
    """Do what was not done, or return the answer it got, and whether it is that one.

    Parameters
    ----------
    session : Session
        Of `State.write`: what `act` writes is kept with its answer, or neither is.
    principal_id, key : str
        Who asks, and the key of the request: the same key of another caller is another key.
    digest : str
        What is asked: sha256 of all that can change the answer.
    act : callable
        Does it, by this session.

    Raises
    ------
    IdempotencyError
        409 `idempotency-key-reused`: this key came with another request.
    """
    now = datetime.now(UTC)
    kept = session.get(KeptAnswer, (principal_id, key))
    if kept is not None and kept.expires_at > now:
        if kept.digest != digest:
            raise IdempotencyError(
                "Cette clé d'idempotence a déjà servi à une autre demande.",
                code="idempotency-key-reused",
                status=409,
                received=key,
                expected="la demande d'origine, octet pour octet, ou une clé nouvelle",
                todo="Prenez une clé nouvelle (un UUID) pour chaque demande différente.",
            )
        return Answer(kept.status, kept.content, kept.headers, kept.audit), True
    answer = act()
    session.execute(delete(KeptAnswer).where(KeptAnswer.expires_at <= now))
    session.add(
        KeptAnswer(
            principal_id=principal_id,
            key=key,
            digest=digest,
            status=answer.status,
            content=answer.content,
            headers=dict(answer.headers),
            audit=dict(answer.audit),
            created_at=now,
            expires_at=now + KEPT,
        )
    )
    return answer, False
