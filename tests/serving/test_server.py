"""A real server on 127.0.0.1: publications swapped under load, writers killed at any moment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.access.audit import verify
from serving.access.keys import create_key
from serving.publication import Publication
from serving.state import open_state

Make = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]

SERVE = """
import os, sys, uvicorn
from pathlib import Path
from serving.app import ServingSettings, create_app
home, database = Path(sys.argv[1]), os.environ.get("DATABASE")
app = create_app(ServingSettings(home, database, rate_per_minute=0))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""

WRITE = """
import pickle, sys
from datetime import date
from pathlib import Path
from serving.publication import write_publication
home, frames = Path(sys.argv[1]), pickle.loads(Path(sys.argv[2]).read_bytes())
for number in range(1000):
    manifest = frames["manifest"] | {"input_hash": f"tour-{sys.argv[3]}-{number}"}
    write_publication(home, "failure", manifest, *frames["tables"])
    print(number, flush=True)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path, database_url: str | None, frames_factory: Make) -> Iterator[str]:
    frames_factory().write(tmp_path)
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-c", SERVE, str(tmp_path), str(port)]
    env = os.environ | ({"DATABASE": database_url} if database_url else {})
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{address}/health/ready", timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in {0, -signal.SIGINT}


def test_publications_are_swapped_under_load(
    server: str, tmp_path: Path, database_url: str | None, frames_factory: Make
) -> None:
    state = open_state(tmp_path, database_url)
    key = create_key(state, "outil fictif").secret
    statuses: list[int] = []
    seen: set[str] = set()
    stop = threading.Event()

    def read() -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            while not stop.is_set():
                answer = client.get(f"{server}/api/v1/structures?limit=20")
                statuses.append(answer.status_code)
                body = answer.json()
                seen.add(body["publication"])
                siren = body["items"][0]["siren"]
                statuses.append(client.get(f"{server}/api/v1/structures/{siren}").status_code)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    written = []
    for seed in range(2, 7):
        written.append(frames_factory(seed=seed).write(tmp_path))
        time.sleep(0.3)
    headers = {"Authorization": f"Bearer {key}"}
    last = httpx.get(f"{server}/api/v1/structures", headers=headers, timeout=30)
    stop.set()
    for reader in readers:
        reader.join()
    assert last.json()["publication"] == written[-1]
    assert set(statuses) == {200}
    assert len(seen & set(written)) >= 2
    # The lines of repeated pages follow within a second.
    deadline = time.monotonic() + 10
    while (report := verify(state)).entries < len(statuses) and time.monotonic() < deadline:
        time.sleep(0.1)
    state.close()
    assert report.intact
    assert report.entries >= len(statuses)


@pytest.mark.slow
def test_a_killed_writer_leaves_the_last_good_publication(
    tmp_path: Path, frames_factory: Make
) -> None:
    import pickle

    frames = frames_factory(count=400)
    tables = (frames.scores, frames.reasons, frames.history, frames.unknown)
    content = tmp_path / "frames.pickle"
    content.write_bytes(pickle.dumps({"manifest": frames.manifest, "tables": tables}))
    frames.write(tmp_path)
    for turn in range(4):
        command = [sys.executable, "-c", WRITE, str(tmp_path), str(content), str(turn)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline().strip() == "0"
            time.sleep(0.013 * turn)
            os.kill(writer.pid, signal.SIGKILL)
        publication = Publication.load(tmp_path, "failure")
        assert publication.rows == 400
        assert publication.manifest.model_extra == {}
        assert publication.manifest.input_hash.startswith(f"tour-{turn}-")
