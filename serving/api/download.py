"""A long answer made piece by piece, and given up cleanly when nobody reads it any more."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class Download(StreamingResponse):
    """A file sent as it is made, each piece in a thread of the pool.

    `pieces` is closed whatever happens: sent whole, broken off by the reader, or failed. Nothing
    is sent before the first piece that holds something: a fault until then has its own answer.
    """

    def __init__(
        self,
        pieces: Generator[bytes],
        *,
        media_type: str,
        file_name: str,
        headers: Mapping[str, str],
    ) -> None:
        named = {"Content-Disposition": f'attachment; filename="{file_name}"'}
        super().__init__(pieces, headers={**headers, **named}, media_type=media_type)
        self.pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            # No thread is in it: the pool is waited for, even when the reader is gone.
            self.pieces.close()

    async def stream_response(self, send: Send) -> None:
        """Send the headers with the first piece, then the others."""
        started = False
        async for piece in self.body_iterator:
            if not piece:
                continue
            if not started:
                await send(
                    {
                        "type": "http.response.start",
                        "status": self.status_code,
                        "headers": self.raw_headers,
                    }
                )
                started = True
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
