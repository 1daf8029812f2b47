"""One JSON line for each request, with nothing that says who asked nor about whom.

The route is the template of the address (`/api/v1/structures/{siren}`), never the address: a SIREN,
a part of a name or a link of one use stands in it.
"""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime

import msgspec

_STANDARD_ERROR = 2
_encode = msgspec.json.Encoder().encode


class RequestLog:
    """Writes lines to a file descriptor, each in one call: workers do not mix theirs."""

    def __init__(self, descriptor: int = _STANDARD_ERROR) -> None:
        self._descriptor = descriptor

    def write(
        self, *, method: str, route: str, status: int, seconds: float, request_id: str
    ) -> None:
        """Write one request; a journal that is closed does not stop the service."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(seconds * 1e3, 3),
            "request_id": request_id,
        }
        with contextlib.suppress(OSError):
            os.write(self._descriptor, _encode(line) + b"\n")
