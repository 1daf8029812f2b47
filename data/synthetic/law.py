"""The law of the synthetic France: every constant of the simulation, in one place.

Nothing here is estimated from a real structure. Rates are set so that totals stay plausible
beside the public context figures (docs/synthetic.md compares them one by one).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: slots of a structure's portfolio of funders, and the kind of funder behind each
SLOTS = 6
SLOT_LEVELS = ("state", "region", "departement", "town", "state", "town")
#: hidden states: 5 levels of cash tension x 3 classes of frailty x payments stuck or not
TENSIONS, FRAILTIES, STUCK = 5, 3, 2


def _row(*values: float) -> Floats:
    return np.array(values, dtype=np.float32)


@dataclass(frozen=True)
class BudgetLaw:
    """How budgets and payment delays move from one year to the next."""

    trend: float = 0.015
    noise: float = 0.03
    austerity_starts: float = 0.2
    austerity_lasts: float = 0.5
    austerity: float = -0.06
    shock: tuple[tuple[str, float], ...] = (
        ("state", 0.08),
        ("region", 0.07),
        ("departement", 0.06),
        ("town", 0.04),
    )
    shock_mean: float = -0.35
    shock_spread: float = 0.15
    cancel: float = 0.10
    cancel_austerity: float = 0.35
    cancel_low: float = 0.03
    cancel_high: float = 0.15
    cancel_month: int = 7
    delay_days: tuple[tuple[str, float], ...] = (
        ("state", 38.0),
        ("region", 46.0),
        ("departement", 42.0),
        ("town", 33.0),
    )
    delay_memory: float = 0.85
    delay_noise: float = 0.10
    delay_cut: float = 0.6


@dataclass(frozen=True)
class FundingLaw:
    """How the awards of a portfolio follow the budgets."""

    elasticity: float = 1.3
    noise: float = 0.10
    loss: float = 0.025
    loss_after_cut: float = 0.7
    cut_tolerated: float = 0.05
    gain: float = 0.02
    multi_year: float = 0.12
    multi_years: int = 2
    one_off_monthly: float = 0.012
    one_off_share: float = 0.25
    split_above_eur: float = 23_000.0
    deposit_above_eur: float = 153_000.0


@dataclass(frozen=True)
class LifeLaw:
    """How cash tension moves, what it causes, and what it lets be seen."""

    # frailty is fixed at birth: it makes tension rise faster and recede slower
    frailty_share: Floats = field(default_factory=lambda: _row(0.35, 0.40, 0.25))
    frailty_up: Floats = field(default_factory=lambda: _row(0.6, 1.0, 1.5))
    frailty_down: Floats = field(default_factory=lambda: _row(1.25, 1.0, 0.8))
    frailty_hazard: Floats = field(default_factory=lambda: _row(0.75, 1.0, 1.3))
    up: float = 0.018
    down: float = 0.036
    up_cut: float = 2.6
    up_stuck: float = 0.9
    down_gain: float = 1.0
    most: float = 0.45
    # monthly collective-proceedings hazard by tension, at the reference structure
    proceedings: Floats = field(
        default_factory=lambda: _row(0.00001, 0.00002, 0.00004, 0.0003, 0.0049)
    )
    # voluntary ends: mostly small, old or very young structures, less driven by cash
    voluntary: Floats = field(
        default_factory=lambda: _row(0.00007, 0.0001, 0.00022, 0.0010, 0.0044)
    )
    merger: Floats = field(default_factory=lambda: _row(0.0002, 0.0002, 0.0003, 0.0006, 0.001))
    stuck: float = 0.05
    stuck_delay: float = 0.03
    stuck_cancel: float = 8.0
    unstuck: float = 0.28
    alert: Floats = field(default_factory=lambda: _row(0.0001, 0.0002, 0.0010, 0.006, 0.040))
    severity: Floats = field(
        default_factory=lambda: np.array(
            [
                [0.80, 0.18, 0.02],
                [0.75, 0.20, 0.05],
                [0.60, 0.30, 0.10],
                [0.35, 0.40, 0.25],
                [0.15, 0.35, 0.50],
            ],
            dtype=np.float32,
        )
    )
    # share of the quarter's contributions still owed: none, < 25 %, < 75 %, more
    debt: Floats = field(
        default_factory=lambda: np.array(
            [
                [0.98, 0.017, 0.002, 0.001],
                [0.93, 0.06, 0.008, 0.002],
                [0.70, 0.24, 0.05, 0.01],
                [0.22, 0.38, 0.32, 0.08],
                [0.03, 0.07, 0.25, 0.65],
            ],
            dtype=np.float32,
        )
    )
    debt_edges: tuple[float, ...] = (0.0, 0.02, 0.25, 0.75, 1.6)
    filing: Floats = field(default_factory=lambda: _row(0.45, 0.40, 0.28, 0.16, 0.06))
    # who lets what be seen, and from which month of which year
    shares_payments: float = 0.55
    shares_debts: float = 0.85
    payments_from: tuple[int, int] = (2, 4)
    debts_from: tuple[int, int] = (2, 4)
    alerts_from: int = 2

    def first(self) -> Floats:
        """Return the law of (frailty, tension) at entry, shape (FRAILTIES, TENSIONS)."""
        ratio = self.up / self.down * self.frailty_up / self.frailty_down * 1.15
        weights = ratio[:, None] ** np.arange(TENSIONS)
        weights /= weights.sum(axis=1, keepdims=True)
        return (self.frailty_share[:, None] * weights).astype(np.float32)


@dataclass(frozen=True)
class Law:
    """All the constants."""

    budget: BudgetLaw = field(default_factory=BudgetLaw)
    funding: FundingLaw = field(default_factory=FundingLaw)
    life: LifeLaw = field(default_factory=LifeLaw)
