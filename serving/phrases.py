"""Search of several words in a row: an index of where one word follows another.

Every name is written as the numbers of its words, one name after the other; each place where a word
follows another is filed under the two letters on either side of the space. A part of a name with a
space in it is then found from its rarest space, and no name need be read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from serving.bits import LETTERS

Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

#: letters filed on each side of a space; a word of one letter has a blank for the second
_FILED = 2
_BLANK = " "
#: stands after each name, and in none
_MARK = "\n"


@dataclass(frozen=True)
class Phrases:
    """The index, mapped.

    `spaces` has a line for each four letters seen around a space (`left`, `right`: the letters next
    to it; `left2`, `right2`: those behind; as bytes) and says that its places are `at` to `at + n`
    of `places`: `token`, the place in `tokens` of the word on the left, and `row`. `tokens` are the
    places in `words` of the words of the names, -1 after each name.
    """

    words: pl.Series
    spaces: pl.DataFrame
    tokens: Ints
    places: pl.DataFrame

    def find(self, parts: list[str], rows: int) -> Mask:
        """Return the rows, of `rows`, whose name holds these parts, a space between them.

        The first part ends a word, the last begins one, those between are whole words; at least
        two parts, none empty.
        """
        found: Mask = np.zeros(rows, dtype=np.bool_)
        sides = [self._around(parts, k) for k in range(len(parts) - 1)]
        counts = self.spaces["n"].to_numpy()
        rarest = min(range(len(sides)), key=lambda k: counts[sides[k]].sum())
        starts, chosen = self.spaces["at"].to_numpy()[sides[rarest]], counts[sides[rarest]]
        if not len(starts):
            return found
        before = np.cumsum(chosen) - chosen
        filed: slice | npt.NDArray[np.int64] = slice(int(starts[0]), int(starts[0] + chosen[0]))
        if len(starts) > 1:
            filed = np.repeat(starts - before, chosen) + np.arange(chosen.sum())
        token = self.places["token"].to_numpy()[filed]
        row = self.places["row"].to_numpy()[filed]
        # From the space outwards: the mark after each name stops what would go on in another.
        after = range(rarest + 1, len(parts))
        for k in [*after, *range(rarest, -1, -1)]:
            if not _is_filed(parts, k, rarest):
                kept = self._is(parts, k, self.tokens[token + (k - rarest)])
                token, row = token[kept], row[kept]
        found[row] = True
        return found

    def _around(self, parts: list[str], k: int) -> npt.NDArray[np.intp]:
        """Return the lines of `spaces` that the space after the part `k` may be filed under."""
        left, right = parts[k], parts[k + 1]
        wanted = {"left": left[-1], "right": right[0]}
        if len(left) >= _FILED or k > 0:
            wanted["left2"] = left[-2] if len(left) >= _FILED else _BLANK
        if len(right) >= _FILED or k + 2 < len(parts):
            wanted["right2"] = right[1] if len(right) >= _FILED else _BLANK
        chosen: Mask = np.ones(self.spaces.height, dtype=np.bool_)
        for column, letter in wanted.items():
            chosen &= self.spaces[column].to_numpy() == ord(letter)
        return np.flatnonzero(chosen)

    def _is(self, parts: list[str], k: int, tokens: Ints) -> Mask:
        """Return which of these words are what the part `k` asks for; -1 is none."""
        part = parts[k]
        if 0 < k < len(parts) - 1:
            place = self.words.search_sorted(part, side="left")
            there = place < len(self.words) and self.words[place] == part
            whole: Mask = tokens == place if there else np.zeros(len(tokens), dtype=np.bool_)
            return whole
        chosen = self.words.str.starts_with(part) if k else self.words.str.ends_with(part)
        # The last of these, which -1 designates, is no word.
        return np.append(chosen.to_numpy(), np.False_)[tokens]


def _is_filed(parts: list[str], k: int, space: int) -> bool:
    """Tell whether what is filed of the space after the part `space` says all of the part `k`."""
    if k not in {space, space + 1}:
        return False
    whole = 0 < k < len(parts) - 1
    return len(parts[k]) < _FILED if whole else len(parts[k]) <= _FILED


def index_phrases(
    names: pl.Series, words: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return `spaces`, `tokens` (one column, `word`) and `places` of plain names.

    `words` are the words of the names, sorted.
    """
    ended = pl.DataFrame(
        {"row": np.arange(len(names), dtype=np.int32), "word": (names + f" {_MARK}").str.split(" ")}
    )
    numbers = pl.DataFrame({"word": words, "number": np.arange(len(words), dtype=np.int32)})
    tokens = (
        ended.explode("word", empty_as_null=True)
        .filter(pl.col("word") != "")
        .join(numbers, on="word", how="left", maintain_order="left")
        .select("row", number=pl.col("number").fill_null(-1))
    )
    number, row = tokens["number"].to_numpy(), tokens["row"].to_numpy()
    place = np.flatnonzero((number[:-1] >= 0) & (number[1:] >= 0)).astype(np.int32)
    left, right = number[place], number[place + 1]
    key = (
        _letters(words, -1)[left] << 24
        | _letters(words, 0)[right] << 16
        | _letters(words, -2)[left] << 8
        | _letters(words, 1)[right]
    )
    order = np.argsort(key, kind="stable")
    seen, n = np.unique(key[order], return_counts=True)
    shifts = {"left": 24, "right": 16, "left2": 8, "right2": 0}
    letters = {name: (seen >> shift & 0xFF).astype(np.uint8) for name, shift in shifts.items()}
    spaces = pl.DataFrame(letters | {"n": n.astype(np.int64), "at": np.cumsum(n) - n})
    filed = place[order]
    return spaces, pl.DataFrame({"word": number}), pl.DataFrame({"token": filed, "row": row[filed]})


def _letters(words: pl.Series, offset: int) -> npt.NDArray[np.uint32]:
    """Return the letter of each word at this offset, as a byte; a blank where it is too short."""
    letters = words.str.slice(offset, 1)
    there = words.str.len_bytes() >= (offset + 1 if offset >= 0 else -offset)
    coded = letters.replace_strict({c: ord(c) for c in LETTERS}, default=0, return_dtype=pl.UInt32)
    found: npt.NDArray[np.uint32] = np.where(there.to_numpy(), coded.to_numpy(), ord(_BLANK))
    return found.astype(np.uint32)
