"""The API: a thin face on the lists, the structures and the catalogue. `/api/v1` and health."""

from fastapi import APIRouter

from serving.api import catalogue, exports, live, scenarios, structures, system

router = APIRouter()
router.include_router(structures.router)
router.include_router(exports.router)
router.include_router(catalogue.router)
router.include_router(scenarios.router)
router.include_router(system.router)

__all__ = ["live", "router"]
