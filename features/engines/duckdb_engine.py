"""DuckDB engine: spills to disk beyond its memory limit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from features.engines.base import Engine, Frame

if TYPE_CHECKING:
    import duckdb


class DuckdbEngine(Engine):
    """One DuckDB connection in this process.

    Parameters
    ----------
    threads, memory : runtime options; they change speed, never results.
    """

    def __init__(self, threads: int | None = None, memory: str = "4GB") -> None:
        # Loaded here: a server reads the catalogue, and never computes.
        import duckdb

        self._connection = duckdb.connect()
        self._connection.execute(f"SET memory_limit = '{memory}'")
        self._connection.execute("SET preserve_insertion_order = false")
        if threads:
            self._connection.execute(f"SET threads = {int(threads)}")
        self._kept = 0

    def scan(self, files: list[Path], empty: pl.DataFrame) -> Frame:
        """Return the rows of Parquet files, or `empty` where there are none."""
        if not files:
            return self.small(empty)
        relation = self._connection.read_parquet(
            [str(path) for path in files], union_by_name=True, hive_partitioning=False
        )
        return nw.from_native(relation)

    def small(self, frame: pl.DataFrame) -> Frame:
        """Bring a small in-memory table into the engine."""
        self._kept += 1
        name = f"small_{self._kept}"
        arrow = frame.to_arrow()
        self._connection.register("incoming", arrow)
        self._connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM incoming")
        self._connection.unregister("incoming")
        return nw.from_native(self._connection.table(name))

    def keep(self, frame: Frame, together: str | None = None) -> Frame:  # noqa: ARG002
        """Compute `frame` once and keep it for several uses."""
        self._kept += 1
        name = f"kept_{self._kept}"
        relation: duckdb.DuckDBPyRelation = frame.to_native()
        self._connection.execute(f"CREATE TEMP TABLE {name} AS {relation.sql_query()}")
        return nw.from_native(self._connection.table(name))

    def collect(self, frame: Frame) -> pl.DataFrame:
        """Compute `frame` and return it in memory."""
        relation: duckdb.DuckDBPyRelation = frame.to_native()
        result = relation.pl()
        return result if isinstance(result, pl.DataFrame) else result.collect()

    def close(self) -> None:
        """Free the connection and its memory."""
        self._connection.close()
