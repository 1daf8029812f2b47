"""Records of a published XML file, one by one, whatever its size.

The parser is expat, of the standard library. It never opens another file, and a document type with
declarations of its own, where entities that swell without end are written, is refused: no published
file has one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from data.sources.base import SourceError

_CHUNK_BYTES = 1 << 16
#: published files nest a dozen elements
_DEEPEST = 64


@dataclass
class Outer:
    """What a file says outside its records: name and attributes of its root, its lone texts."""

    root: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


class _Unsafe(Exception):  # noqa: N818 (never leaves this module)
    """The file is built to harm, or by mistake looks so."""


class _Reader:
    """Builds the elements of the records, and of nothing else."""

    def __init__(self, tags: Collection[str]) -> None:
        self.outer = Outer()
        self.ready: list[Element] = []
        self._tags = frozenset(tags)
        self._path: list[str] = []
        self._builder: TreeBuilder | None = None
        self._inside = 0
        self._text: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data

    def _doctype(self, *said: object) -> None:
        if said[-1]:
            raise _Unsafe("un DOCTYPE qui porte ses propres déclarations")

    def _entity(self, *_: object) -> None:
        raise _Unsafe("une déclaration d'entité")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise _Unsafe(f"plus de {_DEEPEST} éléments l'un dans l'autre")
        if self._builder is None and name in self._tags and len(self._path) > 1:
            self._builder, self._inside = TreeBuilder(), len(self._path)
        if self._builder is not None:
            self._builder.start(name, attributes)
        elif len(self._path) == 1:
            self.outer.root, self.outer.attributes = name, attributes
        self._text = []

    def _data(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)
        else:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if self._builder is not None:
            self._builder.end(name)
            if len(self._path) == self._inside:
                self.ready.append(self._builder.close())
                self._builder = None
        elif text := "".join(self._text).strip():
            self.outer.texts.setdefault(name, text)
        self._text = []
        self._path.pop()


def root_of(head: str) -> str:
    """Return the name of the root element of an XML text, from its beginning; "" where none."""
    found = re.search(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)", re.sub(r"<!--.*?-->", "", head, flags=16))
    return found[1] if found else ""


def open_records(path: Path, tags: Collection[str]) -> Iterator[tuple[Outer, Element]]:
    """Yield each record of an XML file with what the file says before it.

    Parameters
    ----------
    path : pathlib.Path
        The file; its encoding is the one it declares.
    tags : collection of str
        Names of the elements that are records, below the root; prefixes of namespaces aside.

    Raises
    ------
    SourceError
        The file cannot be read, is not sound XML to its end, or declares entities.
    """
    reader = _Reader(tags)
    try:
        with path.open("rb") as stream:
            while True:
                chunk = stream.read(_CHUNK_BYTES)
                reader.parser.Parse(chunk, not chunk)
                for record in reader.ready:
                    yield reader.outer, record
                reader.ready.clear()
                if not chunk:
                    return
    except OSError as error:
        raise _unreadable(path, f"lecture impossible ({error.strerror})") from error
    except _Unsafe as error:
        raise _unreadable(path, str(error)) from error
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _unreadable(path, f"XML incorrect : {error}") from error


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(
        f"Le fichier XML « {path.name} » ne se lit pas.",
        code="source-unreadable",
        where=str(path),
        received=why[:200],
        expected="un fichier XML entier, tel que publié, sans déclaration d'entités",
        todo="téléchargez-le de nouveau : le fichier est peut-être coupé ou abîmé",
    )


def text_at(record: Element, path: str) -> str:
    """Return the text of the first element at `path`, stripped; "" where there is none."""
    found = record.find(path)
    return " ".join("".join(found.itertext()).split()) if found is not None else ""
