"""What every connector takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from data.errors import VeilleError


class SourceError(VeilleError):
    """A file that cannot be read as the source it was given for."""


@dataclass(frozen=True)
class ReadOptions:
    """Options of one reading that can change its result (hashed into the ingest).

    `known_on` overrides the day every row counts as known; `extra` holds options of one source.
    """

    known_on: date | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """What a connector read: canonical tables and rejects, every source row in exactly one side.

    `rows_in` counts the data rows of the file (headers and title rows are not data).
    """

    rows_in: int
    tables: dict[str, pl.DataFrame]
    rejects: pl.DataFrame


@dataclass(frozen=True)
class Source:
    """A published format: its name on the command line, its French title, its reader."""

    name: str
    title: str
    read: Callable[[Path, ReadOptions], Parsed]
