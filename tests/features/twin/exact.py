"""Exact arithmetic of the twin: cents are integers, a ratio is a fraction until it is shown."""

from __future__ import annotations

from fractions import Fraction
from math import floor

Value = float | str | None
Row = dict[str, Value]

#: shares and rates are kept to a part per million
MILLION = 1_000_000


def to_float(value: Fraction | int | None) -> float | None:
    """Return a fraction as a float; nothing stays nothing."""
    return None if value is None else float(value)


def fraction(top: Fraction | int | None, bottom: Fraction | int | None) -> Fraction | None:
    """Return top / bottom, nothing where either is unknown or `bottom` is not positive."""
    if top is None or bottom is None or bottom <= 0:
        return None
    return Fraction(top) / Fraction(bottom)


def ratio(top: Fraction | int | None, bottom: Fraction | int | None) -> float | None:
    """Return `fraction` as a float."""
    return to_float(fraction(top, bottom))


def at_most(value: float | None, high: float) -> float | None:
    """Return `value` brought down to `high`."""
    return None if value is None else min(value, high)


def growth(now: int, before: int) -> float | None:
    """Return the change from `before` to `now`, from -1 (all lost) to 3 (four times as much)."""
    share = fraction(now, before)
    return None if share is None else float(min(max(share - 1, Fraction(-1)), Fraction(3)))


def nearest(value: Fraction) -> int:
    """Return the nearest integer, halves up."""
    return floor(value + Fraction(1, 2))


def euros(cents: int | None) -> float | None:
    """Return an amount in euros."""
    return None if cents is None else float(Fraction(cents, 100))


def years(days: int) -> float:
    """Return days in years of 365.25 days."""
    return float(Fraction(days * 4, 1461))


def months(days: int) -> float:
    """Return days in twelfths of a year of 365.25 days."""
    return float(Fraction(days * 48, 1461))


def weights(amounts: list[int]) -> list[int]:
    """Return the share of each amount in all of them, in parts per million."""
    everything = sum(amounts)
    return [nearest(Fraction(amount * MILLION, everything)) for amount in amounts]


def weighted_mean(pairs: list[tuple[int, int | None]], scale: int) -> float | None:
    """Return the mean of the known values of (weight, value) pairs, divided by `scale`."""
    known = [(weight, value) for weight, value in pairs if value is not None]
    return ratio(
        sum(weight * value for weight, value in known), scale * sum(weight for weight, _ in known)
    )
