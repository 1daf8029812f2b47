"""The 28 core indicators that every side of the benchmark computes, and whether sides agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import polars as pl

CORE: tuple[str, ...] = (
    "grants_eur",
    "grants_previous_eur",
    "grants_two_before_eur",
    "grants_change_1y_ratio",
    "grants_change_2y_ratio",
    "grants_vs_mean_ratio",
    "grants_floor_ratio",
    "grants_peak_ratio",
    "grants_volatility_ratio",
    "grants_years_count",
    "history_years",
    "funders_count",
    "largest_funder_share_ratio",
    "funders_hhi",
    "lost_funders_share_ratio",
    "lost_funders_count",
    "contract_share_ratio",
    "state_share_ratio",
    "local_eur",
    "grant_lines_count",
    "grant_lines_previous_count",
    "largest_line_share_ratio",
    "payment_delay_days",
    "payment_delay_max_days",
    "payment_late_share_ratio",
    "payment_delay_drift_days",
    "overdue_eur",
    "overdue_count",
)
#: threads that every side may use
THREADS = 2
#: rows of a row group of what every side writes, and its compression
ROW_GROUP, ZSTD_LEVEL = 100_000, 1
#: two numbers are the same within the first part of the larger, or within the second
RELATIVE, ABSOLUTE = 1e-9, 1e-12


def differences(a: Path, b: Path) -> dict[str, int]:
    """Return, by core indicator, how many rows differ between two panels; nothing if none does.

    `structure_id` counts the rows (structure and day) that are in one panel only.
    """
    import polars as pl

    key = ["as_of", "structure_id"]
    days = pl.concat([pl.scan_parquet(path).select("as_of").unique() for path in (a, b)])
    found: dict[str, int] = {}
    for day in days.unique().collect().to_series().sort():
        one, two = (pl.scan_parquet(p).filter(pl.col("as_of") == day).collect() for p in (a, b))
        both = one.join(two, on=key, how="inner", validate="1:1", suffix="_b")
        counts = {"structure_id": one.height + two.height - 2 * both.height}
        counts |= both.select(_differ(name).sum().alias(name) for name in CORE).row(0, named=True)
        for name, count in counts.items():
            if count:
                found[name] = found.get(name, 0) + int(count)
    return found


def _differ(name: str) -> pl.Expr:
    import polars as pl

    a, b = pl.col(name), pl.col(f"{name}_b")
    allowed = pl.max_horizontal(a.abs() * RELATIVE, b.abs() * RELATIVE, pl.lit(ABSOLUTE))
    beyond = (a - b).abs() > allowed
    return beyond.fill_null(value=False) | (a.is_null() != b.is_null())


def writer(target: Path) -> pq.ParquetWriter:
    """Open a panel to write: what every side writes is the same, and costs each the same."""
    columns = [("structure_id", pa.string()), ("as_of", pa.date32())]
    schema = pa.schema([*columns, *((name, pa.float64()) for name in CORE)])
    return pq.ParquetWriter(
        target,
        schema,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=["as_of"],
    )
