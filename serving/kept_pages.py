"""Pages of the list as they were answered: what the publication says of one never changes.

The same question asked again by a tool of the same territory takes nothing but the look at its key,
the alerts and its line in the log; the first two are read once as long as the state is the same.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from serving.access.principal import Principal, Territory

_MOST = 64
_MOST_LOOKS = 16


@dataclass(frozen=True)
class Look:
    """What a reader was shown of a page, and what it stands on.

    `moment` is that of the state (`State.moment`) before its marks and the key were read, `until`
    when the key expires; `tag` is the ETag.
    """

    moment: int | None
    principal: Principal
    until: datetime
    tag: str
    body: bytes

    def holds(self, moment: int | None, principal: Principal) -> bool:
        """Tell whether it is what would be read now: nothing was written in the state since."""
        same = moment is not None and moment == self.moment and principal is self.principal
        return same and datetime.now(UTC) < self.until


@dataclass
class Listed:
    """What the publication says of one page.

    `body` is its JSON where no alert marks a row, empty until it is shown so for the first time;
    `looks` what its last readers were shown, by reader.
    """

    said: Mapping[str, Any]
    asked: Mapping[str, Any]
    positions: tuple[int, ...]
    sirens: tuple[str, ...]
    body: bytes = b""
    looks: dict[str, Look] = field(default_factory=dict)

    def seen(self, look: Look) -> None:
        """Keep what a reader was shown."""
        if len(self.looks) >= _MOST_LOOKS:
            self.looks.clear()
        self.looks[look.principal.id] = look


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
