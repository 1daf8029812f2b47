"""Files of a publication found whole once are not read again while nothing touched them.

Beside the publications, `checked-<id>` keeps size, inode and times of each file when its sha256
was last computed. A file written, replaced or restored since has others, and is read again.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from serving.publication_files import FILES, Manifest, check_files

_Signature = dict[str, list[int]]


def check_once(folder: Path, manifest: Manifest) -> None:
    """Check a publication as `check_files` does, unless it was and no file was touched since.

    Raises
    ------
    PublicationError
        Those of `check_files`.
    """
    before = _signature(folder, manifest)
    if before is None or before != _kept(folder):
        check_files(folder, manifest)
        if before == _signature(folder, manifest):
            keep_checked(folder, manifest)


def keep_checked(folder: Path, manifest: Manifest) -> None:
    """Record that the files of a publication are whole now."""
    path = _path(folder)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        draft.write_text(json.dumps(_signature(folder, manifest)), encoding="ascii")
        draft.replace(path)
    except OSError:
        # A folder that is read only: the files are read at each start, as before.
        draft.unlink(missing_ok=True)


def _path(folder: Path) -> Path:
    return folder.with_name(f"checked-{folder.name}")


def _kept(folder: Path) -> _Signature | None:
    try:
        found: _Signature = json.loads(_path(folder).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return found


def _signature(folder: Path, manifest: Manifest) -> _Signature | None:
    found: _Signature = {}
    if not set(FILES) <= set(manifest.files):
        return None
    for name, stamp in manifest.files.items():
        try:
            status = os.stat(folder / name)  # noqa: PTH116 - nothing of a Path is needed
        except OSError:
            return None
        found[name] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        if status.st_size != stamp.bytes:
            return None
    return found
