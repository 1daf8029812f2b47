"""The publication served now: follows the pointer that `write_publication` swaps."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from serving.publication_files import POINTER, PublicationError, target_folder
from serving.publication_read import Publication

_LOG = logging.getLogger(__name__)


class CurrentPublication:
    """The publication served now for one target; follows the pointer without a restart.

    `prepare` is called with a new publication before it is served: what it makes ready does not
    delay a request.
    """

    def __init__(
        self, home: Path, target: str, prepare: Callable[[Publication], None] = lambda _: None
    ) -> None:
        self.home = home
        self.target = target
        self._pointer = target_folder(home, target) / POINTER
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._current: Publication | None = None
        self.error: PublicationError | None = None
        self._prepare = prepare

    def get(self) -> Publication:
        """Return the current publication.

        One look at the pointer's inode and times; when it changed, one caller reads the new
        publication while the others go on with the former. If the new one is broken the former
        stays, and `error` says why.

        Raises
        ------
        PublicationError
            `no-publication` or `publication-corrupted`, only when no publication could be read.
        """
        signature = self._signature()
        if signature != self._seen or self._current is None:
            waits = self._current is None
            if self._lock.acquire(blocking=waits):
                try:
                    if self._signature() != self._seen or self._current is None:
                        self._load()
                finally:
                    self._lock.release()
        if self._current is None:
            raise self.error or PublicationError("Aucune publication.", code="no-publication")
        return self._current

    def peek(self) -> Publication | None:
        """Return what is loaded already, without looking for a newer one."""
        return self._current

    def settled(self) -> Publication | None:
        """Return what is loaded if it is still the one to be served, else None; reads no file."""
        return self._current if self._signature() == self._seen else None

    @property
    def loading(self) -> bool:
        """Whether a publication is being read now."""
        return self._lock.locked()

    def _load(self) -> None:
        signature = self._signature()
        if signature is not None and signature == self._seen and self.error is not None:
            return  # the same broken publication: reading it again would only take time
        try:
            found = Publication.load(self.home, self.target)
            self._prepare(found)
            self._current, self.error = found, None
        except PublicationError as error:
            self.error = error
            if signature is not None:
                _LOG.error("publication refusée : %s", error)
        self._seen = signature

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            status = os.stat(self._pointer)  # noqa: PTH116 - twice as fast, at every request
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
