"""What is known on a day, as pandas frames of plain Python values."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, cast

import pandas as pd
import polars as pl

#: table -> the columns that are read
_READ = {
    "grants": (
        *("siren", "funder_id", "funder_level", "programme", "purpose", "amount_eur", "stage"),
        *("fiscal_year", "decided_on", "multi_year", "instrument", "source", "known_on"),
    ),
    "structures": (
        *("siren", "ess_family", "esus", "sector", "departement", "region", "employees_band"),
        *("budget_eur", "created_on", "ceased_on", "source", "known_on"),
    ),
    "payments": (
        *("siren", "payment_id", "funder_id", "due_on", "paid_on", "amount_eur", "known_on"),
    ),
    "funder_delays": ("funder_id", "year", "mean_days", "known_on"),
    "budgets": ("funder_id", "programme", "year", "stage", "amount_eur", "known_on"),
    "events": ("siren", "kind", "occurred_on", "retracted_on", "known_on"),
    "debts": (
        *("siren", "creditor", "period", "debt_id", "due_eur", "outstanding_eur", "plan"),
        "known_on",
    ),
    "accounts": ("siren", "closed_on", "filed_on", "known_on"),
    "alerts": ("siren", "severity", "raised_on", "known_on"),
}

Frames = dict[str, pd.DataFrame]


def known_facts(tables: dict[str, pl.DataFrame], as_of: date) -> Frames:
    """Return what is read of each table among the facts known on a day.

    A fact of a unit that has no SIREN is nobody's. Amounts `X_eur` become integer cents, `X`.
    """
    return {name: _known(tables.get(name), name, as_of) for name in _READ}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame, one dictionary each."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))


def of(frame: pd.DataFrame, siren: str) -> pd.DataFrame:
    """Return the rows of one structure."""
    return frame[frame["siren"] == siren]


def _known(table: pl.DataFrame | None, name: str, as_of: date) -> pd.DataFrame:
    columns = list(_READ[name])
    rows = [] if table is None else table.select(columns).to_dicts()
    kept = [
        {column.removesuffix("_eur"): _plain(row[column]) for column in columns}
        for row in rows
        if row["known_on"] <= as_of and row.get("siren", "") is not None
    ]
    names = [column.removesuffix("_eur") for column in columns]
    # objects: integers stay integers beside missing values, and sums are exact
    return pd.DataFrame(kept, columns=names, dtype=object)


def _plain(value: object) -> object:
    return int(value * 100) if isinstance(value, Decimal) else value
