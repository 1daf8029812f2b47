"""Application factory of the server's worker processes."""

from __future__ import annotations

from fastapi import FastAPI

from serving.app import create_app
from veille.serving_options import serving_settings
from veille.settings import load_settings


def create() -> FastAPI:
    """Return the application for the settings of the environment."""
    return create_app(serving_settings(load_settings()))
