"""Live scoring over HTTP beside a constant answer and other servers of models, in one run.

``python -m benchmarks.api [--home HOME]`` takes the current publication of a home (else of a
synthetic France made for it), and asks each server in turn for the probabilities of the same
structure, from its indicators, with `wrk` (its package in Debian) on the same machine:

- ``constant``: uvicorn and an ASGI application that always answers the same bytes: the limit;
- ``veille``: ``POST /api/v1/scores``, key, limit, audit and headers included;
- ``mlflow``: ``mlflow models serve`` with the registered model.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

_ROOT = Path(__file__).parents[1]
CONNECTIONS = (1, 16)
CONSTANT = """
import sys, uvicorn
BODY = sys.argv[2].encode()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical", access_log=False)
"""
VEILLE = """
import sys, uvicorn
from pathlib import Path
from serving.app import ServingSettings, create_app
app = create_app(ServingSettings(Path(sys.argv[2]), rate_per_minute=0))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="critical", access_log=False)
"""


@dataclass(frozen=True)
class Rate:
    """What `wrk` measured: answers a second, latency in microseconds, other answers than 200."""

    per_second: float
    p50_us: float
    p99_us: float
    refused: int


@dataclass(frozen=True)
class Side:
    """A server to be started, and the request it is asked."""

    name: str
    command: list[str]
    path: str
    body: str
    headers: dict[str, str]
    method: str = "POST"


def sides(home: Path) -> list[Side]:
    """Return the servers, each with the same structure of the current list."""
    import polars as pl

    from serving.access.keys import create_key
    from serving.live.scorer import LiveScorer
    from serving.publication import Publication
    from serving.state import open_state
    from veille.home import Home
    from veille.line import latest_panel

    live = LiveScorer.load(Publication.load(home, "failure"))
    day = live.context.as_of
    panel = latest_panel(home)[1].filter(pl.col("as_of") == day)
    row = panel.select(live.single.names).row(len(panel) // 2, named=True)
    call = json.dumps({"structures": [{"indicators": row}]})
    answer = json.dumps({"items": [{"p": 0.0123456789} for _ in range(3)]})
    state = open_state(home)
    secret = create_key(state, "banc d'essai", scopes=("score:live",)).secret
    state.close()
    registry = Home(home).registry
    stored = registry.resolve(str(live.publication.manifest.model.run_id))
    split = {"columns": list(row), "data": [list(row.values())]}
    python = [sys.executable, "-c"]
    mlflow = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(_packed(stored))]
    return [
        Side("constant", [*python, CONSTANT, "PORT", answer], "/", call, {}),
        Side(
            "veille",
            [*python, VEILLE, "PORT", str(home)],
            "/api/v1/scores",
            call,
            {"Authorization": f"Bearer {secret}"},
        ),
        Side(
            "mlflow",
            [*mlflow, "--env-manager", "local", "-p", "PORT", "-h", "127.0.0.1"],
            "/invocations",
            json.dumps({"dataframe_split": split}),
            {},
        ),
    ]


def _packed(stored: Path) -> Path:
    """Return the folder of MLflow's model that holds ours."""
    return next(folder for folder in (stored, *stored.parents) if (folder / "MLmodel").exists())


@contextmanager
def running(side: Side) -> Iterator[str]:
    """Start a server; give its address once it answers; stop it by its number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [word if word != "PORT" else str(port) for word in side.command]
    # MLflow starts its server by name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(_ROOT), "PATH": path}
    process = subprocess.Popen(
        command, cwd=_ROOT, env=env, stdout=subprocess.DEVNULL, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}{side.path}"
    try:
        deadline = time.monotonic() + 120
        while _asked(address, side) != 200:
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit(f"{side.name} does not answer")
            time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _asked(address: str, side: Side) -> int:
    headers = {"Content-Type": "application/json", **side.headers}
    try:
        content = side.body or None
        return httpx.request(
            side.method, address, content=content, headers=headers, timeout=10
        ).status_code
    except httpx.TransportError:
        return 0


def measured(address: str, side: Side, connections: int, seconds: int) -> Rate:
    """Return what `wrk` says of one server."""
    headers = {"Content-Type": "application/json", **side.headers}
    script = f'wrk.method = "{side.method}"\nwrk.body = {_lua(side.body)}\n'
    script += "".join(f"wrk.headers[{_lua(k)}] = {_lua(v)}\n" for k, v in headers.items())
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", file.name]
        said = subprocess.run([*words, address], check=True, capture_output=True, text=True).stdout
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Rate(
        float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        _microseconds(_found(r"50%\s+(\S+)", said)),
        _microseconds(_found(r"99%\s+(\S+)", said)),
        int(refused.group(1)) if refused else 0,
    )


def _lua(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"wrk said something else:\n{text}")
    return found.group(1)


def _microseconds(text: str) -> float:
    for unit, factor in (("us", 1.0), ("ms", 1e3), ("s", 1e6)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise SystemExit(f"wrk said something else: {text}")


def main() -> int:
    """Measure every server and print its rate as a part of the constant answer's."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks.api", description=__doc__)
    asked.add_argument("--home", type=Path, help="a home with a publication")
    asked.add_argument("--structures", type=int, default=5_000, help="of the one made else (5000)")
    asked.add_argument("--seconds", type=int, default=3, help="of each measure (3)")
    asked.add_argument("--rounds", type=int, default=2, help="the better one counts (2)")
    given = asked.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not here: apt-get install wrk")
    with ExitStack() as stack:
        home = given.home or Path(stack.enter_context(TemporaryDirectory(prefix="veille-bench-")))
        if given.home is None:
            _made(home, given.structures)
        _compare(sides(home), given.rounds, given.seconds)
    return 0


def _made(home: Path, structures: int) -> None:
    from features.progress import quiet
    from veille import demo
    from veille.home import Home

    silent = dict.fromkeys(("facts", "features", "train", "score"), quiet)
    demo.run(Home(home), structures, 1, silent, targets=("failure",))


def _compare(every: list[Side], rounds: int, seconds: int) -> None:
    found: dict[str, dict[int, Rate]] = {}
    for _ in range(rounds):
        for side in every:
            with running(side) as address:
                for connections in CONNECTIONS:
                    rate = measured(address, side, connections, seconds)
                    best: Any = found.setdefault(side.name, {}).get(connections)
                    if best is None or rate.per_second > best.per_second:
                        found[side.name][connections] = rate
    for connections in CONNECTIONS:
        print(f"{connections} connection(s)")
        limit = found["constant"][connections]
        for name, rates in found.items():
            rate = rates[connections]
            print(
                f"  {name:9} {rate.per_second:8.0f}/s ({rate.per_second / limit.per_second:.1%})"
                f"   p50 {rate.p50_us:7.0f} us   p99 {rate.p99_us:7.0f} us"
                f"   refused {rate.refused}"
            )


if __name__ == "__main__":
    sys.exit(main())
