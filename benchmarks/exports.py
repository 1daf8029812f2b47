"""What the export of a long list costs a server: peak memory, time, size, for each format.

``python -m benchmarks.exports --rows 100000`` publishes an invented list, then starts a server of
its own for each format, exports the whole list through it, and reads the peak of its memory.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx

from benchmarks.servers import with_bytecode

_ROOT = Path(__file__).parents[1]
_BYTECODE = "bytecode"
FORMATS = ("csv", "parquet", "xlsx")
_SERVE = """
import sys, uvicorn
from pathlib import Path
from serving.app import ServingSettings, create_app
from models.lean import import_lightgbm
import_lightgbm()
app = create_app(ServingSettings(Path(sys.argv[1])))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""


@dataclass(frozen=True)
class Cost:
    """One format, in MiB, seconds and bytes.

    `idle_mib` is the resident memory before the export, `peak_mib` its peak, files mapped and
    shared with other processes included; `own_mib` is the peak of what is the process's own.
    """

    ending: str
    idle_mib: float
    peak_mib: float
    own_mib: float
    seconds: float
    file_bytes: int


def publish(home: Path, rows: int) -> str:
    """Publish `rows` invented structures under `home`; return a key that may export them."""
    import numpy as np
    import polars as pl

    from serving.access.keys import create_key
    from serving.publication import write_publication
    from serving.state import open_state

    number = pl.int_range(rows, dtype=pl.Int64, eager=True)
    p = np.random.default_rng(7).beta(1, 20, rows)
    scores = pl.DataFrame({"number": number, "p": p}).select(
        siren=pl.format("99{}", pl.col("number").cast(pl.String).str.zfill(7)),
        name=pl.format("Association fictive des brumes et du nuage {}", "number"),
        ess_family=pl.lit("association"),
        sector=pl.lit("social"),
        sector_label=pl.lit("Action sociale"),
        naf=pl.lit("88.99B"),
        commune=pl.lit("59350"),
        departement=pl.lit("59"),
        region=pl.lit("32"),
        employees_band=pl.lit("11"),
        employees=(pl.col("number") % 90).cast(pl.Int32),
        **{f"p_{h}m": pl.col("p") * h / 18 for h in (6, 12, 18)},
        low_12m=pl.col("p") * 0.5,
        high_12m=pl.col("p") * 0.8,
        level=pl.lit("low"),
        coverage=pl.lit(0.75),
        rank=(pl.col("p").rank("ordinal", descending=True)).cast(pl.Int32),
    )
    first = scores["siren"][:1]
    reasons = pl.DataFrame(
        {
            "siren": first,
            "horizon_months": pl.Series([12], dtype=pl.Int32),
            "indicator": "grants_change",
            "theme": "funding",
            "label": "Libellé inventé",
            "unit": "%",
            "value": 1.0,
            "text": pl.Series([None], dtype=pl.String),
            "contribution": 0.5,
            "sentence": "Raison inventée.",
        }
    )
    history = pl.DataFrame(
        {
            "siren": first,
            "fiscal_year": pl.Series([2025], dtype=pl.Int32),
            "funder_id": "slug:conseil-des-brumes",
            "funder_name": "Conseil des Brumes",
            "funder_level": "region",
            "amount_eur": 12_000.0,
        }
    )
    unknown = pl.DataFrame({"siren": first, "theme": "debt", "message": "Rien n'est connu."})
    manifest = {
        "as_of": date(2026, 6, 30),
        "horizons_months": [6, 12, 18],
        "model": {"name": "fictif", "version": "1", "run_id": None},
        "input_hash": hashlib.sha256(str(rows).encode()).hexdigest(),
        "synthetic": True,
        "base_values": {str(h): math.log(0.05 / 0.95) for h in (6, 12, 18)},
        "levels": {},
        "thresholds": {"horizon": 12},
    }
    write_publication(home, "failure", manifest, scores, reasons, history, unknown)
    state = open_state(home)
    try:
        return create_key(state, "mesure", scopes=("read:scores", "export:scores")).secret
    finally:
        state.close()


def measure(home: Path, key: str, ending: str, target: Path) -> Cost:
    """Export the whole list through a server started for it; leave the file at `target`."""
    if not (home / _BYTECODE).exists():
        with _server(home):
            pass  # its bytecode is then kept, as on any machine that has run it
    with _server(home) as (address, pid):
        idle = _memory(pid, "VmHWM")
        start, size = time.perf_counter(), 0
        url = f"{address}/api/v1/exports/structures.{ending}"
        headers = {"Authorization": f"Bearer {key}"}
        with (
            _watched(pid) as own,
            httpx.stream("GET", url, headers=headers, timeout=600) as answer,
            target.open("wb") as file,
        ):
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                size += file.write(piece)
        seconds = time.perf_counter() - start
        return Cost(ending, idle, _memory(pid, "VmHWM"), max(own), seconds, size)


def main(arguments: list[str]) -> None:
    """Print one line for each format."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports")
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as name:
        folder = Path(name)
        # In a process of its own: the making of the list must weigh on no measure.
        command = [sys.executable, "-m", "benchmarks.exports", "publish", name, str(rows)]
        made = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True)
        key = made.stdout.strip()
        print(f"{rows} structures (mémoire en Mio, fichier en Mo)")
        print("format        repos    pointe dont propre  secondes   fichier")
        for ending in FORMATS:
            cost = measure(folder, key, ending, folder / f"list.{ending}")
            print(
                f"{ending:<9}{cost.idle_mib:>10.0f}{cost.peak_mib:>10.0f}{cost.own_mib:>12.0f}"
                f"{cost.seconds:>10.1f}{cost.file_bytes / 1e6:>10.1f}",
                flush=True,
            )


@contextmanager
def _server(home: Path) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", _SERVE, str(home), str(port)]
    process = subprocess.Popen(command, cwd=_ROOT, env=with_bytecode(home / _BYTECODE))
    try:
        for _ in range(600):
            try:
                if httpx.get(f"{address}/health/ready", timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """Give the list that the process's own memory is added to, every 20 ms."""
    seen, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            seen.append(_memory(pid, "RssAnon"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _memory(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["publish"]:
        print(publish(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        main(sys.argv[1:])
