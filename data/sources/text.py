"""Texts as French publishers write and damage them: encodings, mojibake, folding."""

from __future__ import annotations

import html
import re
import unicodedata

import polars as pl

_UTF8_BOM = b"\xef\xbb\xbf"
_ACCENTED = "éèêëàâçôîïûùÉÈÀ€œ’°"


def fold(text: str) -> str:
    """Return `text` in lower case, without accents, spaces nor punctuation."""
    plain = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^a-z0-9]+", "", plain.encode("ascii", "ignore").decode().lower())


def decode(raw: bytes) -> tuple[str, str]:
    """Decode a text file; return the text and the name of the encoding found.

    UTF-8 with or without mark, UTF-16 with a mark, UTF-8 mark followed by Windows-1252 bytes,
    lines of UTF-8 and of Windows-1252 mixed, Windows-1252, Mac Roman, Latin-1.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace"), "utf-16"
    body = raw.removeprefix(_UTF8_BOM)
    try:
        return body.decode("utf-8"), "utf-8-sig" if body is not raw else "utf-8"
    except UnicodeDecodeError:
        pass
    lines = body.split(b"\n")
    texts = [_utf8(line) for line in lines]
    if any(text is not None and not text.isascii() for text in texts):
        # Accented letters of Windows-1252 practically never form valid UTF-8 by chance.
        mixed = [
            line.decode("cp1252", "replace") if text is None else text
            for line, text in zip(lines, texts, strict=True)
        ]
        return "\n".join(mixed), "utf-8+cp1252"
    try:
        windows = body.decode("cp1252")
    except UnicodeDecodeError:
        windows = body.decode("latin-1")
    mac = body.decode("mac_roman")
    if sum(map(mac.count, _ACCENTED)) > 2 * sum(map(windows.count, _ACCENTED)):
        return mac, "mac-roman"
    return windows, "cp1252"


def _utf8(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def mend(text: str) -> str:
    """Repair text decoded with the wrong encoding, R escapes and HTML entities, when certain.

    UTF-8 read as Windows-1252 is repaired only where the whole value reads back as UTF-8.
    """
    text = re.sub(r"<U\+([0-9A-Fa-f]{4,5})>", lambda found: chr(int(found[1], 16)), text)
    if re.search(r"&(#\d+|[a-zA-Z]{2,8});", text):
        text = html.unescape(text)
    # A space stands for the no-break space that ends the two bytes of "à".
    for candidate in (text, re.sub(r"Ã (?=\s|$)", "Ã\xa0", text), text.replace("Ã ", "Ã\xa0")):
        try:
            return bytes(map(_windows_byte, candidate)).decode("utf-8")
        except (UnicodeDecodeError, UnicodeEncodeError):
            continue
    return text


def _windows_byte(letter: str) -> int:
    if ord(letter) <= 0xFF:
        return ord(letter)
    return letter.encode("cp1252")[0]


def mend_column(values: pl.Series) -> pl.Series:
    """Apply `mend` to the values that show signs of damage."""
    suspect = values.filter(
        values.str.contains(
            r"[ÃÂâ][\x{80}-\x{bf}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ ]|<U\+|&#?\w+;"
        ).fill_null(value=False)
    ).unique()
    repaired = [(text, mend(text)) for text in suspect.to_list()]
    if not repaired:
        return values
    return values.replace([old for old, _ in repaired], [new for _, new in repaired])
