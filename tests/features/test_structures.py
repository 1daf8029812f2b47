"""Structures: the latest state known, the rates of failure, the unknown."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.features.test_panel import LISTED, WORLD, YEAR_END, structure
from tests.fictitious import siren

if TYPE_CHECKING:
    from tests.features.conftest import Seen

A = siren(1)


def test_the_latest_state_known_by_the_day_counts(seen: Seen) -> None:
    states = [
        structure(A, "culture", "59", LISTED, employees_band="12"),
        structure(A, "social", "62", YEAR_END, esus=False),
        structure(A, "sport", "62", date(2020, 1, 1)),
    ]
    row = seen(YEAR_END, structures=states)
    assert (row["sector"], row["esus"], row["employees"]) == ("social", 0, None)


def test_a_source_never_erases_what_another_knows(seen: Seen) -> None:
    stock = structure(A, "culture", "59", LISTED, employees_band="12") | {"source": "sirene"}
    registry = structure(A, "culture", "62", YEAR_END) | {"source": "rna", "sector": None}
    row = seen(YEAR_END, structures=[stock, registry])
    alone = seen(YEAR_END, structures=[stock])
    assert (row["sector"], row["employees"]) == ("culture", alone["employees"])
    # … but the last word of one source replaces its own earlier ones.
    silent = {**stock, "sector": None, "known_on": YEAR_END}
    assert seen(YEAR_END, structures=[stock, silent])["sector"] is None


def test_an_unknown_sector_or_place_has_no_rate(seen: Seen) -> None:
    nowhere = {**structure(A, "culture", "59", LISTED), "sector": None, "departement": None}
    row = seen(YEAR_END, structures=[nowhere, *WORLD["structures"][3:]])
    assert row["sector_failure_rate_ratio"] is None
    assert row["departement_failure_rate_ratio"] is None


def test_failures_of_over_two_years_ago_leave_the_rate(seen: Seen) -> None:
    def rate(day: date) -> float:
        event = {"siren": siren(5), "kind": "liquidation", "occurred_on": day, "known_on": day}
        found: float = seen(YEAR_END, events=[event])["sector_failure_rate_ratio"]
        return found

    assert rate(date(2017, 12, 31)) == 0
    assert rate(date(2018, 1, 1)) == pytest.approx((1 + 20 / 5) / 24, rel=1e-5)


def test_dependence_on_grants_is_capped(seen: Seen) -> None:
    small = structure(A, "culture", "59", LISTED, budget_eur=1)
    assert seen(YEAR_END, structures=[small])["grants_budget_ratio"] == 3
