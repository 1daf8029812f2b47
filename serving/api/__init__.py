"""The API: a thin face on the lists, the structures and the catalogue. `/api/v1` and health."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from serving.api import catalogue, exports, live, structures, system
from serving.api.live_schema import with_scores

router = APIRouter()
router.include_router(structures.router)
router.include_router(exports.router)
router.include_router(catalogue.router)
router.include_router(system.router)

__all__ = ["described", "live", "router"]


def described(openapi: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the OpenAPI document with what FastAPI does not know of."""
    document = openapi()
    return document if live.PATH in document["paths"] else with_scores(document)
