"""The audit log: who saw what, when and why. Append-only, chained, sealed with the state's secret.

Each line's hash is an HMAC of its content and of the hash before it: whoever changes, removes or
inserts a line in the database cannot make the chain whole again without the secret file.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Required, TypedDict, Unpack

from sqlalchemy import insert, select, update

from serving.state.models import AuditEntry, AuditHead
from serving.state.store import State

if TYPE_CHECKING:
    from fastapi import Request
    from sqlalchemy.orm import Session

    from serving.access.principal import Principal
    from serving.publication import Publication

_PAGE = 5_000
_FIELDS = (
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "role",
    "action",
    "publication_id",
    "subject",
    "reason",
    "request_id",
    "address",
)
_HEAD = select(AuditHead.count, AuditHead.hash).where(AuditHead.id == 1)
_LINE = insert(AuditEntry)
_SEALED = update(AuditHead).where(AuditHead.id == 1)


@dataclass(frozen=True)
class AuditReport:
    """The result of a verification: `head` is worth keeping elsewhere, it dates the log."""

    entries: int
    intact: bool
    problem: str
    broken_at: int | None
    head: str


class Said(TypedDict, total=False):
    """One line to be written: `actor` and `action` at least; `at` is now when it is not given."""

    actor: Required[str]
    action: Required[str]
    actor_id: str
    actor_kind: str
    role: str
    publication_id: str
    subject: Mapping[str, Any]
    reason: str
    request_id: str
    address: str
    at: str


def record(state: State, **said: Unpack[Said]) -> int:
    """Append one line and return its number; on the disk when this returns."""
    with state.write() as session:
        return append(session, state.secret, **said)


def append(session: Session, secret: bytes, **said: Unpack[Said]) -> int:
    """Append one line in a writing under way (`State.write`): both are kept, or neither."""
    return append_all(session, secret, [said])


def append_all(session: Session, secret: bytes, every: Iterable[Said]) -> int:
    """Append lines, in their order, as `append` does; return the number of the last one."""
    # Statements of their own, not objects of the session: a list is logged before it is shown, and
    # this takes a third of the time. Nobody writes beside: `write` gives the only writing place.
    connection = session.connection()
    count, previous = connection.execute(_HEAD).one_or_none() or (0, "")
    lines = []
    for said in every:
        count += 1
        line: dict[str, Any] = {
            "seq": count,
            "at": said.get("at") or now(),
            "actor_kind": said.get("actor_kind", "user"),
            "actor_id": said.get("actor_id", ""),
            "actor_name": _plain(said["actor"])[:200],
            "role": said.get("role", ""),
            "action": said["action"],
            "publication_id": said.get("publication_id", ""),
            "subject": json.dumps(said.get("subject") or {}, ensure_ascii=False, sort_keys=True),
            "reason": _plain(said.get("reason", "")),
            "request_id": said.get("request_id", "")[:64],
            "address": said.get("address", "")[:64],
        }
        line |= {"previous_hash": previous, "hash": _chain(secret, previous, line)}
        previous = line["hash"]
        lines.append(line)
    connection.execute(_LINE, lines)
    connection.execute(
        _SEALED, {"count": count, "hash": previous, "seal": _seal(secret, count, previous)}
    )
    return count


def now() -> str:
    """Return the moment as the log writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def record_access(
    request: Request,
    principal: Principal,
    *,
    action: str,
    publication: Publication | None = None,
    sirens: Sequence[str] = (),
    subject: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Log an access to nominative data. Call it before the answer is built.

    `sirens` are the structures shown; `subject` says how they were asked for (filters, page).
    """
    from serving.services import services

    said = access(
        request,
        principal,
        action=action,
        publication_id=publication.id if publication else "",
        sirens=sirens,
        subject=subject,
        reason=reason,
    )
    record(services(request).state, **said)


def access(
    request: Request,
    principal: Principal,
    *,
    action: str,
    publication_id: str = "",
    sirens: Sequence[str] = (),
    subject: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Said:
    """Return the line of an access, for `record` or `append`."""
    return {
        "actor": principal.login or principal.name,
        "actor_id": principal.id,
        "actor_kind": principal.kind,
        "role": principal.role.value,
        "action": action,
        "publication_id": publication_id,
        "subject": {**(subject or {}), "sirens": list(sirens)},
        "reason": reason,
        "request_id": getattr(request.state, "request_id", ""),
        "address": request.client.host if request.client else "",
    }


def verify(state: State) -> AuditReport:
    """Recompute the whole chain; the report says the first line that does not hold, if any.

    The log may grow meanwhile: its end is read after its lines, and the lines read again until
    both agree.
    """
    last, count, dry = "", 0, False
    while True:
        with state.read() as session:
            query = select(AuditEntry).where(AuditEntry.seq > count).order_by(AuditEntry.seq)
            page = session.scalars(query.limit(_PAGE)).all()
            head = session.get(AuditHead, 1)
        for entry in page:
            problem = _line_problem(state.secret, last, count + 1, entry)
            if problem:
                return AuditReport(
                    count, intact=False, problem=problem, broken_at=count + 1, head=last
                )
            last, count = entry.hash, entry.seq
        if page and (len(page) == _PAGE or (head and head.count > count)):
            continue
        problem = _head_problem(state.secret, head, count, last)
        if not problem or dry:
            break
        dry = True
    broken_at = count + 1 if problem else None
    return AuditReport(count, intact=not problem, problem=problem, broken_at=broken_at, head=last)


def _plain(text: str) -> str:
    """Return a text that both databases keep: PostgreSQL refuses NUL, and the line with it."""
    return text.replace("\0", "\ufffd")


def _line_problem(secret: bytes, last: str, expected: int, entry: AuditEntry) -> str:
    if entry.seq != expected:
        return "des lignes ont été retirées"
    if entry.previous_hash != last:
        return "la ligne ne suit pas la précédente"
    if not hmac.compare_digest(entry.hash, _chain(secret, last, vars(entry))):
        return "le contenu de la ligne a changé"
    return ""


def _head_problem(secret: bytes, head: AuditHead | None, count: int, last: str) -> str:
    if head is None:
        return "la fin du journal n'est plus tenue"
    if head.count > count:
        return "les dernières lignes ont été retirées"
    if head.count < count:
        return "des lignes ont été ajoutées sans sceau"
    if count and not hmac.compare_digest(head.seal, _seal(secret, count, last)):
        return "le sceau de la fin du journal ne correspond pas"
    return ""


def _chain(secret: bytes, previous: str, line: Mapping[str, Any]) -> str:
    content = json.dumps([previous, *(line[f] for f in _FIELDS)], ensure_ascii=False)
    return hmac.new(secret, content.encode(), hashlib.sha256).hexdigest()


def _seal(secret: bytes, count: int, last: str) -> str:
    return hmac.new(secret, f"head {count} {last}".encode(), hashlib.sha256).hexdigest()
