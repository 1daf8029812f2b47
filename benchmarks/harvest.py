"""The ingest of the national harvest against DuckDB reading and rewriting the same Parquet files.

DuckDB makes the casts of the lake (identifiers cut, amounts as decimals and cents, years as days);
it checks nothing, rejects nothing, keeps every line. It is measured twice: writing one compressed
file for each file read, as the lake does, and all of them into one, which it does on all cores.
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
    return _copy([(str(path), folder / path.name) for path in files], folder)


def merge(files: Sequence[Path], folder: Path) -> int:
    """Rewrite all files into one with DuckDB; return the lines written."""
    return _copy([(f"{files[0].parent}/*.parquet", folder / "all.parquet")], folder)


def _copy(pairs: Sequence[tuple[str, Path]], folder: Path) -> int:
    with duckdb.connect() as connection:
        for source, target in pairs:
            connection.execute(REWRITE.format(source=source, target=target))
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
    """Measure the three alternately; return 1 when they do not read the same lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.harvest", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="folder of the Parquet files of the harvest")
    parser.add_argument("--repeats", type=int, default=3, help="alternate runs of each side (3)")
    asked = parser.parse_args()
    files = sorted(asked.folder.glob("*.parquet"))
    if not files:
        print(f"{asked.folder}: no Parquet file of the harvest, nothing is measured")
        return 0
    sides = {
        "DuckDB, file by file": rewrite,
        "DuckDB, all into one file": merge,
        "veille ingest grants": take,
    }
    runs = [[timed(work, files) for work in sides.values()] for _ in range(asked.repeats)]
    print(f"{runs[0][-1][0]} lines in {len(files)} files, median of {asked.repeats}")
    for at, name in enumerate(sides):
        wall, cpu = (statistics.median(run[at][k] for run in runs) for k in (1, 2))
        line = f"  {name:28} wall {wall:6.2f} s   CPU {cpu:6.2f} s"
        if at < len(sides) - 1:
            line += "   ours, times as much: " + ", ".join(
                _ratios(title, [run[-1][k] / run[at][k] for run in runs])
                for k, title in ((1, "wall"), (2, "CPU"))
            )
        print(line)
    return int(any(len({lines for lines, _, _ in run}) > 1 for run in runs))


def _ratios(title: str, ratios: list[float]) -> str:
    return f"{title} {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    sys.exit(main())
