"""Write a file or a folder under another name, then give it its own: it is whole, or absent."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: how the names of what is being written start; a killed command leaves some
PENDING = ".pending-"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a name to write a file under; it then replaces `path`, and is removed on an error.

    Its folder must exist.
    """
    pending = _beside(path)
    try:
        yield pending
        pending.replace(path)
    finally:
        pending.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a new folder to fill; it is then named `path`, and is removed on an error.

    Raises
    ------
    OSError
        `path` is there already, and is no empty folder.
    """
    pending = _beside(path)
    pending.mkdir(parents=True)
    try:
        yield pending
        pending.rename(path)
    finally:
        shutil.rmtree(pending, ignore_errors=True)


def _beside(path: Path) -> Path:
    return path.with_name(f"{PENDING}{uuid.uuid4().hex[:8]}")
