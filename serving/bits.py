"""Sets of rows as bits, 64 rows a word: what is filtered by costs microseconds at a million rows.

One row of bits for each value of a coded column is written with the publication and mapped by every
worker. Row `i` is bit `i % 64` of word `i // 64`; what is beyond the last row is zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Bits = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

#: a column with more values than this has no bits of its own: they are made when they are asked for
MOST_VALUES = 256
#: what a plain name is made of: the rows of each have their bits, after those of the values
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_WORD = 64


def words_of(rows: int) -> int:
    """Return how many words hold this many rows."""
    return -(-rows // _WORD)


def pack(mask: Mask) -> Bits:
    """Return the bits of a mask."""
    packed = np.zeros(words_of(len(mask)) * 8, dtype=np.uint8)
    found = np.packbits(mask, bitorder="little")
    packed[: len(found)] = found
    return packed.view(np.uint64)


def unpack(bits: Bits, rows: int) -> Mask:
    """Return the mask of bits, one boolean a row."""
    return np.unpackbits(bits.view(np.uint8), count=rows, bitorder="little").view(np.bool_)


def count(bits: Bits) -> int:
    """Return how many rows are in."""
    return int(np.bitwise_count(bits).sum(dtype=np.uint32))


def first(bits: Bits, start: int, wanted: int) -> npt.NDArray[np.int64]:
    """Return the first rows that are in, from row `start` on, at most `wanted`, in their order."""
    found: list[npt.NDArray[np.int64]] = []
    word, step, missing = start // _WORD, 1024, wanted
    while word < len(bits) and missing > 0:
        # Each of these words holds one row or more: no more of them are read than rows wanted.
        words = np.flatnonzero(bits[word : word + step])[: missing + 1] + word
        places = np.flatnonzero(np.unpackbits(bits[words].view(np.uint8), bitorder="little"))
        rows = words[places // _WORD] * _WORD + places % _WORD
        if word * _WORD < start:
            rows = rows[rows >= start]
        found.append(rows[:missing])
        missing -= len(found[-1])
        word += step
        step *= 2
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def written_bits(
    codes: Mapping[str, Sequence[str]], columns: Mapping[str, pl.Series], names: pl.Series
) -> pl.DataFrame:
    """Return the bits of every value of every coded column, then of every letter of the names.

    `columns` gives the codes of the rows, by name of the column; `names` are plain. One row of bits
    follows the other, at the places that `places` tells.
    """
    parts = [
        pack(columns[name].to_numpy() == code)
        for name, values in codes.items()
        if len(values) <= MOST_VALUES
        for code in range(len(values))
    ]
    parts += [pack(names.str.contains(c, literal=True).to_numpy()) for c in LETTERS]
    return pl.DataFrame({"bits": np.concatenate(parts)})


def places(codes: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the place of the first value of each column in `written_bits`, in rows of bits.

    That of the first letter is under the empty name.
    """
    found: dict[str, int] = {}
    place = 0
    for name, values in codes.items():
        if len(values) <= MOST_VALUES:
            found[name] = place
            place += len(values)
    return found | {"": place}
