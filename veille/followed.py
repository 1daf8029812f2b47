"""What the cells did with a list: structures contacted, oriented, supported, with what end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
from sqlalchemy import select

from serving.cell.case_steps import OUTCOMES, STATUSES
from serving.cell.days import day_of
from serving.publication import Publication
from serving.state import State
from serving.state.cell_models import Case, CaseEvent

_SCHEMA = pl.Schema(
    {
        "siren": pl.String(),
        "case": pl.String(),
        "opened_on": pl.Date(),
        "reached": pl.List(pl.String()),
        "outcome": pl.String(),
    }
)


def cases_of(state: State) -> pl.DataFrame:
    """Return every case: siren, case, opened_on, reached (each state it was in), outcome."""
    with state.read() as session:
        reached: dict[str, list[str]] = {}
        for event in session.scalars(select(CaseEvent).order_by(CaseEvent.case_id)):
            if event.changes.get("status"):
                reached.setdefault(event.case_id, []).append(event.changes["status"])
        rows = [
            (case.siren, case.id, day_of(case.opened_at), reached.get(case.id, []), case.outcome)
            for case in session.scalars(select(Case).order_by(Case.id))
        ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def followed(published: Publication, cases: pl.DataFrame) -> dict[str, Any]:
    """Return how many structures of a list were followed since its date, all of them and the high.

    Returns
    -------
    dict
        For `all` and `high`: `structures` of the list; `opened` and each later state, the number of
        structures with a case that reached it; `outcomes`, the number of cases by how they ended.
    """
    listed = published.frame.select("siren", "level")
    since = cases.filter(pl.col("opened_on") > published.manifest.as_of)
    return {
        name: _counted(rows, since)
        for name, rows in (("all", listed), ("high", listed.filter(pl.col("level") == "high")))
    }


def _counted(listed: pl.DataFrame, cases: pl.DataFrame) -> dict[str, Any]:
    mine = cases.join(listed, on="siren", how="semi")
    counts = {
        status: mine.filter(pl.col("reached").list.contains(status))["siren"].n_unique()
        for status in STATUSES[1:]
    }
    ended = Counter(mine["outcome"].drop_nulls().to_list())
    return {
        "structures": listed.height,
        "opened": mine["siren"].n_unique(),
        **counts,
        "outcomes": {outcome: ended[outcome] for outcome in OUTCOMES},
    }
