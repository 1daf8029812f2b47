"""What an indicator is: one declaration gives job, dictionary, constraint and reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import narwhals as nw

Theme = Literal["funding", "payment", "budget", "debt", "account", "structure", "alert", "event"]
Direction = Literal[-1, 0, 1]
Kind = Literal["numeric", "categorical"]
#: frame an expression is written on; "panel" expressions use indicators and ingredients by name
Grain = Literal[
    "line",
    "funder",
    "programme",
    "payment",
    "budget",
    "delay",
    "debt",
    "account",
    "alert",
    "structure",
    "panel",
]

THEMES: dict[str, str] = {
    "funding": "Financements publics",
    "payment": "Délais de paiement",
    "budget": "Budgets publics et décisions des financeurs",
    "debt": "Dettes sociales et fiscales",
    "account": "Comptes déposés",
    "structure": "Structure",
    "alert": "Signalements",
    "event": "Défaillances du secteur et du territoire",
}


@dataclass(frozen=True)
class Indicator:
    """One number (or category) about a structure at a day.

    `direction` is the sign of its effect on the risk: +1 (higher is riskier), -1, or 0 when no
    sign is known; it becomes a monotone constraint of the model. `sentence` is the French reason;
    its blanks are those of `features.wording`. `expr` is a Narwhals
    expression on the frame of `grain`: an aggregate by structure, or a plain expression for
    grains "structure" and "panel".
    """

    name: str
    theme: Theme
    grain: Grain
    unit: str
    direction: Direction
    missing: str
    label: str
    sentence: str
    why: str
    expr: nw.Expr
    kind: Kind = "numeric"


def ratio(numerator: nw.Expr, denominator: nw.Expr) -> nw.Expr:
    """Return numerator / denominator as a float, null where the denominator is not positive."""
    top = numerator.cast(nw.Float64)
    return nw.when(denominator > 0).then(top / denominator.cast(nw.Float64))


def change(now: nw.Expr, before: nw.Expr) -> nw.Expr:
    """Return (now - before) / before, null where `before` is not positive, kept in [-1, 3]."""
    value = ratio(now, before) - 1.0
    low = nw.when(value < -1.0).then(nw.lit(-1.0)).otherwise(value)
    return nw.when(low > 3.0).then(nw.lit(3.0)).otherwise(low)


def capped(value: nw.Expr, high: float) -> nw.Expr:
    """Return `value` kept at most `high`; null stays null."""
    return nw.when(value > high).then(nw.lit(high)).otherwise(value)


def total(column: str, condition: nw.Expr | None = None) -> nw.Expr:
    """Return the sum by structure of an integer column, where `condition` holds (else 0)."""
    if condition is None:
        return nw.col(column).sum()
    return nw.when(condition).then(nw.col(column)).otherwise(nw.lit(0)).sum()


def count(condition: nw.Expr) -> nw.Expr:
    """Return the number of rows by structure where `condition` holds."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()


def divided(value: nw.Expr, constant: float) -> nw.Expr:
    """Return value × (1 / constant) as a float, the same to the last bit in any frame.

    Polars divides by a constant in two ways, that of frames of a single row being another one: a
    structure's number would depend on who else is in the frame.
    """
    return value.cast(nw.Float64) * (1.0 / constant)


def eur(cents: nw.Expr) -> nw.Expr:
    """Return an amount in euros from integer cents."""
    return divided(cents, 100.0).round(2)


def in_years(days: nw.Expr) -> nw.Expr:
    """Return a number of days in years."""
    return divided(days, 365.25)


def in_months(days: nw.Expr) -> nw.Expr:
    """Return a number of days in months of a twelfth of a year."""
    return divided(days, 30.4375)
