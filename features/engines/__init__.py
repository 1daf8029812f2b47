"""Engines that run the same Narwhals expressions."""

from __future__ import annotations

from features.engines.base import Engine
from features.engines.duckdb_engine import DuckdbEngine
from features.engines.polars_engine import PolarsEngine
from features.engines.spark_engine import SparkEngine

#: PySpark is loaded when a `SparkEngine` is made, not before
ENGINES: dict[str, type[Engine]] = {
    "duckdb": DuckdbEngine,
    "polars": PolarsEngine,
    "spark": SparkEngine,
}

__all__ = ["ENGINES", "DuckdbEngine", "Engine", "PolarsEngine", "SparkEngine"]
