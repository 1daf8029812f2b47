"""The trees of a bag for one row at a time.

They go through LightGBM's single-row entry of its C interface, which skips everything that its
Python package does for a matrix.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.spec import ModelError
from models.trees import booster_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.trees import Forest

    Floats = NDArray[np.float64]

_LEAF_INDEX, _FLOAT64 = 2, 1  # of LightGBM's C interface


class Trees:
    """The members' trees at every horizon, each once, in one booster a thread.

    A tree that does not split on the horizon is the same at all of them.
    """

    def __init__(self, forests: Sequence[Forest], shape: tuple[int, int], width: int) -> None:
        self._shape, self._none = shape, np.zeros(shape)
        self._header, self._width = forests[0].header if forests else "", width
        self._local = threading.local()
        every = [text for forest in forests for text in forest.texts]
        self._texts = list(dict.fromkeys(every))
        places = {text: k for k, text in enumerate(self._texts)}
        #: the tree, once, that stands at each place
        self._tree = np.array([places[text] for text in every], dtype=np.intp)
        values = [_leaves(text) for text in self._texts]
        counts = [len(leaves) for leaves in values]
        #: leaf values end to end, and where those of each tree start
        self._values = np.array([v for leaves in values for v in leaves])
        self._starts = np.cumsum([0, *counts[:-1]], dtype=np.float64)
        self._scale = forests[0].scale if forests else 0.0
        sizes = [n for forest in forests for n in np.diff((0, *forest.ends))]
        #: the member and horizon of each tree, as a place of `_shape`
        self._owner = np.repeat(np.arange(len(sizes)), sizes)

    def members(self, codes: Floats) -> Floats:
        """Return each member's sum of trees in log-odds, (horizons, members); 0 if no trees."""
        if not self._texts:
            return self._none
        mine: _Booster | None = getattr(self._local, "booster", None)
        if mine is None:
            mine = self._local.booster = _Booster(self._header, self._texts, self._width)
        values = self._values[(mine.leaves(codes) + self._starts).astype(np.intp)]
        sums = np.bincount(self._owner, values[self._tree], minlength=math.prod(self._shape))
        out: Floats = sums.reshape(self._shape).astype(np.float64) * self._scale
        return out


class _Booster:
    """Leaves of one row by LightGBM's C interface, which keeps one row's buffers a booster."""

    def __init__(self, header: str, texts: Sequence[str], width: int) -> None:
        from lightgbm.basic import _LIB, _safe_call

        self._booster = booster_of(header, texts)
        self._row = np.zeros(width + 1)
        self._width = width
        self._leaves = np.empty(len(texts))
        self._handle = ctypes.c_void_p()
        _safe_call(
            _LIB.LGBM_BoosterPredictForMatSingleRowFastInit(
                self._booster._handle,  # noqa: SLF001 - the C interface takes the handle
                ctypes.c_int(_LEAF_INDEX),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_int(_FLOAT64),
                # The trees were trained with the horizon as a last column, no longer looked at.
                ctypes.c_int32(width + 1),
                ctypes.c_char_p(b"num_threads=1"),
                ctypes.byref(self._handle),
            )
        )
        self._call, self._free = (
            _LIB.LGBM_BoosterPredictForMatSingleRowFast,
            _LIB.LGBM_FastConfigFree,
        )
        length = ctypes.c_int64()
        self._given = (
            self._handle,
            ctypes.c_void_p(self._row.ctypes.data),
            ctypes.byref(length),
            self._leaves.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
        )

    def leaves(self, codes: Floats) -> Floats:
        """Return the number of the leaf that the row falls in, in each tree."""
        self._row[: self._width] = codes
        if self._call(*self._given):
            raise ModelError("LightGBM refuse cette ligne.", code="tree-failure")
        return self._leaves

    def __del__(self) -> None:
        self._free(self._handle)


def _leaves(text: str) -> list[float]:
    line = next(line for line in text.splitlines() if line.startswith("leaf_value="))
    return [float(value) for value in line.split("=", 1)[1].split()]
