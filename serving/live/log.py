"""Who asked for live scores: one line of the audit log a minute and a caller, with the count."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = 60.0


@dataclass
class _Open:
    since: float
    calls: int = 0
    structures: int = 0


Write = Callable[[int, int], None]


class LiveLog:
    """Counts the calls of each caller between two lines of the log.

    Nothing of ours is shown by a live score, and a line for each would cost more than the score.
    The first call of a caller is written before it is answered; those of the minute that follows
    are counted, and written with the next line, or when the server stops.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[_Open, Write]] = {}

    def due(self, caller: str) -> bool:
        """Tell whether the next call of this caller has to be written before its answer."""
        found = self._open.get(caller)
        return found is None or time.monotonic() - found[0].since >= SECONDS

    def count(self, caller: str, structures: int, write: Write) -> None:
        """Count a call, writing (calls, structures) when the line is due.

        Raises
        ------
        Exception
            What `write` raises: the call must not be answered then.
        """
        with self._lock:
            if not self.due(caller):
                one = self._open[caller][0]
                one.calls += 1
                one.structures += structures
                return
            before = self._open.get(caller)
            calls, total = (before[0].calls, before[0].structures) if before else (0, 0)
            write(calls + 1, total + structures)
            self._open[caller] = (_Open(time.monotonic()), write)

    def close(self) -> None:
        """Write what is counted and not written."""
        with self._lock:
            for one, write in self._open.values():
                if one.calls:
                    write(one.calls, one.structures)
            self._open.clear()
