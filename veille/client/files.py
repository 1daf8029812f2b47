"""A file that the server sends: it takes its name once it is whole."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from veille.client.transport import Query, Transport


@dataclass(frozen=True)
class Exported:
    """A file written: where it is, of which publication, how many bytes."""

    path: Path
    publication: str
    size_bytes: int


def saved(transport: Transport, address: str, query: Query, target: Path) -> Exported:
    """Write an answer to a file that only its owner can read; a former one is replaced.

    Raises as `Transport.download`.
    """
    with tempfile.NamedTemporaryFile(
        dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False
    ) as draft:
        try:
            headers = transport.download(address, query, draft)
            draft.flush()
            size = draft.tell()
            os.replace(draft.name, target)  # noqa: PTH105 - from a name to a Path
        finally:
            Path(draft.name).unlink(missing_ok=True)
    return Exported(target, headers.get("x-publication", ""), size)
