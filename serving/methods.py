"""The methods that an address accepts, for the `Allow` of a 405."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def allowed(request: Request) -> str:
    """Return every method of the address asked, whichever route bears it (RFC 9110, 10.2.1)."""
    asked = request.url.path
    matching = [
        route
        for route in iter_route_contexts(request.app.routes)
        if route.path and compile_path(route.path)[0].match(asked)
    ]
    # /alerts/csv is not one of the /alerts/{alert_id}.
    exact = [route for route in matching if route.path == asked]
    found = {method for route in exact or matching for method in route.methods or ()}
    return ", ".join(sorted(found))
