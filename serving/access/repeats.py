"""The very same page asked again and again: its lines of the audit log are written together.

What a reader sees is in the log before it is shown. A tool that asks for the very same page again
within a second learns nothing that the log does not tell already: the lines of such views, one
each, follow within another second, in one writing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable

from sqlalchemy.exc import SQLAlchemyError

from serving.access.audit import Said, append_all, now, record
from serving.state.store import State

#: after its line, the same view may wait for others this long
SECONDS = 1.0
_TICK_SECONDS = 0.25
#: lines that wait at most; the next is written at once
_MOST = 5_000
_LOG = logging.getLogger(__name__)


class Repeats:
    """Logs views, the repeated ones together; any thread may use it."""

    def __init__(self, state: State, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[Hashable, float] = {}
        self._waiting: list[Said] = []
        self._followed = False

    def log(self, view: Hashable, said: Said) -> None:
        """Log a view before it is shown; `view` is equal for the same page and the same reader.

        Raises
        ------
        SQLAlchemyError
            The line cannot be written: nothing may be shown.
        """
        if not self.repeated(view, said):
            record(self._state, **said)
            with self._lock:
                self._seen[view] = self._clock()

    def repeated(self, view: Hashable, said: Said) -> bool:
        """Take the line of a view whose like was logged within the last second; else False.

        False too where nobody writes what waits (`follow`).
        """
        with self._lock:
            since = self._seen.get(view)
            if since is None or self._clock() - since >= SECONDS:
                return False
            if not self._followed or len(self._waiting) >= _MOST:
                return False
            said["at"] = now()
            self._waiting.append(said)
            return True

    def flush(self) -> None:
        """Write the lines that wait. Those that cannot be written now go on waiting."""
        with self._lock:
            moment = self._clock()
            for view in [v for v, since in self._seen.items() if moment - since >= SECONDS]:
                del self._seen[view]
            lines, self._waiting = self._waiting, []
        if not lines:
            return
        try:
            with self._state.write() as session:
                append_all(session, self._state.secret, lines)
        except SQLAlchemyError:
            _LOG.exception("journal : des consultations répétées n'ont pas pu être écrites")
            with self._lock:
                self._waiting = lines + self._waiting

    def follow(self, stop: threading.Event) -> None:
        """Write what waits until `stop` is set, then what is left."""
        self._followed = True
        while not stop.wait(_TICK_SECONDS):
            self.flush()
        self._followed = False
        self.flush()
