"""The stage of many structures at once: the rule of `serving.cell.stages`, in columns."""

from __future__ import annotations

import polars as pl

from serving.cell.brief.signs import CHANGE, DEBT, LOST, OVERDUE, PROCEEDINGS
from serving.cell.stages import CUT_RATIO

#: stage -> its title and who is there, the most pressing first
STAGES: dict[str, tuple[str, str]] = {
    "urgency": (
        "Urgence",
        "procédure collective ; risque élevé et argent public échu impayé ou dettes sociales",
    ),
    "difficulty": (
        "Difficulté",
        "risque élevé, ou l'un de ces deux signes ; risque modéré et financement perdu",
    ),
    "rebound": ("Rebond", "plan de sauvegarde ou de redressement en cours"),
    "anticipation": ("Anticipation", "les autres structures suivies"),
}


def with_stages(found: pl.DataFrame) -> pl.DataFrame:
    """Return the table of `signs` with `stage`: a key of `STAGES`, null when too little is known.

    A sign that is not known raises nothing.
    """
    cash = (pl.col(OVERDUE).fill_null(0) > 0) | (pl.col(DEBT).fill_null(0) > 0)
    lost = (pl.col(LOST).fill_null(0) >= 1) | (pl.col(CHANGE).fill_null(0) <= -CUT_RATIO)
    level, proceedings = pl.col("level"), pl.col(PROCEEDINGS).fill_null("none")
    return found.with_columns(
        pl.when(proceedings == "plan")
        .then(pl.lit("rebound"))
        .when((proceedings != "none") | ((level == "high") & cash))
        .then(pl.lit("urgency"))
        .when((level == "high") | cash | ((level == "moderate") & lost))
        .then(pl.lit("difficulty"))
        .when(level != "unknown")
        .then(pl.lit("anticipation"))
        .alias("stage")
    )
