"""Twin of the payment indicators: delays, overdue money, what funders publish."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pandas as pd

from tests.features.twin.days import last_months, months_before, within
from tests.features.twin.exact import Row, at_most, euros, ratio, weighted_mean, weights
from tests.features.twin.facts import records
from tests.features.twin.money import Money

_OF_PAYMENTS = (
    *("payment_delay_days", "payment_delay_max_days", "payment_late_share_ratio"),
    *("payment_delay_drift_days", "overdue_eur", "overdue_share_ratio", "overdue_count"),
)
_OF_FUNDERS = ("funder_delay_days", "funder_delay_drift_days")
NAMES = (*_OF_PAYMENTS, *_OF_FUNDERS)
_LATE_DAYS = 30
_THOUSAND = 1000

#: funder -> its latest published delay and the change from the year before, thousandths of days
Published = dict[str, tuple[int, int | None]]


def payments(rows: pd.DataFrame, money: Money, published: Published, as_of: date) -> Row:
    """Return the indicators of a structure's instalments and of its funders' delays."""
    return {**_instalments(rows, money, as_of), **_funders(money, published)}


def _instalments(rows: pd.DataFrame, money: Money, as_of: date) -> Row:
    # a state told again by a later export is the same one
    told = {
        (p["payment_id"], p["funder_id"], p["due_on"], p["paid_on"], p["amount"])
        for p in records(rows)
        if last_months(p["due_on"], as_of, 36) and (p["paid_on"] is None or p["paid_on"] <= as_of)
    }
    if not told:
        return dict.fromkeys(_OF_PAYMENTS)
    waiting = [amount for *_, paid, amount in told if paid is None]
    settled = [(paid, (paid - due).days, amount) for *_, due, paid, amount in told if paid]
    half, before = months_before(as_of, 6), months_before(as_of, 18)
    recent = [delay for paid, delay, _ in settled if last_months(paid, as_of, 12)]
    last_half = [delay for paid, delay, _ in settled if within(paid, half, as_of)]
    earlier = [delay for paid, delay, _ in settled if within(paid, before, half)]
    # each instalment is told when due and again when paid: what is left is the difference
    overdue = max(0, sum(waiting) - sum(amount for *_, amount in settled))
    total = money.total(0) if money.funders else None
    values: Row = {
        "payment_delay_days": _mean(recent),
        "payment_delay_max_days": float(max(recent)) if recent else None,
        "payment_late_share_ratio": ratio(sum(d > _LATE_DAYS for d in recent), len(recent)),
        "payment_delay_drift_days": _drift(last_half, earlier),
        **dict.fromkeys(("overdue_eur", "overdue_share_ratio", "overdue_count")),
    }
    if waiting:
        values["overdue_eur"] = euros(overdue)
        values["overdue_share_ratio"] = at_most(ratio(overdue, total), 3.0)
        values["overdue_count"] = float(max(0, len(waiting) - len(settled)))
    return values


def _mean(delays: list[int]) -> float | None:
    return ratio(sum(delays), len(delays))


def _drift(now: list[int], before: list[int]) -> float | None:
    if not now or not before:
        return None
    return float(Fraction(sum(now), len(now)) - Fraction(sum(before), len(before)))


def published_delays(rows: pd.DataFrame) -> Published:
    """Return what each funder published last."""
    found: Published = {}
    for funder, told in rows.groupby("funder_id"):
        by_year: dict[int, tuple[date, float]] = {}
        for line in records(told):
            said = (line["known_on"], line["mean_days"])
            # the last word on a year; of two of one day, the longer delay
            by_year[line["year"]] = max(said, by_year.get(line["year"], said))
        year = max(by_year)
        now = Fraction(by_year[year][1])
        drift = None
        if year - 1 in by_year:
            drift = round((now - Fraction(by_year[year - 1][1])) * _THOUSAND)
        found[str(funder)] = (round(now * _THOUSAND), drift)
    return found


def _funders(money: Money, published: Published) -> Row:
    # the year before counts too: a funder that has just stopped still had its way of paying
    exposed = {name: max(f.slots[:2]) for name, f in money.funders.items() if max(f.slots[:2]) > 0}
    known = [published.get(name, (None, None)) for name in exposed]
    shares = weights(list(exposed.values())) if exposed else []
    return {
        name: weighted_mean([(w, k[i]) for w, k in zip(shares, known, strict=True)], _THOUSAND)
        for i, name in enumerate(_OF_FUNDERS)
    }
