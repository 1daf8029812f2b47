"""Around every answer: request number, security headers, counters, and no traceback outside."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from serving.metrics import Metrics

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger("veille.serving")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class Envelope:
    """ASGI middleware.

    `metrics` receives one observation for each request; `internal` makes the answer that is given
    for a fault of ours.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, internal: Callable[[Request], Response]
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.internal = internal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        request.state.request_id = request_id
        started, status = time.perf_counter(), 0

        async def dress(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "private, no-store")
                for name, value in getattr(request.state, "answer_headers", {}).items():
                    headers.setdefault(name, value)
                headers["X-Request-ID"] = request_id
                if request.url.scheme == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
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
