"""French numbers and dates, as they are written on the pages."""

from __future__ import annotations

import math
from datetime import date, datetime

NBSP = "\N{NO-BREAK SPACE}"
THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EM DASH}"

_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
    "octobre", "novembre", "décembre",
)  # fmt: skip
_SMALLEST = 0.001


def number(value: float | None, digits: int = 0) -> str:
    """Return `1 234,5`: thin spaces between thousands, decimal comma; a dash for nothing."""
    if value is None or math.isnan(value):
        return NOTHING
    text = f"{abs(value):,.{digits}f}".replace(",", THIN).replace(".", ",")
    negative = value < 0 and any(c in "123456789" for c in text)
    return (MINUS if negative else "") + text


def percent(share: float | None) -> str:
    """Return a share of 1 as `7,2 %`; under one in a thousand, `< 0,1 %`; over 99.9 %, `> 99,9 %`.

    A probability is never written 0 % or 100 %: no estimate is certain.
    """
    if share is None or math.isnan(share):
        return NOTHING
    if share < _SMALLEST:
        return f"<{NBSP}0,1{NBSP}%"
    if share > 1 - _SMALLEST:
        return f">{NBSP}99,9{NBSP}%"
    return f"{number(100 * share, 1)}{NBSP}%"


def whole_percent(share: float | None) -> str:
    """Return a share of 1 as a whole percentage, `72 %`."""
    return NOTHING if share is None else f"{number(100 * share)}{NBSP}%"


def interval(low: float | None, high: float | None) -> str:
    """Return `4,1 – 11,8 %`, or nothing when a bound is unknown."""
    if low is None or high is None:
        return ""
    start = percent(low).removesuffix(f"{NBSP}%")
    return f"{start}{NBSP}\N{EN DASH}{NBSP}{percent(high)}"


def signed(value: float | None, digits: int = 2) -> str:
    """Return `+0,59` or `−0,59`."""
    if value is None:
        return NOTHING
    text = number(value, digits)
    return f"+{text}" if value > 0 and text.strip("0,") else text


def euros(amount: float | None) -> str:
    """Return an amount in whole euros, `12 500 €`."""
    return NOTHING if amount is None else f"{number(amount)}{NBSP}€"


def short_euros(amount: float) -> str:
    """Return an amount short enough for an axis: `340 k€`, `1,2 M€`."""
    for size, unit in ((1e9, "Md€"), (1e6, "M€"), (1e3, "k€")):
        if abs(amount) >= size:
            scaled = amount / size
            return f"{number(scaled, 0 if scaled == round(scaled) else 1)}{NBSP}{unit}"
    return euros(amount)


def long_date(day: date | datetime | None) -> str:
    """Return `1er juillet 2025`."""
    if day is None:
        return NOTHING
    first = f"1er{NBSP}" if day.day == 1 else f"{day.day}{NBSP}"
    return f"{first}{_MONTHS[day.month - 1]}{NBSP}{day.year}"


def siren(code: str) -> str:
    """Return a SIREN in groups of three digits, `123 456 782`; any other text as it is."""
    if len(code) != 9 or not code.isdigit():
        return code
    return NBSP.join((code[:3], code[3:6], code[6:]))


def plural(count: float, word: str, many: str = "") -> str:
    """Return `1 structure`, `1 234 structures`; `many` when the plural is not a plain s."""
    return f"{number(count)}{NBSP}{word if abs(count) < 2 else many or word + 's'}"


def frequency(probability: float) -> str:
    """Return a probability as people count: `Sur 100 structures au même profil, environ 7`.

    Under 1 % the base is 1 000 structures, under one in a thousand it is 10 000.
    """
    base = 100 if probability >= 0.01 else 1000 if probability >= _SMALLEST else 10_000
    count = round(probability * base)
    about = "moins d’une" if count == 0 else f"environ {number(count)}"
    return f"Sur {number(base)} structures au même profil, {about}"
