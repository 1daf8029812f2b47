"""What every write of the API goes through: key of idempotency, version expected, CSRF, audit.

A router of writes takes `route_class=WriteRoute`; an endpoint asks for `writing` (POST) or for
`changing` (PATCH of something that has a version), with the check of access that comes first::

    Write = Annotated[WriteRequest, Depends(writing(may_write_alerts))]

    @router.post("/alerts", status_code=201, response_model=AlertAnswer, responses=WRITES)
    def raise_alert(body: NewAlert, asked: Write) -> Response:
        return asked.once(lambda session: Done("alert.create", shown(...), status=201))

`once` gives one transaction to the act, the line of the audit log and the answer kept: all or none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy.orm import Session

from serving.access.audit import access, append, record
from serving.access.errors import AccessError
from serving.access.principal import Principal
from serving.access.web_session import CurrentUser, check_csrf
from serving.api.problems import RESPONSES, TITLES, Problem
from serving.api.versions import (
    IF_MATCH,
    PreconditionError,
    Versioned,
    require_current,
    require_said,
    versions_of,
)
from serving.services import services
from serving.state.idempotency import LONGEST_KEY, Answer, IdempotencyError, once

if TYPE_CHECKING:
    from starlette.types import Message

#: bytes of a body of JSON; routes of files say more by `WriteRoute.largest`
MAX_BYTES = 1024 * 1024
REPLAYED = "Idempotent-Replayed"
#: bare, or in the quotes that the draft of the header asks for: the same key
_SIGNS = f"[!#-~]{{1,{LONGEST_KEY}}}"
_KEY_PATTERN = f'^({_SIGNS}|"{_SIGNS}")$'

WRITES: dict[int | str, dict[str, Any]] = RESPONSES | {
    status: {"model": Problem, "description": TITLES[status]} for status in (400, 409, 413)
}
CHANGES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": TITLES[status]} for status in (404, 412)
}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class WriteRoute(APIRoute):
    """A route that reads the body of a write itself: not without end, and with its sha256."""

    largest = MAX_BYTES

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        answer, largest = super().get_route_handler(), self.largest

        async def limited(request: Request) -> Response:
            size, parts, digest = 0, [], hashlib.sha256()
            async for part in request.stream():
                size += len(part)
                if size > largest:
                    raise PreconditionError(
                        "Le corps de la demande n'est pas accepté.",
                        code="bad-request-body",
                        status=413,
                        where="corps",
                        received=f"plus de {largest} octets",
                        expected=f"au plus {largest} octets",
                    )
                digest.update(part)
                parts.append(part)
            whole = b"".join(parts)
            request.state.body, request.state.body_sha256 = whole, digest.hexdigest()

            given = False

            async def again() -> Message:
                nonlocal given
                if given:
                    return await request.receive()
                given = True
                return {"type": "http.request", "body": whole, "more_body": False}

            return await answer(Request(request.scope, again))

        return limited


@dataclass(frozen=True)
class Done:
    """What an act did: its name in the audit log, what is answered, the version (ETag) it shows.

    `subject`, `sirens` and `reason` are for the log.
    """

    action: str
    content: BaseModel
    version: str | None = None
    status: int = 200
    subject: Mapping[str, Any] = field(default_factory=dict)
    sirens: Sequence[str] = ()
    reason: str = ""


@dataclass(frozen=True)
class WriteRequest:
    """A write asked for: by whom, under which key, of which version (of a change)."""

    request: Request
    principal: Principal
    key: str
    versions: tuple[str, ...] = ()

    def require_said(self) -> None:
        """Refuse a change without version: PreconditionError 400 `version-expected`."""
        require_said(self.versions)

    def require(self, thing: Versioned) -> None:
        """Refuse a change of another version: PreconditionError as `versions.require_current`."""
        require_current(self.versions, thing)

    def once(self, act: Callable[[Session], Done]) -> Response:
        """Do it and answer, or answer as the first time; logged before it is answered."""
        state = services(self.request).state

        def made() -> Answer:
            done = act(session)
            return Answer(
                done.status,
                done.content.model_dump_json(),
                {} if done.version is None else {"ETag": done.version},
                {
                    "action": done.action,
                    "sirens": list(done.sirens),
                    "subject": dict(done.subject),
                    "reason": done.reason,
                },
            )

        try:
            with state.write() as session:
                answer, replayed = once(session, self.principal.id, self.key, self._digest(), made)
                said = dict(answer.audit)
                said["subject"] = {**said["subject"], **({"replayed": True} if replayed else {})}
                append(session, state.secret, **access(self.request, self.principal, **said))
        except AccessError as error:
            asked = {"path": self.request.url.path, "code": error.code}
            refused = access(self.request, self.principal, action="write.refused", subject=asked)
            record(state, **refused)
            raise
        headers = {**answer.headers, REPLAYED: "true" if replayed else "false"}
        return Response(
            answer.content, answer.status, headers=headers, media_type="application/json"
        )

    def _digest(self) -> str:
        """Return the sha256 of all that can change the answer: who asks may have lost rights."""
        asked = [
            self.request.method,
            self.request.url.path,
            self.request.url.query,
            self.request.headers.get("content-type", ""),
            ",".join(self.versions),
            self.request.state.body_sha256,
            self.request.headers.get("x-file-name", ""),
            self.principal.role.value,
            str(self.principal.territory),
        ]
        return hashlib.sha256("\n".join(asked).encode()).hexdigest()


_KEY = Header(
    alias="Idempotency-Key",
    description="Un texte nouveau pour chaque demande (un UUID) ; le même pour la répéter.",
    json_schema_extra={"minLength": 1, "maxLength": LONGEST_KEY + 2, "pattern": _KEY_PATTERN},
)
_CSRF = Header(
    alias="X-CSRF-Token",
    description="Jeton de formulaire de la session ; inutile avec une clé d'API.",
)


def writing(allow: Callable[[Principal], None]) -> Callable[..., WriteRequest]:
    """Return a dependency that gives a write; `allow` raises where the caller may not write so.

    Raises (the dependency)
    ------
    AccessError
        What `allow` says; 403 `csrf`: a session without the word of its own pages.
    IdempotencyError
        400 `idempotency-key-missing`, `bad-idempotency-key`.
    """

    def write(
        request: Request,
        principal: CurrentUser,
        key: Annotated[str | None, _KEY] = None,
        csrf: Annotated[str | None, _CSRF] = None,
    ) -> WriteRequest:
        allow(principal)
        if principal.kind == "user":
            check_csrf(principal, csrf)
        return WriteRequest(request, principal, _checked(key))

    return write


def changing(allow: Callable[[Principal], None]) -> Callable[..., WriteRequest]:
    """Return a dependency that gives a change of a given version, allowed as by `writing`.

    The endpoint asks for the version (`require_said`, then `require` in the act) once it has found
    what is changed: what does not exist has no version.
    """

    # As a default: an annotation is read where `allow` is not known.
    asked_first = Depends(writing(allow))

    def change(
        asked: WriteRequest = asked_first,
        if_match: Annotated[str | None, IF_MATCH] = None,
    ) -> WriteRequest:
        return WriteRequest(asked.request, asked.principal, asked.key, versions_of(if_match))

    return change


def _checked(key: str | None) -> str:
    if not key:
        raise IdempotencyError(
            "Une écriture porte une clé d'idempotence.",
            code="idempotency-key-missing",
            status=400,
            expected="Idempotency-Key: un UUID, par exemple",
            todo="Mettez un texte nouveau pour chaque demande, et le même pour la répéter.",
        )
    if not re.fullmatch(_KEY_PATTERN, key):
        raise IdempotencyError(
            "Cette clé d'idempotence est refusée.",
            code="bad-idempotency-key",
            status=400,
            received=key[: LONGEST_KEY + 2],
            expected=f"1 à {LONGEST_KEY} signes ASCII sans espace, nus ou entre deux guillemets",
            todo="Prenez un UUID.",
        )
    return key.strip('"')
