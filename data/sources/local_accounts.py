"""What the readers of local accounts (balances of the DGFiP, bases of the OFGL) must say alike."""

from __future__ import annotations

import polars as pl

#: account of the grants to private bodies, and key of these credits in the table `budgets`
GRANTS_ACCOUNT = "6574"


def published_on(year: pl.Expr) -> pl.Expr:
    """Return the day the accounts of a year are public: 1 September of the next year.

    A local council votes its accounts by 30 June; the balances are published in mid-July and the
    bases drawn from them by early August (some accounts are only completed in December).
    """
    return pl.date(year + 1, 9, 1)
