"""Gzip for the answers of the API that are worth it, when the caller takes it.

Pages are left as they are: they repeat what was asked beside the token of their forms, and the size
of the two compressed together would tell the token, letter by letter. Workbooks and Parquet files
are compressed already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.gzip import GZipMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

#: an answer smaller than this goes in one packet anyway
SMALLEST = 1400
_LEVEL = 4
_PREFIX = "/api/v1/"
_COMPRESSED = (".xlsx", ".parquet")


class Compressed:
    """ASGI middleware; the ETag of a compressed answer becomes weak (see `weak`)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.gzip = GZipMiddleware(app, minimum_size=SMALLEST, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        fits = path.startswith(_PREFIX) and not path.endswith(_COMPRESSED)
        await (self.gzip if fits else self.app)(scope, receive, send)


def weak(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers whose ETag is weak if the body is compressed: the bytes are not the same."""
    if not any(name == b"content-encoding" for name, _ in headers):
        return headers
    return [
        (name, b"W/" + value if name == b"etag" and not value.startswith(b"W/") else value)
        for name, value in headers
    ]
