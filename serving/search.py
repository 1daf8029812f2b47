"""Search by a part of a name: an index of the words, so that no name need be read.

A part of a name without a space lies inside one word: the rows of the words that hold it are the
answer. With spaces, its first word ends one, its last begins one, those between are whole:
`serving.phrases` finds where they follow each other. In a publication written before it was, the
names that hold them all are read, and only they.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

if TYPE_CHECKING:
    from serving.publication_read import Publication

#: above this many words, gathering their rows one word after the other is the slower way
_MANY_WORDS = 2_000

Mask = npt.NDArray[np.bool_]


def index_words(names: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the words of plain names (word, at, n) and the rows of each, one after the other.

    `names` are the outputs of `plain_column`; the rows of a word are `row[at : at + n]`.
    """
    rows = pl.DataFrame(
        {"row": np.arange(len(names), dtype=np.int32), "word": names.str.split(" ")}
    )
    words = (
        rows.explode("word", empty_as_null=True)
        .filter(pl.col("word") != "")
        .group_by("word")
        .agg(pl.col("row").sort())
        .sort("word")
    )
    counts = words.select("word", n=pl.col("row").list.len().cast(pl.Int64))
    counts = counts.with_columns(at=pl.col("n").cum_sum() - pl.col("n"))
    return counts, words.select(pl.col("row").explode(empty_as_null=False).cast(pl.Int32))


def find(publication: Publication, needle: str) -> Mask:
    """Return the rows whose plain name holds `needle` (plain too, not empty), as a mask."""
    tokens = needle.split(" ")
    words = publication.words["word"]
    if len(tokens) == 1:
        return _holding(publication, words.str.contains(needle, literal=True))
    if publication.phrases is not None:
        return publication.phrases.find(tokens, publication.rows)
    found = _holding(publication, words.str.ends_with(tokens[0]))
    found &= _holding(publication, words.str.starts_with(tokens[-1]))
    for token in tokens[1:-1]:
        found &= _holding(publication, words == token)
    # The words are all there; whether they follow each other only the name says.
    rows = np.flatnonzero(found)
    names = publication.frame["_search"][rows]
    found[rows] = names.str.contains(needle, literal=True).to_numpy()
    return found


def _holding(publication: Publication, chosen: pl.Series) -> Mask:
    mask: Mask = np.zeros(publication.rows, dtype=np.bool_)
    words = publication.words.filter(chosen)
    starts, counts = words["at"].to_numpy(), words["n"].to_numpy()
    rows = publication.postings
    if len(starts) <= _MANY_WORDS:
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            mask[rows[start : start + count]] = True
        return mask
    before = np.cumsum(counts) - counts
    mask[rows[np.repeat(starts - before, counts) + np.arange(counts.sum())]] = True
    return mask
