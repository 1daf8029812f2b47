"""Start servers one at a time on this machine, and measure each with `wrk`."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Rate:
    """What `wrk` measured: answers a second, latency in microseconds, other answers than 200."""

    per_second: float
    p50_us: float
    p99_us: float
    refused: int


@dataclass(frozen=True)
class Side:
    """A server to be started, and the request it is asked.

    In `command` and `env`, PORT stands for its port and OTHER for another free one.
    """

    name: str
    command: list[str]
    path: str
    body: str
    headers: dict[str, str]
    cwd: Path = _ROOT
    env: dict[str, str] = field(default_factory=dict)
    method: str = "POST"


def with_bytecode(folder: Path) -> dict[str, str]:
    """Return the environment of a server of ours that keeps its bytecode in a folder.

    Started once before it is measured, it does not compile itself, as on any machine that ran it.
    """
    environment = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPATH": str(_ROOT), "PYTHONPYCACHEPREFIX": str(folder)}


@contextmanager
def running(side: Side) -> Iterator[str]:
    """Start a server; give its address once it answers; stop it by its number."""
    with socket.socket() as probe, socket.socket() as other:
        probe.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        ports = {"PORT": str(port), "OTHER": str(other.getsockname()[1])}
    command = [ports.get(word, word) for word in side.command]
    # MLflow starts its server by name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(_ROOT), "PATH": path}
    env |= {name: ports.get(value, value) for name, value in side.env.items()}
    process = subprocess.Popen(
        command, cwd=side.cwd, env=env, stdout=subprocess.DEVNULL, start_new_session=True
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
        _microseconds(_found(r"\n\s+50%\s+(\S+)", said)),
        _microseconds(_found(r"\n\s+99%\s+(\S+)", said)),
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
