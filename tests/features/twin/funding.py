"""Twin of the funding indicators: amounts, trends, age of the history."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from tests.features.twin.exact import Row, euros, growth, ratio, years
from tests.features.twin.lines import WINDOWS
from tests.features.twin.money import Money

_OF_SLOTS = (
    *("grants_eur", "grants_previous_eur", "grants_two_before_eur", "grants_change_1y_ratio"),
    *("grants_change_2y_ratio", "grants_vs_mean_ratio", "grants_floor_ratio", "grants_peak_ratio"),
    *("grants_volatility_ratio", "grants_years_count"),
)
NAMES = (*_OF_SLOTS, "history_years")


def funding(money: Money, as_of: date) -> Row:
    """Return the indicators of a structure's amounts."""
    return {**_slots(money), **_history(money, as_of)}


def _slots(money: Money) -> Row:
    if not money.funders:
        return dict.fromkeys(_OF_SLOTS)  # nothing known is not zero
    cents = [money.total(k) for k in range(WINDOWS)]
    last, four = cents[0], cents[:4]
    return {
        "grants_eur": euros(last),
        "grants_previous_eur": euros(cents[1]),
        "grants_two_before_eur": euros(cents[2]),
        # the same funders on both sides: those whose lists reach so far back
        "grants_change_1y_ratio": growth(money.total(0, at_least=2), cents[1]),
        "grants_change_2y_ratio": growth(money.total(0, at_least=3), cents[2]),
        "grants_vs_mean_ratio": ratio(last, Fraction(sum(cents[1:4]), 3)),
        "grants_floor_ratio": ratio(min(cents[:3]), last),
        "grants_peak_ratio": ratio(last, max(cents[:5])),
        "grants_volatility_ratio": ratio(max(four) - min(four), sum(four)),
        "grants_years_count": float(sum(c > 0 for c in cents)),
    }


def _history(money: Money, as_of: date) -> Row:
    if money.lines.empty:
        return {"history_years": None}
    return {"history_years": years((as_of - min(money.lines["day"])).days)}
