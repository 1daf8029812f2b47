"""The ingest of the national harvest against DuckDB reading and rewriting the same Parquet files.

DuckDB makes the casts of the lake (identifiers cut, amounts as decimals and cents, years as days)
and writes one compressed file for each file read; it checks nothing, rejects nothing, keeps every
line.
Needs the harvest: ``python -m benchmarks.harvest FOLDER``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from veille.line import ingest

REWRITE = """
COPY (
    SELECT
        CASE WHEN benef_id LIKE 'S%' THEN substr(benef_id, 2) END AS siren,
        CASE WHEN benef_id LIKE 'R%' THEN substr(benef_id, 2) END AS rna,
        donor_name_raw AS funder_id, trim(donor_name_raw, ' "') AS funder_name,
        donor_level AS funder_level, donor_program AS programme, purpose_raw AS purpose,
        CAST(amount_eur AS DECIMAL(18, 2)) AS amount_eur, measure AS stage,
        CAST(year AS INTEGER) AS fiscal_year, concours AS instrument, source_id AS dataset,
        'grants' AS source, file_row_number + 1 AS source_row,
        make_date(year, 12, 31) AS known_on,
        CAST(make_date(year, 12, 31) - DATE '1970-01-01' AS INTEGER) AS known_day,
        CAST(round(amount_eur * 100) AS BIGINT) AS amount_cents
    FROM read_parquet('{source}', file_row_number = true)
) TO '{target}' (FORMAT parquet, COMPRESSION zstd)
"""


def rewrite(files: Sequence[Path], folder: Path) -> int:
    """Rewrite each file with DuckDB; return the lines written."""
    with duckdb.connect() as connection:
        for path in files:
            connection.execute(REWRITE.format(source=path, target=folder / path.name))
        found = connection.sql(f"SELECT count(*) FROM read_parquet('{folder}/*.parquet')")
        return int(found.fetchall()[0][0])


def take(files: Sequence[Path], folder: Path) -> int:
    """Ingest the files into a new home; return the lines read."""
    return sum(manifest.rows_in for manifest in ingest(folder, "grants", files))


def timed(
    work: Callable[[Sequence[Path], Path], int], files: Sequence[Path]
) -> tuple[int, float, float]:
    """Run `work` in a new folder; return what it returns, its wall and CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as folder:
        wall, cpu = time.perf_counter(), time.process_time()
        found = work(files, Path(folder))
        return found, time.perf_counter() - wall, time.process_time() - cpu


def main() -> int:
    """Measure both alternately; return 1 when they do not read the same lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.harvest", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="folder of the Parquet files of the harvest")
    parser.add_argument("--repeats", type=int, default=3, help="alternate runs of each side (3)")
    asked = parser.parse_args()
    files = sorted(asked.folder.glob("*.parquet"))
    if not files:
        print(f"{asked.folder}: no Parquet file of the harvest, nothing is measured")
        return 0
    runs = [(timed(rewrite, files), timed(take, files)) for _ in range(asked.repeats)]
    print(f"{runs[0][1][0]} lines in {len(files)} files, median of {asked.repeats}")
    for at, name in enumerate(("DuckDB, read and rewrite", "veille ingest grants")):
        wall, cpu = (statistics.median(run[at][k] for run in runs) for k in (1, 2))
        print(f"  {name:28} wall {wall:6.2f} s   CPU {cpu:6.2f} s")
    for k, name in ((1, "wall"), (2, "CPU")):
        ratios = sorted(ours[k] / duck[k] for duck, ours in runs)
        median = statistics.median(ratios)
        print(f"  {name} ratio {median:.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")
    return int(any(duck[0] != ours[0] for duck, ours in runs))


if __name__ == "__main__":
    sys.exit(main())
