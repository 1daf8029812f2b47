"""Régions and départements: real INSEE codes, so that maps work; every body on them is invented."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DEPARTEMENTS = {
    "01": "971",
    "02": "972",
    "03": "973",
    "04": "974",
    "06": "976",
    "11": "75 77 78 91 92 93 94 95",
    "24": "18 28 36 37 41 45",
    "27": "21 25 39 58 70 71 89 90",
    "28": "14 27 50 61 76",
    "32": "02 59 60 62 80",
    "44": "08 10 51 52 54 55 57 67 68 88",
    "52": "44 49 53 72 85",
    "53": "22 29 35 56",
    "75": "16 17 19 23 24 33 40 47 64 79 86 87",
    "76": "09 11 12 30 31 32 34 46 48 65 66 81 82",
    "84": "01 03 07 15 26 38 42 43 63 69 73 74",
    "93": "04 05 06 13 83 84",
    "94": "2A 2B",
}
REGIONS: tuple[str, ...] = tuple(_DEPARTEMENTS)
DEPARTEMENTS: tuple[str, ...] = tuple(
    code for codes in _DEPARTEMENTS.values() for code in codes.split()
)
#: position in REGIONS of each département
REGION_OF: NDArray[np.int64] = np.array(
    [position for position, codes in enumerate(_DEPARTEMENTS.values()) for _ in codes.split()]
)
TOWNS_PER_DEPARTEMENT = 3
_LARGE = dict.fromkeys(
    ("75", "59", "13", "69", "33", "31", "44", "93", "35", "34", "62", "67", "38", "92", "94"), 3.0
)


def weights() -> NDArray[np.float64]:
    """Return the share of structures by département (a few large ones weigh three times more)."""
    raw = np.array([_LARGE.get(code, 1.0) for code in DEPARTEMENTS])
    return np.asarray(raw / raw.sum())


def siren(numbers: NDArray[np.int64]) -> list[str]:
    """Complete eight-digit numbers with Luhn's check digit.

    Raises
    ------
    ValueError
        A number has more than eight digits.
    """
    if numbers.size and (numbers.min() < 0 or numbers.max() >= 10**8):
        raise ValueError("a SIREN has eight digits before its check digit")
    total = np.zeros(len(numbers), dtype=np.int64)
    rest = numbers.copy()
    for position in range(8):
        digit = rest % 10
        rest //= 10
        doubled = digit * 2 if position % 2 == 0 else digit
        total += np.where(doubled > 9, doubled - 9, doubled)
    check = (10 - total % 10) % 10
    return [f"{number:08d}{digit}" for number, digit in zip(numbers, check, strict=True)]
