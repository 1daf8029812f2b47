"""The stage of each structure: what kind of help is due, from its level and the signs known."""

from __future__ import annotations

import polars as pl

from serving.cell.brief.signs import CHANGE, DEBT, LOST, OVERDUE

#: stage -> its title and who is there, the most pressing first
STAGES: dict[str, tuple[str, str]] = {
    "urgency": (
        "Urgence",
        "risque élevé et signe de trésorerie vide : argent public échu impayé, dettes sociales",
    ),
    "difficulty": (
        "Difficulté",
        "risque élevé ; signe de trésorerie vide ; risque modéré et financement perdu",
    ),
    "anticipation": ("Anticipation", "les autres structures suivies"),
}
#: a fall of the grants in a year that is a sign by itself
_CUT = -0.2


def with_stages(found: pl.DataFrame) -> pl.DataFrame:
    """Return the table of `signs` with `stage`: a key of `STAGES`, null when too little is known.

    A sign that is not known raises nothing.
    """
    cash = (pl.col(OVERDUE).fill_null(0) > 0) | (pl.col(DEBT).fill_null(0) > 0)
    lost = (pl.col(LOST).fill_null(0) >= 1) | (pl.col(CHANGE).fill_null(0) <= _CUT)
    level = pl.col("level")
    return found.with_columns(
        pl.when((level == "high") & cash)
        .then(pl.lit("urgency"))
        .when((level == "high") | cash | ((level == "moderate") & lost))
        .then(pl.lit("difficulty"))
        .when(level != "unknown")
        .then(pl.lit("anticipation"))
        .alias("stage")
    )
