"""The core indicators in SQL written by hand for DuckDB.

What does not depend on the day is prepared once: narrow lines, each with its *cell* (funder, stage,
extract or list, and the span between two edges of windows it falls in), and the day each cell was
first known. The slots of all days come from the cells alone; each day then sums the lines that
count by then (`since`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from benchmarks.core import ROW_GROUP, THREADS, writer
from data.coverage import PARTIAL_SOURCES
from features.asof import add_months, to_day, window_edges

_WINDOWS = 6
#: months before the day that the queries name
_EDGES = {"half": 6, "year": 12, "half3": 18, "years3": 36}

# Cents are kept as doubles: sums of whole numbers are exact there, and faster than in integers.
_LINES = """
CREATE TEMP TABLE funders AS
SELECT funder_id, row_number() OVER (ORDER BY funder_id) - 1 AS funder
FROM (SELECT DISTINCT funder_id FROM read_parquet('{grants}'));

CREATE TEMP TABLE lines AS
WITH read AS (
    SELECT CAST(siren AS INTEGER) AS siren, CAST(funder AS USMALLINT) AS funder,
        (funder * 2 + CAST(stage = 'paid' AS INTEGER)) * 2
            + CAST(source IN {partial} AS INTEGER) AS list,
        CAST(CASE WHEN funder_level < 'state' THEN 0 WHEN funder_level = 'state' THEN 1 ELSE 2 END
            AS UTINYINT) AS level,
        CASE instrument WHEN 'grant' THEN amount_cents ELSE 0 END AS granted,
        CASE instrument WHEN 'contract' THEN amount_cents ELSE 0 END AS contracted,
        known_day,
        coalesce(
            decided_day, least(make_date(fiscal_year, 12, 31) - DATE '1970-01-01', known_day)
        ) AS event_day
    FROM read_parquet('{grants}') JOIN funders USING (funder_id)
    WHERE siren IS NOT NULL AND known_day <= {last}
)
SELECT siren, funder, CAST(list * {spans} + span AS INTEGER) AS cell, level,
    CAST(granted AS DOUBLE) AS granted, CAST(contracted AS DOUBLE) AS contracted,
    CAST(event_day AS INTEGER) AS event_day,
    CAST(greatest(event_day, known_day) AS INTEGER) AS since
FROM read JOIN spans USING (event_day)
ORDER BY siren, funder;

CREATE TEMP TABLE slots AS
WITH cells AS (SELECT cell, min(since) AS since FROM lines GROUP BY cell),
covered AS (
    SELECT today, cell, cell // {spans} // 4 AS funder, win,
        cell // {spans} // 2 % 2 AS paid, cell // {spans} % 2 AS extract
    FROM cells JOIN windows ON cell % {spans} = span AND since <= today
),
listed AS (
    SELECT * FROM covered QUALIFY extract = min(extract) OVER (PARTITION BY today, funder)
),
staged AS (
    SELECT * FROM listed QUALIFY paid = min(paid) OVER (PARTITION BY today, funder, win)
),
steps AS (
    SELECT DISTINCT today, funder, win,
        win - coalesce(max(win) OVER (
            PARTITION BY today, funder ORDER BY win
            RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS step
    FROM staged
),
unbroken AS (
    SELECT * FROM steps QUALIFY max(step) OVER (PARTITION BY today, funder ORDER BY win) <= 2
),
numbered AS (
    SELECT today, funder, win,
        row_number() OVER (PARTITION BY today, funder ORDER BY win) - 1 AS slot,
        count(*) OVER (PARTITION BY today, funder) AS n_slots
    FROM unbroken
)
SELECT today, cell, CAST(slot AS TINYINT) AS slot, CAST(n_slots AS TINYINT) AS n_slots
FROM staged JOIN numbered USING (today, funder, win)
"""

_PAYMENTS = """
CREATE TEMP TABLE payments AS
SELECT CAST(siren AS INTEGER) AS siren, due_day, paid_day,
    CAST(amount_cents AS DOUBLE) AS cents, min(known_day) AS known_day
FROM read_parquet('{payments}')
WHERE known_day <= {last} AND due_day <= {last} AND due_day > {oldest}
GROUP BY siren, payment_id, funder_id, due_day, paid_day, amount_cents
ORDER BY siren
"""

_DAY = """
WITH funders AS (
    SELECT siren,
        min(event_day) AS first_day,
        min(slot) AS latest,
        max(n_slots) AS n,
        coalesce(min(CASE WHEN slot >= 0 THEN level END) = 1, FALSE) AS state,
        {sums},
        greatest(sum(CASE slot WHEN 0 THEN contracted ELSE 0 END), 0) AS contract0,
        sum(CASE WHEN slot = 0 AND granted > 0 THEN 1 ELSE 0 END) AS lines0,
        sum(CASE WHEN slot = 1 AND granted > 0 THEN 1 ELSE 0 END) AS lines1,
        max(CASE slot WHEN 0 THEN granted END) AS largest0
    FROM lines LEFT JOIN (SELECT cell, slot, n_slots FROM slots WHERE today = $today) USING (cell)
    WHERE since <= $today
    GROUP BY siren, funder
),
structures AS (
    SELECT siren, min(first_day) AS first_day, min(latest) AS latest,
        sum(s0) AS s0, sum(s1) AS s1, sum(s2) AS s2, sum(s3) AS s3, sum(s4) AS s4, sum(s5) AS s5,
        sum(contract0) AS contract0, sum(lines0) AS lines0, sum(lines1) AS lines1,
        max(largest0) AS largest0,
        coalesce(sum(s0) FILTER (n >= 2), 0) AS both0,
        coalesce(sum(s0) FILTER (n >= 3), 0) AS both0_2,
        coalesce(sum(s1) FILTER (n >= 2 AND s0 * 2 < s1), 0) AS lost,
        coalesce(sum(s0) FILTER (state), 0) AS state0,
        count(*) FILTER (s0 > 0) AS funders_count,
        count(*) FILTER (n >= 2 AND s1 > 0 AND s0 = 0) AS lost_count,
        list(s0) FILTER (s0 > 0) AS each0
    FROM funders GROUP BY siren
    HAVING min(latest) < 3
),
shared AS (
    SELECT *, list_transform(each0, lambda s: floor(s * 1e6 / s0 + 0.5)) AS ppm FROM structures
),
instalments AS (
    SELECT siren,
        count(*) FILTER (paid_day IS NULL) AS due_n,
        count(paid_day) AS paid_n,
        coalesce(sum(cents) FILTER (paid_day IS NULL), 0) AS due_cents,
        coalesce(sum(cents) FILTER (paid_day IS NOT NULL), 0) AS paid_cents,
        count(*) FILTER (paid_day > $year) AS recent_n,
        sum(paid_day - due_day) FILTER (paid_day > $year) AS recent_days,
        max(paid_day - due_day) FILTER (paid_day > $year) AS recent_max,
        count(*) FILTER (paid_day > $year AND paid_day - due_day > 30) AS late_n,
        avg(paid_day - due_day) FILTER (paid_day > $half) AS last6,
        avg(paid_day - due_day) FILTER (paid_day <= $half AND paid_day > $half3) AS before6
    FROM payments
    WHERE known_day <= $today AND due_day <= $today AND due_day > $years3
    GROUP BY siren
)
SELECT lpad(CAST(siren AS VARCHAR), 9, '0') AS structure_id,
    DATE '1970-01-01' + $today AS as_of,
    s0 / 100 AS grants_eur,
    s1 / 100 AS grants_previous_eur,
    s2 / 100 AS grants_two_before_eur,
    CASE WHEN s1 > 0 THEN least(greatest(both0 / s1 - 1, -1), 3) END AS grants_change_1y_ratio,
    CASE WHEN s2 > 0 THEN least(greatest(both0_2 / s2 - 1, -1), 3) END AS grants_change_2y_ratio,
    CASE WHEN s1 + s2 + s3 > 0 THEN s0 / ((s1 + s2 + s3) / 3) END AS grants_vs_mean_ratio,
    CASE WHEN s0 > 0 THEN least(s0, s1, s2) / s0 END AS grants_floor_ratio,
    CASE WHEN greatest(s0, s1, s2, s3, s4) > 0 THEN s0 / greatest(s0, s1, s2, s3, s4) END
        AS grants_peak_ratio,
    CASE WHEN s0 + s1 + s2 + s3 > 0
        THEN (greatest(s0, s1, s2, s3) - least(s0, s1, s2, s3)) / (s0 + s1 + s2 + s3) END
        AS grants_volatility_ratio,
    {years} AS grants_years_count,
    ($today - first_day) / 365.25 AS history_years,
    funders_count,
    list_max(ppm) / 1e6 AS largest_funder_share_ratio,
    list_sum(list_transform(ppm, lambda p: p * p)) / 1e12 AS funders_hhi,
    CASE WHEN s1 > 0 THEN lost / s1 END AS lost_funders_share_ratio,
    lost_count AS lost_funders_count,
    CASE WHEN contract0 + s0 > 0 THEN contract0 / (contract0 + s0) END AS contract_share_ratio,
    CASE WHEN s0 > 0 THEN state0 / s0 END AS state_share_ratio,
    (s0 - state0) / 100 AS local_eur,
    lines0 AS grant_lines_count,
    lines1 AS grant_lines_previous_count,
    CASE WHEN s0 > 0 THEN largest0 / s0 END AS largest_line_share_ratio,
    CASE WHEN recent_n > 0 THEN recent_days / recent_n END AS payment_delay_days,
    recent_max AS payment_delay_max_days,
    CASE WHEN recent_n > 0 THEN late_n / recent_n END AS payment_late_share_ratio,
    last6 - before6 AS payment_delay_drift_days,
    CASE WHEN due_n > 0 THEN greatest(due_cents - paid_cents, 0) / 100 END AS overdue_eur,
    CASE WHEN due_n > 0 THEN greatest(due_n - paid_n, 0) END AS overdue_count
FROM shared LEFT JOIN instalments USING (siren)
ORDER BY siren
"""


def _prepare(connection: duckdb.DuckDBPyConnection, grants: Path, days: Sequence[date]) -> None:
    """Make the tables that all days share."""
    edges = {day: window_edges(day, months=12, count=_WINDOWS) for day in days}
    cuts = sorted({edge for found in edges.values() for edge in found})
    last = to_day(max(days))
    # Span n is what lies after n edges; no event counts after the last day.
    connection.execute(
        "CREATE TEMP TABLE spans AS"
        " SELECT event_day, len(list_filter($cuts, lambda cut: cut < event_day)) AS span"
        " FROM range(-40000, $last + 1) AS days(event_day)",
        {"cuts": cuts, "last": last},
    )
    windows = [
        (to_day(day), span, k)
        for day, found in edges.items()
        for span, end in enumerate(cuts)
        for k in range(_WINDOWS)
        if found[k + 1] < end <= found[k]
    ]
    connection.execute("CREATE TEMP TABLE windows (today INTEGER, span INTEGER, win INTEGER)")
    connection.executemany("INSERT INTO windows VALUES (?, ?, ?)", windows)
    connection.execute(
        _LINES.format(grants=grants, partial=PARTIAL_SOURCES, last=last, spans=len(cuts) + 1)
    )


def panel(grants: Path, payments: Path, days: Sequence[date], target: Path) -> None:
    """Write the core indicators of some days to one Parquet file."""
    # CASE inside an aggregate costs less than FILTER beside it.
    sums = ",\n        ".join(
        f"greatest(sum(CASE slot WHEN {k} THEN granted ELSE 0 END), 0) AS s{k}"
        for k in range(_WINDOWS)
    )
    years = " + ".join(f"CAST(s{k} > 0 AS INTEGER)" for k in range(_WINDOWS))
    query = _DAY.format(sums=sums, years=years)
    with duckdb.connect(config={"threads": THREADS}) as connection, writer(target) as file:
        _prepare(connection, grants, days)
        oldest = to_day(add_months(min(days), -36))
        last = to_day(max(days))
        connection.execute(_PAYMENTS.format(payments=payments, last=last, oldest=oldest))
        for day in sorted(days):
            edge = {name: to_day(add_months(day, -months)) for name, months in _EDGES.items()}
            asked = connection.sql(query, params={"today": to_day(day), **edge})
            rows = asked.to_arrow_table()
            file.write_table(rows.select(file.schema.names).cast(file.schema), ROW_GROUP)
