"""Pages of the list as they were answered: what the publication says of one never changes.

The same question asked again by a tool of the same territory takes nothing but the look at its key,
the alerts and its line in the log.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.access.principal import Territory

_MOST = 64


@dataclass
class Listed:
    """What the publication says of one page.

    `body` is its JSON where no alert marks a row, empty until it is shown so for the first time.
    """

    said: Mapping[str, Any]
    asked: Mapping[str, Any]
    positions: tuple[int, ...]
    sirens: tuple[str, ...]
    body: bytes = b""


class KeptPages:
    """The last pages that tools were answered; any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[tuple[str, bytes, Territory], Listed] = {}

    def keep(self, page: Listed, question: bytes, territory: Territory) -> None:
        """Keep a page; `question` is the query string that asked for it."""
        with self._lock:
            if len(self._pages) >= _MOST:
                self._pages.clear()
            self._pages[page.said["publication"], question, territory] = page

    def find(self, publication: str, question: bytes, territory: Territory) -> Listed | None:
        """Return the page that answered the same question on the same publication."""
        return self._pages.get((publication, question, territory))
