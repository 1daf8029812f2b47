"""Files inside folders and archives (zip, gzip, tar, .taz), one by one, as if brought alone."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from data.errors import VeilleError
from data.sources.base import SourceError
from data.sources.sample import is_archive

#: what the readers of archives raise on a damaged or encrypted one
_BROKEN = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error),
)
#: archives inside archives are opened this deep
_DEPTH = 3
#: names of the systems' own files inside archives
_NOISE = ("__MACOSX/", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True)
class Member:
    """One file to read: where it stands, and the name to show ("archive.zip!liste.csv")."""

    path: Path
    name: str


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files given, folders replaced by the files they hold (hidden ones left out).

    Raises
    ------
    VeilleError
        A path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        inside = [path]
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        if not inside or not inside[0].is_file():
            raise VeilleError(
                "Fichier introuvable.",
                code="no-file",
                where=str(path),
                received="un dossier sans fichier" if path.is_dir() else "rien",
                expected="un fichier, ou un dossier de fichiers",
            )
        found += inside
    return found


def _hidden(path: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(top).parts)


@contextmanager
def unpacked(path: Path, name: str | None = None, *, depth: int = _DEPTH) -> Iterator[list[Member]]:
    """Give the files of an archive, unpacked in a temporary folder; any other file as it is.

    Members are written under numbers, never under their own path, so that none can escape the
    folder.

    Raises
    ------
    SourceError
        The archive is damaged, encrypted, or larger than the free space of the disk.
    """
    shown = name or path.name
    if not is_archive(path):
        yield [Member(path, shown)]
        return
    with tempfile.TemporaryDirectory(prefix="veille-") as folder:
        try:
            members = list(_members(path, shown, Path(folder), depth))
        except _BROKEN as error:
            raise _damaged(path, str(error)) from error
        yield members


def _members(path: Path, shown: str, folder: Path, depth: int) -> Iterator[Member]:
    for number, (inner, stream, size) in enumerate(_streams(path)):
        if any(noise in inner for noise in _NOISE):
            continue
        if size > shutil.disk_usage(folder).free:
            raise _damaged(path, f"{size} octets une fois ouverte : plus que la place du disque")
        within = folder / str(number)
        within.mkdir()
        target = within / (PurePosixPath(inner.replace("\\", "/")).name or path.stem)
        with target.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        label = f"{shown}!{inner}" if inner else shown
        if depth > 1 and is_archive(target):
            yield from _members(target, label, within, depth - 1)
            target.unlink()
        else:
            yield Member(target, label)


def _streams(path: Path) -> Iterator[tuple[str, IO[bytes], int]]:
    """Yield the name, the bytes and the size of each file inside; "" for a single gzip file."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    with archive.open(info) as stream:
                        yield info.filename, stream, info.file_size
        return
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as tar:
            for entry in tar:
                found = tar.extractfile(entry) if entry.isfile() else None
                if found is not None:
                    yield entry.name, found, entry.size
        return
    with gzip.open(path) as single:
        yield "", single, 0  # type: ignore[misc]


def _damaged(path: Path, why: str) -> SourceError:
    return SourceError(
        f"L'archive « {path.name} » ne s'ouvre pas.",
        code="source-archive",
        where=str(path),
        received=why[:200],
        expected="une archive zip, gzip ou tar entière, sans mot de passe",
        todo="téléchargez-la de nouveau, ou donnez les fichiers qu'elle contient",
    )
