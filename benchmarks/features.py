"""The feature job against hand-written DuckDB SQL, on the same file, in the same run.

The job computes every indicator of the catalogue; the SQL computes `CORE` only, under the same
rules (known by the day, coverage of the funders, one stage a year). Both start from Parquet and end
with a table in memory, and must give the same values.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from data.contracts import TABLES
from data.drafts import with_machine_columns
from features.asof import to_day, window_edges
from features.engines import ENGINES
from features.engines.base import Engine, Frame
from features.facts import prepare
from features.panel import compute_day

CORE = (
    "grants_eur",
    "grants_previous_eur",
    "grants_change_1y_ratio",
    "funders_count",
    "largest_funder_share_ratio",
    "lost_funders_count",
    "lost_funders_share_ratio",
    "months_since_last_grant",
)
TOLERANCE = 1e-9

SQL = """
WITH known AS (
    SELECT siren, funder_id, stage, fiscal_year,
        CASE WHEN instrument = 'grant' THEN amount_cents ELSE 0 END AS cents,
        coalesce(decided_day, least(make_date(fiscal_year, 12, 31) - DATE '1970-01-01', known_day))
            AS event_day
    FROM read_parquet($file)
    WHERE siren IS NOT NULL AND known_day <= $today
),
lines AS (
    SELECT *, CASE {windows} END AS win FROM known WHERE event_day <= $today
),
covered AS (
    SELECT funder_id, win, min(stage) AS stage,
        win - lag(win, 1, 0) OVER (PARTITION BY funder_id ORDER BY win) AS step
    FROM lines WHERE win IS NOT NULL GROUP BY funder_id, win
),
unbroken AS (
    SELECT *, max(step) OVER (PARTITION BY funder_id ORDER BY win) AS worst FROM covered
),
slots AS (
    SELECT funder_id, win, stage,
        row_number() OVER (PARTITION BY funder_id ORDER BY win) - 1 AS slot,
        count(*) OVER (PARTITION BY funder_id) AS n_slots
    FROM unbroken WHERE worst <= 2
),
placed AS (
    SELECT siren, funder_id, cents, slot, n_slots
    FROM lines JOIN slots USING (funder_id, win, stage)
),
funders AS (
    SELECT siren, funder_id, max(n_slots) >= 2 AS twice, min(slot) AS latest,
        greatest(coalesce(sum(cents) FILTER (slot = 0), 0), 0) AS s0,
        greatest(coalesce(sum(cents) FILTER (slot = 1), 0), 0) AS s1
    FROM placed GROUP BY siren, funder_id
),
shares AS (
    SELECT *, CASE WHEN sum(s0) OVER structure > 0
        THEN floor(s0 * 1e6 / sum(s0) OVER structure + 0.5) END AS ppm
    FROM funders WINDOW structure AS (PARTITION BY siren)
),
by_structure AS (
    SELECT siren, min(latest) AS latest, sum(s0) AS t0, sum(s1) AS t1,
        coalesce(sum(s0) FILTER (twice), 0) AS both0,
        coalesce(sum(s1) FILTER (twice AND s0 * 2 < s1), 0) AS lost,
        count(*) FILTER (s0 > 0) AS funders_count,
        count(*) FILTER (twice AND s1 > 0 AND s0 = 0) AS lost_funders_count,
        max(ppm) / 1e6 AS largest
    FROM shares GROUP BY siren
),
last_grant AS (
    SELECT siren, max(event_day) FILTER (cents > 0) AS day FROM lines GROUP BY siren
)
SELECT siren AS structure_id,
    t0 / 100.0 AS grants_eur,
    t1 / 100.0 AS grants_previous_eur,
    CASE WHEN t1 > 0 THEN least(greatest(both0 / t1 - 1, -1), 3) END AS grants_change_1y_ratio,
    funders_count,
    largest AS largest_funder_share_ratio,
    lost_funders_count,
    CASE WHEN t1 > 0 THEN lost / t1 END AS lost_funders_share_ratio,
    ($today - day) / 30.4375 AS months_since_last_grant
FROM by_structure JOIN last_grant USING (siren)
WHERE latest < 3
ORDER BY siren
"""


@dataclass(frozen=True)
class GrantFile:
    """Facts that are one Parquet file of grants, every other table empty."""

    path: Path

    def load(self, engine: Engine, table: str) -> Frame:
        """Return table `table` with its machine columns, in `engine`."""
        empty = with_machine_columns(TABLES[table].empty())
        return engine.scan([self.path] if table == "grants" else [], empty)


@dataclass(frozen=True)
class Timed:
    """A result, and the CPU and wall seconds of this process that it took."""

    result: pl.DataFrame
    cpu: float
    wall: float


def timed(work: Callable[[], pl.DataFrame]) -> Timed:
    """Run `work` once and measure it."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return Timed(result, time.process_time() - cpu, time.perf_counter() - wall)


def by_job(path: Path, as_of: date, engine: str) -> pl.DataFrame:
    """Return the panel of one day, every indicator of the catalogue."""
    with ENGINES[engine]() as running:
        return compute_day(prepare(GrantFile(path), running), as_of)


def by_hand(path: Path, as_of: date) -> pl.DataFrame:
    """Return `structure_id` and the core indicators of one day."""
    edges = window_edges(as_of, months=12, count=6)
    windows = " ".join(f"WHEN event_day > {edge} THEN {k}" for k, edge in enumerate(edges[1:]))
    query = SQL.format(windows=windows)
    with duckdb.connect() as connection:
        asked = connection.sql(query, params={"file": str(path), "today": to_day(as_of)})
        found = pl.DataFrame(asked.to_arrow_table())
    return found.with_columns(pl.col(name).cast(pl.Float64) for name in CORE)


def differences(job: pl.DataFrame, hand: pl.DataFrame) -> dict[str, int]:
    """Return, by core indicator, how many structures differ; `structure_id` for the structures."""
    first, second = (t.select("structure_id", *CORE).sort("structure_id") for t in (job, hand))
    if not first["structure_id"].equals(second["structure_id"]):
        both = first.join(second, on="structure_id", how="inner").height
        return {"structure_id": first.height + second.height - 2 * both}
    found = {}
    for name in CORE:
        a, b = first[name], second[name]
        gap = (a - b).abs() > TOLERANCE * a.abs().clip(lower_bound=1.0)
        wrong = gap.fill_null(value=False) | (a.is_null() != b.is_null())
        if wrong.any():
            found[name] = int(wrong.sum())
    return found
