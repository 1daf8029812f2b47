"""Around every answer: request number, security headers, counters, and no traceback outside."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from serving.compression import weak
from serving.metrics import Metrics
from serving.request_log import RequestLog

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger("veille.serving")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
#: they tell a browser what a page may do: an answer of JSON is none, and each header is paid for
OF_PAGES = {
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
OF_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}


def _raw(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


#: by (answer of JSON, HTTPS)
_ADDED = {
    (json, https): _raw(HEADERS | ({} if json else OF_PAGES) | (OF_HTTPS if https else {}))
    for json in (False, True)
    for https in (False, True)
}
_KINDS_OF_JSON = frozenset({b"application/json", b"application/problem+json"})


class Envelope:
    """ASGI middleware.

    `metrics` receives one observation for each request; `internal` makes the answer that is given
    for a fault of ours; `log`, when given, a line for each request.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        internal: Callable[[Request], Response],
        log: RequestLog | None = None,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.log = log
        self.internal = internal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        asked = request.headers.get("x-request-id", "")
        request_id = asked if _REQUEST_ID.fullmatch(asked) else secrets.token_hex(8)
        request.state.request_id = request_id
        started, status = time.perf_counter(), 0

        async def dress(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message.get("headers", ()))
                # Names are in lower case already: this is done for every answer.
                present = dict(given)
                if b"content-encoding" in present:
                    given = weak(given)
                if more := scope["state"].get("answer_headers"):
                    given += [one for one in _raw(more) if one[0] not in present]
                json = present.get(b"content-type") in _KINDS_OF_JSON
                every = _ADDED[json, scope["scheme"] == "https"]
                given += [one for one in every if one[0] not in present]
                given.append((b"x-request-id", request_id.encode()))
                message["headers"] = given
            await send(message)

        try:
            await self.app(scope, receive, dress)
        except Exception:
            _LOG.exception("demande %s : erreur interne", request_id)
            if status:
                raise
            await self.internal(request)(scope, receive, dress)
        finally:
            route = getattr(scope.get("route"), "path", "inconnue")
            seconds = time.perf_counter() - started
            self.metrics.observe(scope["method"], route, status, seconds)
            if self.log is not None:
                self.log.write(
                    method=scope["method"],
                    route=route,
                    status=status,
                    seconds=seconds,
                    request_id=request_id,
                )
