"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.system_packages import postgres_folder
from tests.postgres import Postgres, running


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real published files, or skip: the project ships none of them."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("VEILLE_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no published files at {folder} (set VEILLE_SHARED_DATA to their folder)")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Return a real PostgreSQL server, or skip where there is none to start."""
    folder = postgres_folder()
    if folder is None:
        pytest.skip("no PostgreSQL: apt-get install postgresql brings initdb and postgres")
    with running(folder) as server:
        yield server


@pytest.fixture(autouse=True)
def same_import_path() -> Iterator[None]:
    """Give the import path back: MLflow puts a loaded model's own code first in it, for good."""
    before = sys.path.copy()
    yield
    sys.path[:] = before
