"""Twin of the indicators of accounts deposited and of regional warnings."""

from __future__ import annotations

from datetime import date

import pandas as pd

from tests.features.twin.days import last_months
from tests.features.twin.exact import Row, months, ratio
from tests.features.twin.facts import records

_OF_ACCOUNTS = ("months_since_accounts", "deposit_delay_days", "deposit_delay_mean_days")
_OF_ALERTS = ("alerts_three_years_count", "months_since_alert", "alert_severity")
NAMES = (*_OF_ACCOUNTS, *_OF_ALERTS)


def accounts(rows: pd.DataFrame, as_of: date) -> Row:
    """Return the indicators of one structure's deposits."""
    # accounts published again were deposited the first time
    filed: dict[date, date] = {}
    for row in records(rows):
        closed, day = row["closed_on"], row["filed_on"]
        if closed > as_of:  # announced ahead
            continue
        filed[closed] = min(day, filed.get(closed, day))
    if not filed:
        return dict.fromkeys(_OF_ACCOUNTS)
    delays = {closed: (day - closed).days for closed, day in filed.items()}
    latest = max(delays)
    silence = (as_of - latest).days
    recent = [delay for closed, delay in delays.items() if last_months(closed, as_of, 36)]
    return {
        "months_since_accounts": months(silence),
        "deposit_delay_days": float(delays[latest]),
        "deposit_delay_mean_days": ratio(sum(recent), len(recent)),
    }


def alerts(rows: pd.DataFrame, as_of: date) -> Row:
    """Return the indicators of one structure's warnings, each counted once."""
    told = {(row["severity"], row["raised_on"]) for row in records(rows)}
    told = {(severity, day) for severity, day in told if day <= as_of}
    if not told:
        return dict.fromkeys(_OF_ALERTS)
    last = max(day for _, day in told)
    return {
        "alerts_three_years_count": float(sum(last_months(day, as_of, 36) for _, day in told)),
        "months_since_alert": months((as_of - last).days),
        "alert_severity": float(max(severity for severity, day in told if day == last)),
    }
