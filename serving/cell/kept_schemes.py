"""The catalogue of schemes that a server uses: the shipped one, and the operator's file over it."""

from __future__ import annotations

import logging
from pathlib import Path

from data.reference.schemes import Catalogue, SchemesError, load_schemes

#: name of the operator's file in the home
OWN = "schemes.toml"
_LOG = logging.getLogger(__name__)


class KeptSchemes:
    """The catalogue of a home, read again when the operator's file changes. Safe between threads.

    Raises
    ------
    SchemesError
        At the start: the operator's file cannot be used. Later on, the last good catalogue stays
        and the log says why.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / OWN
        self._stamp = self._look()
        self._catalogue = load_schemes(self._path)

    def get(self) -> Catalogue:
        """Return the catalogue of now."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._catalogue = load_schemes(self._path)
            except SchemesError as error:
                _LOG.warning("catalogue des dispositifs refusé, le précédent reste : %s", error)
        return self._catalogue

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
