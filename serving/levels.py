"""The level of risk of a probability: one rule, for a published list and for a live answer."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: indicators without which nothing is said of a structure
ESSENTIAL = ("grants_eur", "history_years")


def level_expr(main: int, thresholds: Mapping[str, float]) -> pl.Expr:
    """Return the level of rows that have `ESSENTIAL` indicators and `p_<main>m`.

    It compares the probability at the main horizon with the thresholds stored with the model; a
    structure without any funding history is `unknown`.
    """
    p = pl.col(f"p_{main}m")
    return (
        pl.when(pl.all_horizontal(pl.col(name).is_null() for name in ESSENTIAL))
        .then(pl.lit("unknown"))
        .when(p >= thresholds["high"])
        .then(pl.lit("high"))
        .when(p >= thresholds["moderate"])
        .then(pl.lit("moderate"))
        .otherwise(pl.lit("low"))
    )


def level_of(p: float, indicators: Mapping[str, object], thresholds: Mapping[str, float]) -> str:
    """Return the same for one structure."""
    if all(indicators.get(name) is None for name in ESSENTIAL):
        return "unknown"
    if p >= thresholds["high"]:
        return "high"
    return "moderate" if p >= thresholds["moderate"] else "low"
