"""The methods that an address accepts, for the `Allow` of a 405."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def allowed(request: Request) -> str:
    """Return every method of the address asked, whichever route bears it (RFC 9110, 10.2.1)."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path and compile_path(route.path)[0].match(request.url.path):
            found |= set(route.methods or ())
    return ", ".join(sorted(found))
