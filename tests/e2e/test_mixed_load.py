"""Lists, structures, scores and exports together, while lists are published and workers killed.

Each answer is compared with the publication that its `X-Publication` names: a worker that mixed two
of them, or that answered from half of one, would be found. `MIXED_LOAD_SECONDS` sets how long the
slow test lasts (300).
"""

from __future__ import annotations

import csv
import io
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import polars as pl
import pytest

from serving.access.audit import verify
from serving.access.keys import create_key
from serving.state import open_state
from tests.serving.conftest import make_frames
from tests.serving.servers import ROOT, ready, wait

_SERVE = "from veille.cli import main; main()"
_SCOPES = ("read:scores", "export:scores", "score:live")
_REGIONS = ("32", "93", "53", "76")
_CALL = {"structures": [{"indicators": {"grants_eur": 12_000.0, "sector": "culture"}}]}
_READERS = 4


@dataclass
class Load:
    """What happened: answers to be compared, requests that failed, workers killed and when."""

    address: str
    key: str
    published: dict[str, pl.DataFrame] = field(default_factory=dict)
    answers: list[tuple[str, str, str, list[tuple[str, float | None]]]] = field(
        default_factory=list
    )
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    broken: list[tuple[float, float, str]] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self, seed: int) -> None:
        """Ask one thing after the other until `stop`, each on a connection of its own."""
        rng = random.Random(seed)
        limits = httpx.Limits(max_keepalive_connections=0)
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(headers=headers, timeout=60, limits=limits, base_url=self.address) as c:
            while not self.stop.is_set():
                kind = rng.choices(("list", "structure", "scores", "export"), (4, 4, 3, 1))[0]
                started = time.monotonic()
                try:
                    self._ask(kind, c, rng.choice(_REGIONS), rng)
                except httpx.TransportError as error:
                    self.broken.append((started, time.monotonic(), repr(error)))

    def _ask(self, kind: str, client: httpx.Client, region: str, rng: random.Random) -> None:
        found: list[tuple[str, float | None]] = []
        if kind == "scores":
            answer = client.post("/api/v1/scores", json=_CALL)
            if answer.status_code == 200:
                found = [("", item["p"]) for item in answer.json()["items"][0]["estimates"]]
        elif kind == "export":
            asked = {"region": region, "dialect": "standard"}
            answer = client.get("/api/v1/exports/structures.csv", params=asked)
            if answer.status_code == 200:
                lines = csv.DictReader(io.StringIO(answer.text))
                found = [(r["siren"], float(r["p"]) if r["p"] else None) for r in lines]
        elif kind == "list":
            answer = client.get("/api/v1/structures", params={"region": region, "limit": 50})
            if answer.status_code == 200:
                found = [(row["siren"], row["p"]) for row in answer.json()["items"]]
        else:
            # In every publication: the same structures, with other probabilities.
            row = next(iter(self.published.values())).row(rng.randrange(100), named=True)
            answer = client.get(f"/api/v1/structures/{row['siren']}")
            if answer.status_code == 200:
                shown = answer.json()["structure"]
                found = [(shown["siren"], shown["p"])]
        self.statuses[kind, answer.status_code] += 1
        self.answers.append((kind, answer.headers.get("x-publication", ""), region, found))

    def wrong(self) -> list[str]:
        """Return what differs from the publication that the answer names."""
        expected = {
            (name, region): _expected(scores, region)
            for name, scores in self.published.items()
            for region in _REGIONS
        }
        each = {
            name: dict(scores.select("siren", "p_12m").iter_rows())
            for name, scores in self.published.items()
        }
        live = {tuple(found) for kind, _, _, found in self.answers if kind == "scores"}
        problems = [f"{len(live)} different scores of one structure"] if len(live) > 1 else []
        for kind, name, region, found in self.answers:
            if name not in self.published:
                problems.append(f"{kind}: publication {name!r}")
            elif kind == "structure":
                if each[name].get(found[0][0], -1.0) != found[0][1]:
                    problems.append(f"structure {found} of {name}")
            elif kind != "scores":
                whole = expected[name, region]
                if found != (whole[:50] if kind == "list" else whole):
                    problems.append(f"{kind} of {region} in {name}")
        return problems

    def unexplained(self) -> list[str]:
        """Return the broken requests that were not open when a worker was killed."""
        return [
            said
            for start, end, said in self.broken
            if not any(start <= kill <= end for kill in self.kills)
        ]


def _expected(scores: pl.DataFrame, region: str) -> list[tuple[str, float | None]]:
    rows = scores.filter(pl.col("region") == region)
    rows = rows.sort("p_12m", "siren", descending=[True, False], nulls_last=True)
    return list(rows.select("siren", "p_12m").iter_rows())


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def started(home: Path, workers: int = 2) -> tuple[str, subprocess.Popen[bytes]]:
    """Return the address and the parent of a server with several workers, once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = ["serve", "--home", str(home), "--port", str(port), "--workers", str(workers)]
    environment = os.environ | {"VEILLE_RATE_PER_MINUTE": "0", "VEILLE_LOG_LEVEL": "warning"}
    command = [sys.executable, "-c", _SERVE, *words]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        wait(lambda: ready(address), seconds=120)
    except BaseException:
        process.kill()
        raise
    return address, process


@contextmanager
def served(home: Path) -> Iterator[tuple[str, int]]:
    """Give the address and the number of such a parent; stop it by its number."""
    address, process = started(home)
    try:
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/health/live", timeout=5)


def _every(seconds: float, stop: threading.Event, act: Callable[[], None]) -> None:
    while not stop.wait(seconds):
        act()


def _mixed(home: Path, *, seconds: float, publish: float, kill: float) -> Load:
    first = make_frames(count=300)
    name = first.write(home, live=True)
    state = open_state(home)
    key = create_key(state, "outil fictif", scopes=_SCOPES).secret
    with served(home) as (address, parent):
        load = Load(address, key, {name: first.scores})
        killed = random.Random(3)

        def publish_one() -> None:
            frames = make_frames(count=300, seed=len(load.published) + 1)
            load.published[frames.write(home, live=True)] = frames.scores

        def kill_one() -> None:
            workers = children(parent)
            victim = killed.choice(workers)
            load.kills.append(time.monotonic())
            os.kill(victim, signal.SIGKILL)
            wait(lambda: victim not in children(parent) and len(children(parent)) == len(workers))

        acts = [threading.Thread(target=load.read, args=(seed,)) for seed in range(_READERS)] + [
            threading.Thread(target=_every, args=(publish, load.stop, publish_one)),
            threading.Thread(target=_every, args=(kill, load.stop, kill_one)),
        ]
        for act in acts:
            act.start()
        time.sleep(seconds)
        load.stop.set()
        for act in acts:
            act.join()
    report = verify(state)
    state.close()
    assert report.intact, report.problem
    return load


def _check(load: Load, *, publications: int, kills: int) -> None:
    assert load.wrong() == []
    assert load.unexplained() == []
    assert {status for _, status in load.statuses} == {200}, load.statuses
    assert {kind for kind, _ in load.statuses} == {"list", "structure", "scores", "export"}
    assert len(load.published) >= publications
    assert len(load.kills) >= kills
    assert len({name for _, name, _, _ in load.answers}) >= publications


def test_publications_and_a_killed_worker_give_no_wrong_answer(tmp_path: Path) -> None:
    load = _mixed(tmp_path, seconds=14, publish=5, kill=8)
    _check(load, publications=3, kills=1)


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    make_frames(count=300).write(tmp_path)
    address, parent = started(tmp_path)
    assert len(children(parent.pid)) == 2
    parent.kill()
    parent.wait(30)
    wait(lambda: not _listens(address))  # a worker left alone would hold the socket


def _listens(address: str) -> bool:
    try:
        httpx.get(f"{address}/health/live", timeout=5)
    except httpx.TransportError as error:
        return not isinstance(error, httpx.ConnectError)
    return True


@pytest.mark.slow
def test_minutes_of_mixed_load(tmp_path: Path) -> None:
    seconds = float(os.environ.get("MIXED_LOAD_SECONDS", "300"))
    load = _mixed(tmp_path, seconds=seconds, publish=20, kill=30)
    counted = f"{dict(load.statuses)}, {len(load.published)} publications, {len(load.kills)} kills"
    sys.stdout.write(f"{counted}, {len(load.broken)} requests open at a killed worker\n")
    _check(load, publications=2, kills=1)
