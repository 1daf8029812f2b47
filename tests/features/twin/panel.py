"""A second, plain and slow panel of one day, written from the meaning of each indicator.

It shares no code with the indicators it is compared with.
"""

from __future__ import annotations

from datetime import date

import pandas as pd
import polars as pl

from tests.features.twin import budgets, debts, dues, funding, mix, payments, rates, structures
from tests.features.twin.exact import Row
from tests.features.twin.facts import known_facts, of
from tests.features.twin.lines import grant_lines
from tests.features.twin.money import Money, money_of_all, nothing

NAMES: tuple[str, ...] = tuple(
    name
    for theme in (funding, mix, payments, budgets, debts, dues, structures, rates)
    for name in theme.NAMES
)
#: a structure is followed for so many slots after its last line
_RECENT_SLOTS = 3


def panel(tables: dict[str, pl.DataFrame], as_of: date) -> pd.DataFrame:
    """Return one row a structure: `structure_id`, `as_of`, then each indicator; None is missing."""
    facts = known_facts(tables, as_of)
    lines = grant_lines(facts["grants"], as_of)
    money = money_of_all(lines)
    described = structures.describe(facts["structures"])
    failures = rates.failed(facts["events"], as_of)
    sectors, places = (
        rates.failure_rates(described, failures, by) for by in ("sector", "departement")
    )
    published = payments.published_delays(facts["funder_delays"])
    shared = budgets.figures(money.values(), budgets.votes(facts["budgets"], as_of))
    peers = budgets.peers(money.values())

    rows = []
    for siren in _population(money, described, rates.ended(facts["events"], as_of)):
        own = money.get(siren) or nothing(lines)
        values = described.get(siren)
        row: Row = {
            **funding.funding(own, as_of),
            **mix.mix(own),
            **payments.payments(of(facts["payments"], siren), own, published, as_of),
            **budgets.budgets(own, shared, peers),
            **debts.debts(of(facts["debts"], siren), as_of),
            **dues.accounts(of(facts["accounts"], siren), as_of),
            **dues.alerts(of(facts["alerts"], siren), as_of),
            **structures.structure(values, own, as_of),
            **rates.rates(values, sectors, places),
        }
        if sorted(row) != sorted(NAMES):
            raise AssertionError(sorted(set(row) ^ set(NAMES)))
        rows.append({"structure_id": siren, "as_of": as_of, **row})
    return pd.DataFrame(rows, columns=["structure_id", "as_of", *NAMES], dtype=object)


def _population(money: dict[str, Money], described: rates.Described, ended: set[str]) -> list[str]:
    """Return the structures funded of late or listed as alive, but for those that ended."""
    funded = {
        siren for siren, own in money.items() if (own.lines["slot"].dropna() < _RECENT_SLOTS).any()
    }
    listed = {siren for siren, values in described.items() if values["ceased_on"] is None}
    return sorted((funded | listed) - ended)
