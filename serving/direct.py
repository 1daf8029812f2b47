"""Routes that are answered before FastAPI: what it does around a call costs them too much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.routing import Match, Route

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Direct:
    """ASGI middleware, the innermost one: gives a request to the first route that matches it whole.

    These routes turn their own refusals into answers.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[Route]) -> None:
        self.app = app
        self.routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            for route in self.routes:
                if route.path != scope["path"]:
                    continue  # their addresses have no parameter: no pattern to try
                match, more = route.matches(scope)
                if match is Match.FULL:
                    scope.update(more)
                    await route.handle(scope, receive, send)
                    return
        await self.app(scope, receive, send)
