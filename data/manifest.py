"""What one ingest took in and gave out, and the id that makes it the same ingest again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from data.sources.base import ReadOptions

#: part of the ingest id: raise it when the canonical tables change meaning
LAKE_VERSION = 2


@dataclass(frozen=True)
class Manifest:
    """What one ingest took in and gave out.

    `file` is the name of the file ("archive.zip!member.csv" inside an archive); `named` counts the
    rejected rows kept aside because they name their beneficiary; `datasets` are the published lists
    its grants come from.
    """

    ingest_id: str
    source: str
    file: str
    sha256: str
    options: dict[str, str]
    rows_in: int
    rows_kept: int
    rows_rejected: int
    reasons: dict[str, int]
    tables: dict[str, int]
    known_from: str | None
    known_to: str | None
    ingested_at: str
    named: int = 0
    datasets: tuple[str, ...] = ()
    lake_version: int = LAKE_VERSION

    def summary(self) -> dict[str, object]:
        """Return the stable keys of ``veille ingest --json``."""
        return {
            "file": self.file,
            "source": self.source,
            "rows_in": self.rows_in,
            "rows_kept": self.rows_kept,
            "rows_rejected": self.rows_rejected,
            "reasons": self.reasons,
        }


def read_manifest(path: Path) -> Manifest:
    """Read a ``manifest.json``."""
    content = json.loads(path.read_text("utf-8"))
    return Manifest(**{**content, "datasets": tuple(content.get("datasets", ()))})


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def said(options: ReadOptions) -> dict[str, str]:
    """Return the options of a reading as texts."""
    known = {"known_on": options.known_on.isoformat()} if options.known_on else {}
    return {**known, **options.extra}


def ingest_id(source: str, sha256: str, options: ReadOptions) -> str:
    """Return the id of an ingest: same source, bytes and options give the same id."""
    content = json.dumps([LAKE_VERSION, source, sha256, sorted(said(options).items())])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
