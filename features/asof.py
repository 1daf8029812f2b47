"""Days, calendar windows and horizons: the only place that does arithmetic on dates.

Windows are half-open, ``(start, as_of]``: a fact of the very day ``as_of`` belongs to the window,
a fact of the day ``start`` does not. Worked example used across the project:
``as_of = 2019-12-31`` and 12 months give window 0 = (2018-12-31, 2019-12-31],
window 1 = (2017-12-31, 2018-12-31], and a label of horizon 12 looks at (2019-12-31, 2020-12-31].
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from data.errors import VeilleError

_EPOCH = date(1970, 1, 1)
EVERY_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}


def to_day(value: date) -> int:
    """Return the number of days since 1970-01-01."""
    return (value - _EPOCH).days


def from_day(day: int) -> date:
    """Return the date of a number of days since 1970-01-01."""
    return _EPOCH + timedelta(days=day)


def is_month_end(value: date) -> bool:
    """Return whether `value` is the last day of its month."""
    return value.day == calendar.monthrange(value.year, value.month)[1]


def add_months(value: date, months: int) -> date:
    """Return `value` moved by calendar months; a month end stays a month end.

    2019-12-31 + 6 months = 2020-06-30; 2020-06-30 + 6 months = 2020-12-31.
    """
    index = value.year * 12 + value.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, last if is_month_end(value) else min(value.day, last))


def window_edges(as_of: date, *, months: int, count: int) -> list[int]:
    """Return `count` + 1 day numbers: window k is (edges[k + 1], edges[k]]."""
    return [to_day(add_months(as_of, -months * k)) for k in range(count + 1)]


def as_of_days(last: date, *, since: date | None = None, every: str = "quarter") -> list[date]:
    """Return the observation days from `since` to `last`, stepping back from `last`.

    Raises
    ------
    VeilleError
        `since` is after `last`, or `every` is unknown.
    """
    if every not in EVERY_MONTHS:
        raise VeilleError(
            "Pas de temps inconnu.",
            code="bad-every",
            where="--every",
            received=every,
            expected=", ".join(EVERY_MONTHS),
        )
    if since is None:
        return [last]
    if since > last:
        raise VeilleError(
            "La première date d'observation est après la dernière.",
            code="bad-since",
            where="--since",
            received=since,
            expected=f"une date au plus tard le {last}",
        )
    days, step = [], 0
    while (day := add_months(last, -step)) >= since:
        days.append(day)
        step += EVERY_MONTHS[every]
    return days[::-1]
