"""Rows met so far in a file read piece by piece: tells the ones that come again."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray


class Seen:
    """Remember rows by a 64-bit hash: eight bytes a row, whatever its width."""

    def __init__(self) -> None:
        self._hashes: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)

    def again(self, rows: pl.DataFrame) -> pl.Series:
        """Tell for each row whether it was met before, here or in an earlier piece (Boolean)."""
        found = rows.hash_rows()
        hashes = found.to_numpy()
        met = np.zeros(hashes.size, dtype=np.bool_)
        if self._hashes.size:
            at = np.minimum(np.searchsorted(self._hashes, hashes), self._hashes.size - 1)
            met = self._hashes[at] == hashes
        # Both runs are sorted: a stable sort merges them in one pass.
        both = np.concatenate([self._hashes, np.sort(hashes)])
        self._hashes = np.sort(both, kind="stable")
        return pl.Series("again", met) | ~found.is_first_distinct()
