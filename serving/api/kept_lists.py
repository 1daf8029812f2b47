"""`GET /api/v1/structures` once more: a plain ASGI route for a page that was answered a moment ago.

It stands before FastAPI (`Direct`) and takes only what that one answered already: the same query
string, on the same publication, for a tool of the same territory whose key was verified within a
second. Everything else, every refusal among it, goes to FastAPI.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from data.errors import VeilleError
from serving.access.principal import Principal
from serving.access.web_session import limited, presented_key
from serving.api import problems
from serving.api.listing import reply
from serving.kept_pages import Listed
from serving.publication import Publication
from serving.services import services

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PATH = "/api/v1/structures"
#: what makes an answer depend on more than the default publication; "%" may hide one of the names
_OTHERS = (b"first_alert", b"case_status", b"scheme", b"target", b"%")


@dataclass(frozen=True)
class _Found:
    principal: Principal
    publication: Publication
    page: Listed


class KeptList(Route):
    """The route; it matches what it can answer, and nothing else."""

    def __init__(self) -> None:
        super().__init__(PATH, _Answer(), methods=["GET"], name="kept_list")
        self.methods = {"GET"}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a page that is kept, for a key that was just verified."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return Match.NONE, {}
        found = _find(Request(scope))
        return (Match.NONE, {}) if found is None else (Match.FULL, {"kept": found, "route": self})


class _Answer:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await _answered(request, scope["kept"])
        except VeilleError as error:
            response = problems.of_any(request, error)
        await response(scope, receive, send)


def keepable(question: bytes) -> bool:
    """Tell whether the publication alone says what answers a query string."""
    return not any(name in question for name in _OTHERS)


def _find(request: Request) -> _Found | None:
    question, known = request.scope["query_string"], services(request)
    key = presented_key(request)
    principal = known.recent_keys.seen(key) if key else None
    if principal is None or not keepable(question):
        return None
    publication = known.publications.current().settled()
    if publication is None:
        return None
    page = known.pages.find(publication.id, question, principal.territory)
    return _Found(principal, publication, page) if page else None


async def _answered(request: Request, found: _Found) -> Response:
    known, asked = services(request), (found.principal, found.publication, found.page)
    limited(request, known, found.principal)
    found.principal.require_lists()
    if known.state.reads_at_once:
        answer = reply(request, known, *asked)
    else:
        answer = await run_in_threadpool(reply, request, known, *asked)
    if not known.repeats.repeated(answer.view, answer.said):
        await run_in_threadpool(known.repeats.log, answer.view, answer.said)
    return answer.response
