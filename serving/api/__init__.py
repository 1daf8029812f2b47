"""The API: a thin face on the lists, the structures and the catalogue. `/api/v1` and health."""

from fastapi import APIRouter

from serving.api import (
    alerts,
    barometer,
    briefs,
    cases,
    catalogue,
    exports,
    kept_lists,
    live,
    orientation,
    priorities,
    scenarios,
    structures,
    system,
)

router = APIRouter()
router.include_router(structures.router)
router.include_router(orientation.router)
router.include_router(exports.router)
router.include_router(briefs.router)
router.include_router(alerts.reading)
router.include_router(alerts.router)
router.include_router(cases.reading)
router.include_router(cases.router)
router.include_router(cases.files)
router.include_router(barometer.router)
router.include_router(priorities.router)
router.include_router(catalogue.router)
router.include_router(scenarios.router)
router.include_router(system.router)

__all__ = ["kept_lists", "live", "router"]
