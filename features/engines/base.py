"""What a feature job asks of an engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

import narwhals as nw
import polars as pl

Frame = nw.LazyFrame[Any]


class Engine(ABC):
    """Reads facts, keeps intermediate frames, gives results back.

    Use as a context manager; every frame dies with its engine.
    """

    @abstractmethod
    def scan(self, files: list[Path], empty: pl.DataFrame) -> Frame:
        """Return the rows of Parquet files, or `empty` where there are none."""

    @abstractmethod
    def small(self, frame: pl.DataFrame) -> Frame:
        """Bring a small in-memory table into the engine."""

    @abstractmethod
    def keep(self, frame: Frame, together: str | None = None) -> Frame:
        """Compute `frame` once and keep it for several uses.

        It will often be grouped by the column `together`: an engine may order its rows for it.
        """

    @abstractmethod
    def collect(self, frame: Frame) -> pl.DataFrame:
        """Compute `frame` and return it in memory."""

    @abstractmethod
    def close(self) -> None:
        """Free the engine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
