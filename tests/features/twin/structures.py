"""Twin of the indicators of the directory: who a structure is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from tests.features.twin.exact import Row, at_most, euros, ratio, years
from tests.features.twin.facts import records
from tests.features.twin.money import Money
from tests.features.twin.rates import Described

NAMES = (
    *("age_years", "employees", "budget_eur", "grants_budget_ratio", "esus", "sector"),
    *("ess_family", "region"),
)
_SAID = (
    *("ess_family", "esus", "sector", "departement", "region", "employees", "budget"),
    *("created_on", "ceased_on"),
)
#: INSEE staff band -> middle of the band
_STAFF = dict(
    zip(
        ("NN", "00", "01", "02", "03", "11", "12", "21", "22", "31", "32", "41", "42", "51", "52"),
        (0, 0, 1, 4, 7, 14, 34, 74, 149, 224, 374, 749, 1499, 3499, 7499),
        strict=True,
    )
) | {"53": 10_000}


def describe(rows: pd.DataFrame) -> Described:
    """Return each structure as its sources said it last."""
    staffed = rows.assign(employees=rows["employees_band"].map(_STAFF).astype(object))
    return {str(siren): _described(states) for siren, states in staffed.groupby("siren")}


def _described(states: pd.DataFrame) -> dict[str, Any]:
    words = []  # the last word of each source, with its day
    for _, of_source in states.groupby("source"):
        day = max(of_source["known_on"])
        words += records(of_source[of_source["known_on"] == day])
    return {name: _latest(words, name) for name in _SAID}


def _latest(words: list[dict[str, Any]], name: str) -> Any:  # noqa: ANN401
    """Return what the latest of those that say something says; the larger where they differ."""
    said = [(word["known_on"], word[name]) for word in words if not pd.isna(word[name])]
    return max(said)[1] if said else None


def structure(values: dict[str, Any] | None, money: Money, as_of: date) -> Row:
    """Return the indicators of one structure, of which `values` is what is known."""
    if values is None:
        return dict.fromkeys(NAMES)
    created, budget, staff, esus = (
        values[name] for name in ("created_on", "budget", "employees", "esus")
    )
    total = money.total(0) if money.funders else None
    return {
        "age_years": None if created is None else years((as_of - created).days),
        "employees": None if staff is None else float(staff),
        "budget_eur": euros(budget),
        "grants_budget_ratio": at_most(ratio(total, budget), 3.0),
        "esus": None if esus is None else float(esus),
        **{name: values[name] for name in ("sector", "ess_family", "region")},
    }
