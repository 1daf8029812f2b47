"""Several processes of the server: forked from one that has imported all of it, so that they share.

Each worker that imported for itself would hold its own copy of the libraries, well over 100 MB. The
parent imports, freezes what it made, forks, and does nothing else: no thread runs in it, no file of
the state is open in it. A worker that ends is replaced; the listening socket outlives it, so that
what waited in its queue is answered by another.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from types import FrameType

import uvicorn

from serving.settings import ServingSettings
from serving.state import open_state

_LOG = logging.getLogger("uvicorn.error")
#: between two deaths of a worker that never came to serve
_PATIENCE_SECONDS = 1.0
_STOP_SECONDS = 30.0


def run(
    options: ServingSettings, address: tuple[str, int], workers: int, *, log_level: str
) -> None:
    """Serve with several processes until SIGINT or SIGTERM.

    Raises
    ------
    OSError
        The address is taken or forbidden.
    StateError
        The database does not open: said here, before any worker is born.
    """
    _import_all()
    open_state(options.home, options.database_url).close()
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.set_inheritable(True)
        _Parent(options, listening, log_level).run(workers)


def _import_all() -> None:
    """Import what the workers use, in the one process whose pages they share."""
    import lightgbm  # noqa: F401
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: F401
    from uvicorn.loops import auto as loops  # noqa: F401
    from uvicorn.protocols.http import auto as http  # noqa: F401

    import serving.app  # noqa: F401


class _Parent:
    def __init__(self, options: ServingSettings, listening: socket.socket, level: str) -> None:
        self.options, self.listening, self.level = options, listening, level
        self.children: dict[int, float] = {}
        self.stopping = False
        # A worker reads its end of this pipe: it ends with the parent, even one that is killed.
        self.lifeline = os.pipe()

    def run(self, workers: int) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        gc.collect()
        gc.freeze()  # a collection would write in every page, and copy it
        for _ in range(workers):
            self._fork()
        while self.children:
            try:
                pid, status = os.wait()
            except ChildProcessError:
                break
            born = self.children.pop(pid)
            if not self.stopping:
                _LOG.warning("processus %d terminé (%d), remplacé", pid, status)
                if time.monotonic() - born < _PATIENCE_SECONDS:
                    time.sleep(_PATIENCE_SECONDS)
                self._fork()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        for pid in self.children:
            os.kill(pid, signal.SIGTERM)

    def _fork(self) -> None:
        # A signal between the fork and its record would be lost to the new worker.
        signals = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        try:
            pid = os.fork() if not self.stopping else -1
            if pid > 0:
                self.children[pid] = time.monotonic()
        finally:
            if pid:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        if not pid:
            self._serve(signals)

    def _serve(self, signals: set[signal.Signals]) -> None:
        """Be a worker, and never come back."""
        code = 1
        try:
            for number in signals:
                signal.signal(number, signal.SIG_DFL)
            os.close(self.lifeline[1])
            from serving.app import create_app

            config = uvicorn.Config(
                create_app(self.options), log_level=self.level, access_log=False
            )
            server = uvicorn.Server(config)
            threading.Thread(target=_follow, args=(self.lifeline[0], server), daemon=True).start()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            server.run(sockets=[self.listening])
            code = 0 if server.started else 1
        except BaseException:
            _LOG.exception("processus du service arrêté")
        finally:
            logging.shutdown()
            sys.stdout.flush()
            os._exit(code)


def _follow(lifeline: int, server: uvicorn.Server) -> None:
    os.read(lifeline, 1)
    server.should_exit = True
