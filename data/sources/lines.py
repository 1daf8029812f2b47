"""Whole lines of a text larger than memory, a few megabytes at a time: UTF-8, LF line ends."""

from __future__ import annotations

import io
from collections.abc import Iterator

from data.sources.base import SourceError
from data.sources.text import decode

#: bytes of a line beyond which a file is no table
LONGEST_LINE = 64_000_000
_UTF8_BOM = b"\xef\xbb\xbf"


def whole_lines(stream: io.BufferedIOBase, encoding: str, size: int) -> Iterator[bytes]:
    """Yield pieces of a binary stream that end with a line end, the last one included.

    Parameters
    ----------
    stream : io.BufferedIOBase
        A text in one byte an ASCII character (not UTF-16), from its beginning.
    encoding : str
        What `data.sources.text.decode` said of its beginning; pieces that are valid UTF-8 are
        taken as such whatever it is.
    size : int
        Bytes to read at a time. A piece is longer where a line is.

    Raises
    ------
    SourceError
        A line is longer than memory should hold.
    """
    rest = stream.read(len(_UTF8_BOM)).removeprefix(_UTF8_BOM)
    while more := stream.read(size):
        rest += more
        # The last byte is left out of the search: a CR may be the first half of a line end.
        end = max(rest.rfind(b"\n"), -1 if b"\n" in more else rest.rfind(b"\r", 0, -1)) + 1
        if end:
            yield _clean(rest[:end], encoding)
            rest = rest[end:]
        elif len(rest) > LONGEST_LINE:
            raise SourceError(
                "Le fichier ne se lit pas comme un tableau.",
                code="source-unreadable",
                received=f"une ligne de plus de {LONGEST_LINE} octets",
                expected="un texte coupé en lignes",
            )
    if rest:
        last = _clean(rest, encoding)
        yield last if last.endswith(b"\n") else last + b"\n"


def _clean(raw: bytes, encoding: str) -> bytes:
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\x00" in raw:
        raw = raw.replace(b"\x00", b"")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        if encoding == "mac-roman":
            return raw.decode("mac_roman").encode()
        return decode(raw)[0].encode()
    return raw
