"""Serving an invented (synthetic) publication of 1,500,000 structures, against the aims.

``python -m benchmarks.lists`` publishes it, then measures in one run: the Top 50 in process and
over HTTP beside a constant answer (`wrk`), any combination of filters, search, the time until a
server is ready beside the loading of the same rows into SQLite, what one more worker holds for
itself, and the peak of an export as XLSX. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.api import CONNECTIONS, CONSTANT, VEILLE
from benchmarks.exports import measure, publish
from benchmarks.servers import Side, measured, running, with_bytecode
from serving.access.keys import create_key
from serving.access.principal import Territory
from serving.publication import Publication
from serving.publication_build import CODED
from serving.ranking import Filters, Sort, query
from serving.state import open_state

_ROOT = Path(__file__).parents[1]
_CLI = "from veille.cli import main; main()"


def main() -> int:
    """Measure and print, each figure with its aim."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.lists", description=__doc__)
    asked.add_argument("--rows", type=int, default=1_500_000)
    asked.add_argument("--export", type=int, default=100_000, help="rows of the export (100000)")
    asked.add_argument("--seconds", type=int, default=3, help="of each measure over HTTP (3)")
    asked.add_argument("--home", type=Path, help="where the list is kept, and found again")
    given = asked.parse_args()
    with TemporaryDirectory(prefix="veille-bench-") as name:
        home = given.home or Path(name)
        print(f"{given.rows} structures, all invented (synthetic)")
        if not (home / "publications" / "failure" / "current").exists():
            _apart("publish", home, given.rows)
        key = _apart("key", home, 0)
        _in_process(home)
        _over_http(home, key, given.seconds)
        _start(home)
        _worker(home, key)
        _export(Path(name), given.export)
    return 0


def _apart(what: str, home: Path, rows: int) -> str:
    """Do what would weigh on the measures in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.lists", what, str(home), str(rows)]
    done = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _in_process(home: Path) -> None:

    publication = Publication.load(home, "failure")
    one = Filters(regions=("76",), sectors=("sport",))
    inside = Territory.of(regions=["76", "75"])
    spent = [_asked(publication, one, territory=inside) for _ in range(500)]
    print(f"Top 50 by region and sector, in process: {_said(spent)} (aim p50 0.2)")
    rng = random.Random(5)
    spent = [_asked(publication, f, s, t) for f, s, t in _drawn(publication, rng)]
    print(f"{len(spent)} drawn combinations: {_said(spent)} (aim p99 20)")
    names = publication.frame["_search"]
    parts = []
    for _ in range(200):
        name, size = names[rng.randrange(publication.rows)], rng.randint(3, 14)
        at = rng.randrange(max(1, len(name) - size))
        parts.append(name[at : at + size])
    spent = [_asked(publication, Filters(q=part)) for part in parts]
    print(f"free text, 3 to 14 letters: {_said(spent)} (aim p99 30)")
    spent = [_asked(publication, Filters(q=letter)) for letter in "aeiorstn" * 5]
    print(f"free text, one letter: {_said(spent)} (aim p99 30)")


def _drawn(
    publication: Publication, rng: random.Random, count: int = 300
) -> Iterator[tuple[Filters, Sort, Territory]]:

    def some(column: str) -> tuple[str, ...]:
        values = publication.values(column)
        return tuple(rng.sample(values, rng.randint(1, len(values)))) if rng.random() < 0.5 else ()

    for _ in range(count):
        levels, regions, departements, sectors, families = map(some, CODED)
        size = rng.choice([None, None, 0, 3, 10, 50])
        horizon = rng.choice(publication.horizons)
        filters = Filters(horizon, levels, regions, departements, sectors, families, size)
        whole, sort = Territory.NATIONAL, rng.choice(list(Sort))
        yield filters, sort, rng.choice([whole, Territory.of(regions=["76", "11"])])


def _over_http(home: Path, key: str, seconds: int) -> None:

    path = "/api/v1/structures?region=76&sector=sport&limit=50"
    headers = {"Authorization": f"Bearer {key}"}
    python = [sys.executable, "-c"]
    veille = Side("veille", [*python, VEILLE, "PORT", str(home)], path, "", headers, method="GET")
    with running(veille) as address:
        body = httpx.get(address, headers=headers, timeout=30).text
        ours = {n: measured(address, veille, n, seconds) for n in CONNECTIONS}
    constant = Side("constant", [*python, CONSTANT, "PORT", body], "/", "", {}, method="GET")
    with running(constant) as address:
        limit = {n: measured(address, constant, n, seconds) for n in CONNECTIONS}
    for n in CONNECTIONS:
        ratio = ours[n].p50_us / limit[n].p50_us
        print(
            f"Top 50 over HTTP, {n:2} connection(s)          p50 {ours[n].p50_us / 1e3:.2f} ms,"
            f" {ratio:.1f} times the constant answer's {limit[n].p50_us / 1e3:.2f} (aim 5)"
        )


def _start(home: Path) -> None:
    with _served(home, 1):
        pass  # its bytecode is then kept, as on any machine that has run it
    ready = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        with _served(home, 1) as (_, pid):
            ready = min(ready, time.perf_counter() - start)
            used = _used(pid)
    scores, _ = map(float, _apart("sqlite", home, 0).split())
    every, spent = map(float, _apart("sqlite", home, 1).split())
    print(
        f"ready {ready:.2f} s after its start (best of 3; {used:.2f} s of CPU in the last);"
        f" SQLite loads the scores in {scores:.1f} s (ratio {ready / scores:.2f}),"
        f" the whole publication in {every:.1f} s (ratio {ready / every:.3f}; aim 0.1),"
        f" {spent:.1f} s of CPU (ratio {used / spent:.3f})"
    )


def _worker(home: Path, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    asked = [
        *("?region=76&sector=sport&limit=50", "?q=des+parents&limit=200", "?sort=-name&level=high"),
        *("?q=de+l&limit=50", "?min_employees=10&sort=name", "?limit=50"),
    ]
    held = {}
    for workers in (2, 3):
        with _served(home, workers) as (address, parent):
            # A connection for each request, so that every worker has its share of them.
            for number in range(60 * workers):
                url = f"{address}/api/v1/structures{asked[number % len(asked)]}"
                httpx.get(url, headers=headers, timeout=30).raise_for_status()
            time.sleep(1)
            pids = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            held[workers] = sum(map(_private, [*map(int, pids), parent]))
    print(f"one more worker holds {held[3] - held[2]:.0f} MB for itself, 60 lists each (aim 50)")


def _export(folder: Path, rows: int) -> None:

    key = publish(folder / "export", rows)
    cost = measure(folder / "export", key, "xlsx", folder / "list.xlsx")
    print(
        f"XLSX of {rows} rows: peak {cost.peak_mib:.0f} MiB with the files mapped,"
        f" {cost.idle_mib:.0f} idle; its own memory {cost.own_mib:.0f} (aim 200)"
    )


@contextmanager
def _served(home: Path, workers: int) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = ["serve", "--home", str(home), "--port", str(port), "--workers", str(workers)]
    environment = with_bytecode(home / "bytecode") | {"VEILLE_LOG_LEVEL": "error"}
    process = subprocess.Popen(
        [sys.executable, "-c", _CLI, *words],
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while not _ready(address):
            if process.poll() is not None:
                raise SystemExit("the server stopped")
            time.sleep(0.01)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _ready(address: str) -> bool:
    # Not httpx: what it sets up for each call would take the processor from who is starting.
    connection = HTTPConnection(address.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == httpx.codes.OK
    except OSError:
        return False
    finally:
        connection.close()


def _used(pid: int) -> float:
    """Return the seconds of CPU that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _private(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def _sqlite(home: Path, *, whole: bool) -> tuple[float, float]:
    """Return the seconds (wall, CPU) of `executemany`: one transaction, no index."""
    import polars as pl

    from serving.publication_files import HISTORY, REASONS, SCORES, UNKNOWN

    folder = Publication.load(home, "failure").folder
    spent = used = 0.0
    with TemporaryDirectory() as made:
        connection = sqlite3.connect(Path(made) / "list.db", isolation_level=None)
        for name in (SCORES, REASONS, HISTORY, UNKNOWN) if whole else (SCORES,):
            frame = pl.read_parquet(folder / name)
            rows, marks = frame.rows(), ",".join("?" * frame.width)
            start, before = time.perf_counter(), time.process_time()
            connection.execute(f"CREATE TABLE t{len(name)} ({','.join(frame.columns)})")
            connection.execute("BEGIN")
            connection.executemany(f"INSERT INTO t{len(name)} VALUES ({marks})", rows)
            connection.execute("COMMIT")
            spent += time.perf_counter() - start
            used += time.process_time() - before
            connection.execute(f"DROP TABLE t{len(name)}")
        connection.close()
    return spent, used


def _asked(
    publication: Publication,
    filters: Filters,
    sort: Sort = Sort.P_DESC,
    territory: Territory = Territory.NATIONAL,
) -> tuple[float, float]:
    """Return the milliseconds of one page, its rows included: wall, then CPU of the process."""
    start, used = time.perf_counter(), time.process_time()
    query(publication, filters, sort=sort, territory=territory).rows()
    return (time.perf_counter() - start) * 1e3, (time.process_time() - used) * 1e3


def _said(spent: list[tuple[float, float]]) -> str:
    """Return median and 99th centile of the wall and of the CPU, in milliseconds."""
    parts = []
    for name, values in zip(("wall", "CPU"), zip(*spent, strict=True), strict=True):
        ordered = sorted(values)
        p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        parts.append(f"{name} p50 {p50:.3f} p99 {p99:.3f} ms")
    return ", ".join(parts)


def _key(home: Path) -> str:

    state = open_state(home)
    try:
        return create_key(state, "banc d'essai", scopes=("read:scores",)).secret
    finally:
        state.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["publish"]:
        from benchmarks.published import publish as _publish

        print(_publish(Path(sys.argv[2]), int(sys.argv[3])))
    elif sys.argv[1:2] == ["key"]:
        print(_key(Path(sys.argv[2])))
    elif sys.argv[1:2] == ["sqlite"]:
        print(*_sqlite(Path(sys.argv[2]), whole=bool(int(sys.argv[3]))))
    else:
        sys.exit(main())
