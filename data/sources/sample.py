"""The beginning of a file, opened once, for every source to tell whether it is of its format."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from data.sources.base import SourceError
from data.sources.grids import HEADER_WITHIN, Grid, head_grids
from data.sources.parquet import ParquetError, schema_of
from data.sources.text import decode, fold

#: bytes of a text that are looked at
HEAD_BYTES = 262_144
#: bytes that tell XML from JSON from a table
OPENING_BYTES = 4_096
#: a JSON file up to this size is read whole
_JSON_BYTES = 256_000_000


@dataclass(frozen=True)
class Sample:
    """What a file shows of itself.

    `kind` is "table" (text with separators or workbook), "json", "parquet", "xml", "archive" (tar,
    gzip, zip of files) or "unreadable"; `grids` are the first rows of each table, sheet or list of
    records; `keys` the names at the top of a JSON object; `head` the first characters of
    a text; `problem` why the file cannot be read.
    """

    path: Path
    kind: str
    grids: tuple[Grid, ...] = ()
    keys: frozenset[str] = frozenset()
    head: str = ""
    content: object = field(default=None, repr=False)
    problem: str = ""

    @cached_property
    def stem(self) -> str:
        """Name of the file, folded: lower case, no accents, no punctuation."""
        return fold(self.path.name)

    @cached_property
    def rows(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """(sheet, folded cells) of each of the first rows of each table, empty cells left out."""
        return tuple(
            (grid.name, frozenset(filter(None, map(fold, row))))
            for grid in self.grids
            for row in grid.rows[:HEADER_WITHIN]
        )

    def has(self, *names: str) -> bool:
        """Tell whether one of the first rows holds all these names (case and accents aside)."""
        wanted = {fold(name) for name in names}
        return any(wanted <= cells for _, cells in self.rows)

    def count(self, *names: str) -> int:
        """Return the largest number of these names that one of the first rows holds."""
        wanted = {fold(name) for name in names}
        return max((len(wanted & cells) for _, cells in self.rows), default=0)

    def sheet(self, name: str) -> bool:
        """Tell whether a workbook has a sheet whose name, folded, is or starts with `name`."""
        return any(fold(grid.name).startswith(fold(name)) for grid in self.grids)


def sample_of(path: Path) -> Sample:
    """Open the beginning of a file.

    A file that cannot be read gives a sample of kind "unreadable" that says why.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(HEAD_BYTES)
    except OSError as error:
        return Sample(path, "unreadable", problem=f"lecture impossible ({error.strerror})")
    if not raw.strip():
        return Sample(path, "unreadable", problem="fichier vide")
    if raw.startswith(b"PAR1"):
        return _parquet(path)
    if is_archive(path):
        return Sample(path, "archive")
    try:
        return _readable(path, raw)
    except SourceError as error:
        return Sample(path, "unreadable", problem=str(error.received or error.what))


def _readable(path: Path, raw: bytes) -> Sample:
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return Sample(path, "table", tuple(head_grids(path, raw)))
    if len(raw) == HEAD_BYTES:  # the last line may be cut inside a letter
        raw = raw[: max(raw.rfind(b"\n"), raw.rfind(b",")) + 1] or raw
    text, _ = decode(raw)
    start = text.lstrip()[:1]
    if start == "<":
        return Sample(path, "xml", head=text)
    if start and start in "[{":
        return _json(path, text)
    return Sample(path, "table", tuple(head_grids(path, raw)), head=text)


def opening_of(path: Path) -> str:
    """Return the first characters of a text, "" where it cannot be read (the readers say why)."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(OPENING_BYTES)
    except OSError:
        return ""
    return decode(raw)[0].lstrip("\ufeff \r\n\t")


def is_archive(path: Path) -> bool:
    """Tell whether a file is a gzip, a tar, or a zip that is no workbook."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(512)
    except OSError:
        return False
    if raw.startswith(b"\x1f\x8b") or raw[257:262] == b"ustar":
        return True
    if not raw.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return "[Content_Types].xml" not in names and "mimetype" not in names


def _parquet(path: Path) -> Sample:
    try:
        names = list(schema_of(path))
    except ParquetError as error:
        return Sample(path, "unreadable", problem=f"Parquet illisible ({str(error)[:100]})")
    return Sample(path, "parquet", (Grid(name="", rows=[names], lines=[0]),))


def _json(path: Path, text: str) -> Sample:
    from data.sources.grids import records

    if path.stat().st_size <= _JSON_BYTES:
        text = decode(path.read_bytes())[0]
    try:
        content: object = json.loads(text)
    except ValueError:
        content = None
    grids = [
        Grid(grid.name, grid.rows[:HEADER_WITHIN], grid.lines[:HEADER_WITHIN], "", grid.encoding)
        for grid in records(text, "utf-8")
    ]
    if content is None and not grids:
        return Sample(path, "table", tuple(head_grids(path, text.encode())), head=text[:HEAD_BYTES])
    keys = frozenset(content) if isinstance(content, dict) else frozenset()
    return Sample(path, "json", tuple(grids), keys, head=text[:HEAD_BYTES], content=content)
