"""Rows of a publication that pass one filter of the list, as bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.identifiers import SIREN_DIGITS
from serving.bits import Bits, Mask, pack
from serving.publication import Publication
from serving.publication_build import plain
from serving.search import find


def one_of(publication: Publication, column: str, values: Sequence[str]) -> Bits:
    """Return the rows whose coded column has one of the values."""
    known = publication.codes[column]
    wanted = [known.index(value) for value in values if value in known and value]
    if not wanted:
        return pack(np.zeros(publication.rows, dtype=np.bool_))
    found = publication.bits(column, wanted[0])
    for code in wanted[1:]:
        found = found | publication.bits(column, code)
    return found


def among(publication: Publication, sirens: frozenset[int]) -> Bits:
    """Return the rows of some structures; those that are not published are left out."""
    found: Mask = np.zeros(publication.rows, dtype=np.bool_)
    rows = [publication.position(f"{siren:09d}") for siren in sirens]
    found[[row for row in rows if row is not None]] = True
    return pack(found)


def holding(publication: Publication, text: str) -> Bits:
    """Return the rows whose name holds the text, or the one that has this SIREN."""
    digits = "".join(text.split())
    found: Mask = np.zeros(publication.rows, dtype=np.bool_)
    if digits.isascii() and digits.isdigit() and len(digits) == SIREN_DIGITS:
        position = publication.position(digits)
        if position is not None:
            found[position] = True
        return pack(found)
    needle = plain(text)
    if len(needle) == 1:
        # Nearly every word holds it: gathering their rows would be slow.
        written = publication.holding_letter(needle)
        if written is not None:
            return written
    return pack(find(publication, needle) if needle else found)
