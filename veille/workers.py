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
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from data.errors import VeilleError
from serving.app import create_app
from serving.services import Services
from serving.settings import ServingSettings

_LOG = logging.getLogger("uvicorn.error")


def run(
    options: ServingSettings, address: tuple[str, int], workers: int, *, log_level: str
) -> None:
    """Serve with several processes until SIGINT or SIGTERM.

    Raises
    ------
    OSError
        The address is taken or forbidden.
    VeilleError
        `service-not-started`: a worker could not serve.
    StateError
        The database does not open: said here, before any worker is born.
    """
    _import_more()
    app = create_app(options)
    known: Services = app.state.services
    known.state.close()  # no connection crosses a fork: each worker opens its own
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        _Parent(app, listening, log_level).run(workers)


def _import_more() -> None:
    """Import what the application only imports when it is asked for it, for all to share it."""
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: F401
    from uvicorn.loops import auto as loops  # noqa: F401
    from uvicorn.protocols.http import auto as http  # noqa: F401


class _Parent:
    def __init__(self, app: FastAPI, listening: socket.socket, level: str) -> None:
        self.app, self.listening, self.level = app, listening, level
        self.children: set[int] = set()
        self.stopping = self.failed = False
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
            self.children.discard(pid)
            if self.stopping:
                continue
            if os.waitstatus_to_exitcode(status) == STARTUP_FAILURE:
                # It would fail again, and again.
                _LOG.error("un processus du service n'a pas pu démarrer : arrêt")
                self.failed = True
                self._stop(signal.SIGTERM, None)
            else:
                _LOG.warning("processus %d terminé, remplacé", pid)
                self._fork()
        if self.failed:
            raise VeilleError(
                "Le service n'a pas démarré.",
                code="service-not-started",
                todo="La cause est dans le journal, juste au-dessus.",
            )

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
                self.children.add(pid)
        finally:
            if pid:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        if not pid:
            self._serve(signals)

    def _serve(self, signals: set[signal.Signals]) -> None:
        """Be a worker, and never come back."""
        code = STARTUP_FAILURE
        try:
            for number in signals:
                signal.signal(number, signal.SIG_DFL)
            os.close(self.lifeline[1])
            config = uvicorn.Config(
                self.app, log_level=self.level, access_log=False, server_header=False
            )
            server = uvicorn.Server(config)
            threading.Thread(target=_follow, args=(self.lifeline[0], server), daemon=True).start()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            server.run(sockets=[self.listening])
            code = 0 if server.started else STARTUP_FAILURE
        except BaseException:  # noqa: BLE001 - said, and the process ends whatever it is
            _LOG.exception("processus du service arrêté")
        finally:
            logging.shutdown()
            sys.stdout.flush()
            os._exit(code)


def _follow(lifeline: int, server: uvicorn.Server) -> None:
    os.read(lifeline, 1)
    server.should_exit = True
