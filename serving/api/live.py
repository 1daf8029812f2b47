"""`POST /api/v1/scores`: a plain ASGI route, for what FastAPI does to a call costs more than it.

A short call is answered in the event loop, in less time than giving it to a thread takes;
histories, reasons and many structures go to a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from data.errors import VeilleError
from serving.access.audit import access, record
from serving.access.principal import Principal, Role, Scope
from serving.access.web_session import caller
from serving.api import problems
from serving.live.answer import Answer
from serving.live.call import Call, read_call
from serving.live.errors import CallError
from serving.live.scorer import LiveScorer
from serving.services import Services, services

if TYPE_CHECKING:
    from starlette.types import Receive, Send
    from starlette.types import Scope as AsgiScope

PATH = "/api/v1/scores"
MAX_BYTES = 32 * 1024 * 1024
_JSON = "application/json"
_encode = msgspec.json.Encoder().encode


class Scores:
    """The endpoint: an ASGI application."""

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        request = Request(scope, receive)
        scope["route"] = route  # the name of its counters
        try:
            found = await _answer(request)
        except (VeilleError, HTTPException) as error:
            await problems.of_any(request, error)(scope, receive, send)
            return
        # Said to the server as it takes it: a Response costs as much as the trees.
        body = _encode(found)
        headers = [
            (b"content-length", str(len(body)).encode()),
            (b"content-type", _JSON.encode()),
            (b"x-publication", found.publication.encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _answer(request: Request) -> Answer:
    known = services(request)
    principal = caller(request)
    _allow(principal)
    call = read_call(await json_body(request, MAX_BYTES))
    current = known.publications.current(call.target or None)
    # In the event loop nothing is read from the disk but the first time.
    scorer = known.publications.scorers.of(current.peek() or current.get())
    if known.live_log.due(principal.id):
        await run_in_threadpool(_count, request, principal, scorer, call)
    else:
        _count(request, principal, scorer, call)
    if scorer.light(call):
        return scorer.answer(call)
    return await run_in_threadpool(scorer.answer, call)


def _allow(principal: Principal) -> None:
    if principal.role is Role.ADMIN:
        principal.require_lists()
    principal.require_scope(Scope.SCORE_LIVE)


async def json_body(request: Request, limit: int) -> bytes:
    """Return the body of a call of JSON; CallError `bad-request-body` (413, 415)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _JSON:
        # Also what keeps the forms of other sites out: they cannot send this type unasked.
        raise _refused(415, "Content-Type", kind, _JSON)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _refused(413, "corps", f"plus de {limit} octets", f"au plus {limit}")
        parts.append(part)
    return b"".join(parts)


def _refused(status: int, where: str, received: str, expected: str) -> CallError:
    error = CallError(
        "Le corps de la demande n'est pas accepté.",
        code="bad-request-body",
        where=where,
        received=received,
        expected=expected,
    )
    error.status = status
    return error


def _count(request: Request, principal: Principal, scorer: LiveScorer, call: Call) -> None:
    """Count the call in the audit log."""
    known: Services = services(request)

    def write(calls: int, structures: int) -> None:
        publication_id = scorer.publication.id
        said = access(request, principal, action="score.live", publication_id=publication_id)
        said["subject"] = {"calls": calls, "structures": structures}
        record(known.state, **said)

    known.live_log.count(principal.id, len(call.structures), write)


route = Route(PATH, Scores(), methods=["POST"], name="score_structures")
