"""Twin of the debt indicators: periods told whole, and single debts told state by state."""

from __future__ import annotations

import calendar
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from tests.features.twin.days import last_months, months_before, within
from tests.features.twin.exact import Row, euros, ratio
from tests.features.twin.facts import records

NAMES = (
    *("debt_ratio", "debt_outstanding_eur", "debt_plan", "debt_year_ratio"),
    *("debt_year_before_ratio", "debt_memory_ratio", "debt_periods_count"),
)
#: under a twentieth of what was due, a period counts as paid
_PART = 20


@dataclass
class Told:
    """What a period says: cents due and owed now, and in each of two years; None says nothing."""

    due_now: int | None = None
    owed_now: int | None = None
    due_year: int | None = None
    owed_year: int | None = None
    due_before: int | None = None
    owed_before: int | None = None
    due_weighed: int | None = None
    owed_weighed: int | None = None
    plan: bool | None = None
    late: bool | None = None


def debts(rows: pd.DataFrame, as_of: date) -> Row:
    """Return the indicators of one structure's debts."""
    single = rows["debt_id"].notna()
    told = [*_whole(rows[~single], as_of), *_single(rows[single], as_of)]
    owed_now, owed_year, owed_before, owed_weighed = (
        _sum([getattr(t, f"owed_{name}") for t in told])
        for name in ("now", "year", "before", "weighed")
    )
    late = _said([t.late for t in told])
    plans = _said([t.plan for t in told])
    return {
        "debt_ratio": ratio(owed_now, _sum([t.due_now for t in told])),
        "debt_outstanding_eur": euros(owed_now),
        "debt_plan": float(any(plans)) if plans else None,
        "debt_year_ratio": ratio(owed_year, _sum([t.due_year for t in told])),
        "debt_year_before_ratio": ratio(owed_before, _sum([t.due_before for t in told])),
        "debt_memory_ratio": ratio(owed_weighed, _sum([t.due_weighed for t in told])),
        "debt_periods_count": float(sum(late)) if late else None,
    }


def _said(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _sum(values: list[int | None]) -> int | None:
    said = _said(values)
    return sum(said) if said else None


def _weighed(cents: int | None, day: date, as_of: date, later: int = 0) -> int | None:
    """Return cents times 32 for a day of the last six months, 16 for those before, 8, 4, 2, 1."""
    for halvings in range(6):
        start, end = (months_before(as_of, 6 * h + later) for h in (halvings + 1, halvings))
        if cents is not None and within(day, start, end):
            return cents * 2 ** (5 - halvings)
    return None


def _whole(rows: pd.DataFrame, as_of: date) -> list[Told]:
    """Return the lines that tell a period whole, by the day on which they were known."""
    lines = [r for r in records(rows) if last_months(r["known_on"], as_of, 36)]
    latest = max((r["known_on"] for r in lines), default=None)
    year = months_before(as_of, 12)
    told = []
    for line in lines:
        due, owed, known = line["due"], line["outstanding"], line["known_on"]
        one = Told(late=None if due is None or owed is None else owed * _PART > due)
        one.due_weighed, one.owed_weighed = (_weighed(x, known, as_of) for x in (due, owed))
        if known == latest:
            one.due_now, one.owed_now, one.plan = due, owed, line["plan"]
        if known > year:
            one.due_year, one.owed_year = due, owed
        elif within(known, months_before(as_of, 24), year):
            one.due_before, one.owed_before = due, owed
        told.append(one)
    return told


@dataclass
class _Debt:
    """One debt: what its last state says is due and owed, what its first said, its plan."""

    due: int | None
    owed: int | None
    unpaid: int | None
    plan: bool | None


def _single(rows: pd.DataFrame, as_of: date) -> list[Told]:
    """Return the periods of debts that are told one by one."""
    periods: dict[tuple[str, str, date | None], list[_Debt]] = defaultdict(list)
    for (creditor, _), states in rows.groupby(["creditor", "debt_id"]):
        # states may disagree on the period: the last one in the alphabet, and in time
        period = max(states["period"])
        end = max(_said([_period_end(p) for p in states["period"]]), default=None)
        periods[str(creditor), period, end].append(_debt(states))
    # the contributions of a month are known the month after
    edges = {n: months_before(as_of, n + 1) for n in (0, 12, 24, 36)}
    told = []
    for (_, _, end), many in periods.items():
        due, owed, unpaid = (
            _sum([getattr(d, name) for d in many]) for name in ("due", "owed", "unpaid")
        )
        plans = _said([d.plan for d in many])
        one = Told(owed_now=owed, plan=any(plans) if plans else None)
        if end is not None and within(end, edges[12], edges[0]):
            one.due_now = one.due_year = due
            one.owed_year = unpaid
        if end is not None and within(end, edges[24], edges[12]):
            one.due_before, one.owed_before = due, unpaid
        if end is not None:
            one.due_weighed, one.owed_weighed = (
                _weighed(x, end, as_of, later=1) for x in (due, unpaid)
            )
        if end is not None and within(end, edges[36], edges[0]) and unpaid is not None:
            # where what was due is not known, any debt is one
            one.late = unpaid > 0 if due is None else unpaid * _PART > due
        told.append(one)
    return told


def _debt(states: pd.DataFrame) -> _Debt:
    first = states[states["known_on"] == min(states["known_on"])]
    last = states[states["known_on"] == max(states["known_on"])]
    plan = _largest(last["plan"])
    if _said(list(states["plan"])):
        return _Debt(None, None, None, plan)  # a plan spreads debts that are told elsewhere
    return _Debt(
        due=_largest(last["due"]),
        owed=_largest(last["outstanding"]),
        unpaid=_largest(first["outstanding"]),
        plan=plan,
    )


def _largest(values: pd.Series) -> Any:  # noqa: ANN401
    """Return the largest value said: two files may tell the same state."""
    return max(_said(list(values)), default=None)


def _period_end(period: str) -> date | None:
    """Return the last day of a year, a quarter or a month, written 2024, 2024-Q3 or 2024-07."""
    found = re.fullmatch(r"(\d{4})(?:-Q([1-4])|-(0[1-9]|1[0-2]))?", period)
    if found is None:
        return None
    year, quarter, month = int(found[1]), found[2], found[3]
    last = 3 * int(quarter) if quarter else int(month or 12)
    return date(year, last, calendar.monthrange(year, last)[1])
