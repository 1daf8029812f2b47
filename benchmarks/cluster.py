"""A standalone Spark cluster on this machine: one master and its workers, one core each.

The programs are PySpark's own. Each leads a group of processes, which holds the executors that a
worker starts, and is stopped by its number.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_DEPLOY = "org.apache.spark.deploy"


class Cluster:
    """A running cluster; `url` is its master's. Use as a context manager.

    Parameters
    ----------
    workers : int
        Workers, of one core each.
    memory : str
        Memory of each worker for its executors.
    patience : float
        Seconds that the whole of it may take to start.
    """

    def __init__(self, workers: int = 2, *, memory: str = "1g", patience: float = 120) -> None:
        self._workers, self._memory, self._patience = workers, memory, patience
        self._port, self._page = _free_ports(2)
        self._running: list[subprocess.Popen[bytes]] = []
        self.url = f"spark://{HOST}:{self._port}"

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="veille-spark-")
        try:
            self._start("master.Master", "--port", self._port, "--webui-port", self._page)
            self._wait("its master", lambda state: state.get("status") == "ALIVE")
            for number in range(self._workers):
                work = Path(self._folder.name) / f"worker-{number}"
                given = ("--cores", 1, "--memory", self._memory, "--work-dir", work)
                self._start("worker.Worker", *given, "--webui-port", 0, self.url)
            self._wait("its workers", lambda state: state.get("aliveworkers") == self._workers)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pids(self) -> list[int]:
        """The processes started and not stopped."""
        return [process.pid for process in self._running]

    def stop(self) -> None:
        """Stop every process, workers first, and remove what they wrote."""
        for process in reversed(self._running):
            _signal(process.pid, signal.SIGTERM)
        for process in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            _signal(process.pid, signal.SIGKILL)  # an executor that outlives its worker
            process.wait()
        self._running.clear()
        self._folder.cleanup()

    def _start(self, program: str, *options: object) -> None:
        from pyspark.find_spark_home import _find_spark_home

        spark_class = Path(_find_spark_home()) / "bin" / "spark-class"
        command = [str(spark_class), f"{_DEPLOY}.{program}", "--host", HOST, *map(str, options)]
        env = dict(os.environ, SPARK_LOCAL_IP=HOST, SPARK_DAEMON_MEMORY="256m")
        with (Path(self._folder.name) / "log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    command,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def _wait(self, what: str, ready: Callable[[dict[str, object]], bool]) -> None:
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline and all(p.poll() is None for p in self._running):
            if ready(self._state()):
                return
            time.sleep(0.2)
        said = (Path(self._folder.name) / "log").read_text("utf-8", errors="replace")
        raise RuntimeError(f"the cluster does not start: {what}\n{said[-2000:]}")

    def _state(self) -> dict[str, object]:
        """Return what the master says of itself; nothing while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self._page}/json/", timeout=5) as answer:
                state: dict[str, object] = json.load(answer)
        except (OSError, ValueError):
            return {}
        return state


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
