"""Engines that run the same Narwhals expressions."""

from __future__ import annotations

from features.engines.base import Engine
from features.engines.duckdb_engine import DuckdbEngine
from features.engines.polars_engine import PolarsEngine

ENGINES: dict[str, type[Engine]] = {"duckdb": DuckdbEngine, "polars": PolarsEngine}

__all__ = ["ENGINES", "DuckdbEngine", "Engine", "PolarsEngine"]
