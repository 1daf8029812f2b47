"""Where the state is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.registry import Registry


@dataclass(frozen=True)
class Home:
    """Where the state is, and the store of the runs."""

    folder: Path
    mlflow_uri: str | None = None

    @property
    def registry(self) -> Registry:
        """Return the store of runs and registered models."""
        from models.registry import Registry

        return Registry(self.folder, self.mlflow_uri)
