"""Pseudonyms: what an analyst sees in place of a SIREN and a name.

A SIREN is turned into another number by a small keyed permutation (Feistel), so that the same
structure keeps its pseudonym from one publication to the next, and only who has the state's secret
can go back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

_HALF_BITS = 15  # two halves of 15 bits hold every SIREN below 2**30 = 1 073 741 824
_MASK = (1 << _HALF_BITS) - 1
_ROUNDS = 8
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 6
#: what a pseudonym looks like
PSEUDONYM = rf"^P-[{_ALPHABET}]{{{_LENGTH}}}$"
#: what names the structure, or would name it beside open data
HIDDEN = ("siren", "name", "commune")


def pseudonym(siren: str, key: bytes) -> str:
    """Return the pseudonym of a SIREN: `P-` and six letters or digits."""
    left, right = int(siren) >> _HALF_BITS, int(siren) & _MASK
    for turn in range(_ROUNDS):
        left, right = right, left ^ _round(key, turn, right)
    number = left << _HALF_BITS | right
    letters = [_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH))]
    return "P-" + "".join(letters)


def siren_of(text: str, key: bytes) -> str | None:
    """Return the SIREN behind a pseudonym, None for what is no pseudonym."""
    letters = text.upper().removeprefix("P-")
    if len(letters) != _LENGTH or any(letter not in _ALPHABET for letter in letters):
        return None
    number = 0
    for letter in letters:
        number = number << 5 | _ALPHABET.index(letter)
    left, right = number >> _HALF_BITS, number & _MASK
    for turn in reversed(range(_ROUNDS)):
        left, right = right ^ _round(key, turn, left), left
    return f"{left << _HALF_BITS | right:09d}"


def pseudonymise(row: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """Return a row without what names the structure, with its `pseudonym`."""
    shown = {name: None if name in HIDDEN else value for name, value in row.items()}
    return shown | {"pseudonym": pseudonym(str(row["siren"]), key)}


def _round(key: bytes, turn: int, half: int) -> int:
    digest = hashlib.blake2b(half.to_bytes(2), digest_size=2, key=key[:64], salt=bytes([turn]))
    return int.from_bytes(digest.digest()) & _MASK
