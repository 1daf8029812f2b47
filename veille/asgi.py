"""Application factory of the server's worker processes."""

from __future__ import annotations

from fastapi import FastAPI

from serving.app import create_app
from serving.settings import ServingSettings
from veille.settings import load_settings


def create() -> FastAPI:
    """Return the application for the settings of the environment."""
    found = load_settings()
    return create_app(
        ServingSettings(
            home=found.home,
            database_url=found.database_url,
            insecure=found.insecure,
            session_hours=found.session_hours,
            idle_hours=found.idle_hours,
            rate_per_minute=found.rate_per_minute,
            rate_burst=found.rate_burst,
        )
    )
