"""Compose the server: state, publications, API and pages."""

from __future__ import annotations

import contextlib
import http
import logging
import threading
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from data.errors import VeilleError
from serving import api, web
from serving.access.oidc.wire import ACCESS_FILTER
from serving.access.rate_limit import RateLimit
from serving.access.repeats import Repeats
from serving.api import problems
from serving.cell.kept_schemes import KeptSchemes
from serving.compression import Compressed
from serving.direct import Direct
from serving.methods import allowed
from serving.middleware import Envelope
from serving.request_log import RequestLog
from serving.services import Publications, Services, services
from serving.settings import ServingSettings
from serving.state import open_state

__all__ = ["ServingSettings", "create_app", "services"]

_MACHINE_PATHS = ("/api/", "/health/", "/metrics")


def create_app(settings: ServingSettings) -> FastAPI:
    """Return the application: API under /api/v1, pages under /, health outside.

    The state is opened (and migrated) now; publications are read when the server starts, and
    followed afterwards without a restart.

    Raises
    ------
    StateError
        `state-unreachable`.
    SchemesError
        `schemes-invalid`: the operator's catalogue of schemes cannot be used.
    """
    state = open_state(settings.home, settings.database_url)
    provider = None
    if settings.oidc:
        # Its libraries weigh 15 MB, and most installations have no provider.
        from serving.access.oidc.provider import Provider

        provider = Provider(settings.oidc)
    known = Services(
        settings,
        state,
        Publications(settings),
        RateLimit(settings.rate_per_minute, settings.rate_burst),
        KeptSchemes(settings.home),
        Repeats(state),
        provider,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Beside, so that /health/live answers at once and /health/ready says "loading".
        stop = threading.Event()
        watcher = threading.Thread(target=known.publications.watch, args=(stop,), daemon=True)
        watcher.start()
        repeats = threading.Thread(target=known.repeats.follow, args=(stop,))
        repeats.start()
        yield
        stop.set()
        repeats.join()
        known.live_log.close()
        known.state.close()

    app = FastAPI(
        title="Veille ESS",
        version="1",
        summary="Veille précoce des structures de l'économie sociale et solidaire",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # traces would carry addresses, and addresses SIREN
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.services = known
    logging.getLogger("uvicorn.access").addFilter(ACCESS_FILTER)
    app.add_middleware(Direct, routes=(api.live.route, api.kept_lists.KeptList()))
    app.add_middleware(Compressed)
    log = RequestLog() if settings.request_log else None
    app.add_middleware(Envelope, metrics=known.metrics, internal=_on_fault, log=log)
    app.router.routes.append(api.live.route)  # for the methods of its address
    app.include_router(api.router)
    app.include_router(web.router)
    app.add_exception_handler(VeilleError, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_refusal)
    app.add_exception_handler(HTTPException, _on_refusal)
    return app


def _on_refusal(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == http.HTTPStatus.NOT_MODIFIED:
        return Response(status_code=304, headers=error.headers)
    if request.url.path.startswith(_MACHINE_PATHS):
        answer = problems.of_any(request, error)
    else:
        answer = web.error_page(request, *_as_page(request, error))
    if answer.status_code == http.HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = allowed(request)
    return answer


def _on_fault(request: Request) -> Response:
    if request.url.path.startswith(_MACHINE_PATHS):
        return problems.internal(request)
    return web.internal_page(request)


def _as_page(request: Request, error: Exception) -> tuple[VeilleError, int]:
    if isinstance(error, VeilleError):
        return error, problems.status_of(error)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        refusal = VeilleError(
            "Un paramètre de cette page est refusé.",
            code="bad-value",
            where=str(first["loc"][-1]),
            received=first.get("input"),
            todo="Revenez à la page précédente et corrigez ce paramètre.",
        )
        return refusal, 422
    status = error.status_code if isinstance(error, HTTPException) else 500
    path = request.url.path
    return VeilleError("Cette page n'existe pas.", code="unknown-path", received=path), status
