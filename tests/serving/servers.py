"""A real server on 127.0.0.1, in a process of its own, stopped by its number."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]

SERVE = """
import sys, uvicorn
from pathlib import Path
from serving.app import ServingSettings, create_app
app = create_app(ServingSettings(Path(sys.argv[1])))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""


@contextmanager
def running(home: Path, **environment: str) -> Iterator[str]:
    """Give the address of a server of `home` that is ready; stop it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(home), str(port)],
        cwd=ROOT,
        env=os.environ | environment,
    )
    try:
        wait(lambda: ready(address))
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in {0, -signal.SIGINT}


def ready(address: str) -> bool:
    """Tell whether a server serves a list."""
    try:
        return httpx.get(f"{address}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def wait(until: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait until something is true; fail when it is not in time."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)
