"""Rates of groups, drawn to the rate of all, and the twin of the failure rates."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

from tests.features.twin.days import last_months
from tests.features.twin.exact import MILLION, Row, Value, nearest
from tests.features.twin.facts import records

NAMES = ("sector_failure_rate_ratio", "departement_failure_rate_ratio")
#: the rate of all weighs as so many members of each group
_SHRINK = 20
_FAILURES = {"safeguard", "receivership", "liquidation", "dissolution", "cessation"}
_ENDS = {*_FAILURES, "merger"}

#: structure -> what is known of it
Described = dict[str, dict[str, Any]]


def rate(hits: int, size: int, all_hits: int, all_size: int) -> int:
    """Return a group's rate drawn to that of all, in parts per million."""
    drawn = hits + _SHRINK * Fraction(all_hits, all_size)
    return nearest(drawn / (size + _SHRINK) * MILLION)


def standing(events: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return the events that no notice had taken back by the day."""
    kept = [row for row in records(events) if not _taken_back(row, as_of)]
    return pd.DataFrame(kept, columns=events.columns, dtype=object)


def _taken_back(event: dict[str, Any], as_of: date) -> bool:
    return event["retracted_on"] is not None and event["retracted_on"] <= as_of


def ended(events: pd.DataFrame, as_of: date) -> set[str]:
    """Return the structures known to have ended."""
    held = standing(events, as_of)
    return set(held.loc[held["kind"].isin(_ENDS), "siren"])


def failed(events: pd.DataFrame, as_of: date) -> set[str]:
    """Return the structures that failed in the last 24 months."""
    held = standing(events, as_of)
    return {
        str(event["siren"])
        for event in records(held)
        if event["kind"] in _FAILURES and last_months(event["occurred_on"], as_of, 24)
    }


def failure_rates(described: Described, failures: set[str], by: str) -> dict[Value, int]:
    """Return the failure rate of each sector or place among the structures described."""
    groups: dict[Value, list[bool]] = {}
    for siren, values in described.items():
        groups.setdefault(values[by], []).append(siren in failures)
    everyone = [failure for group in groups.values() for failure in group]
    return {
        name: rate(sum(group), len(group), sum(everyone), len(everyone))
        for name, group in groups.items()
        if name is not None  # those of no known group count in the rate of all
    }


def rates(
    values: dict[str, Any] | None, sectors: dict[Value, int], places: dict[Value, int]
) -> Row:
    """Return the failure rates of a structure's sector and département."""
    found = values or {}
    numbers = (sectors.get(found.get("sector")), places.get(found.get("departement")))
    return {
        name: None if number is None else number / MILLION
        for name, number in zip(NAMES, numbers, strict=True)
    }
