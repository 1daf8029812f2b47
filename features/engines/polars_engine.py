"""Polars engine: the default of jobs, in shards; that of live scoring and of small worlds."""

from __future__ import annotations

from pathlib import Path

import narwhals as nw
import polars as pl

from features.engines.base import Engine, Frame


class PolarsEngine(Engine):
    """Lazy Polars frames in this process."""

    def scan(self, files: list[Path], empty: pl.DataFrame) -> Frame:
        """Return the rows of Parquet files, or `empty` where there are none."""
        return nw.from_native(pl.scan_parquet(files) if files else empty.lazy())

    def small(self, frame: pl.DataFrame) -> Frame:
        """Bring a small in-memory table into the engine."""
        return nw.from_native(frame.lazy())

    def keep(self, frame: Frame, together: str | None = None) -> Frame:
        """Compute `frame` once and keep it for several uses.

        Grouping rows that are side by side costs half. They are ordered by a hash, since Polars
        groups a column flagged as sorted in another way, which is slower here.
        """
        if together is not None:
            native: pl.LazyFrame = frame.to_native()
            frame = nw.from_native(native.sort(pl.col(together).hash()))
        return nw.from_native(self.collect(frame).lazy())

    def collect(self, frame: Frame) -> pl.DataFrame:
        """Compute `frame` and return it in memory."""
        native: pl.LazyFrame = frame.to_native()
        return native.collect()

    def close(self) -> None:
        """Free nothing: frames die with their references."""
