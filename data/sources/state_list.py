"""What every reader of the State's yearly list ("jaune budgétaire") must say alike."""

from __future__ import annotations

import polars as pl

#: beginning of the list's name, before the number of the finance bill
DATASET = "plf-jaune-"
FUNDER_ID = "etat"
FUNDER_NAME = "État"
#: `163`, `P163 - Jeunesse`, `06 - Éducation nationale — 163 - Jeunesse`, `Justice: 101 - Accès`
PROGRAMME = r"(?:^|[—-] ?|: ?)P?(\d{3})(?: ?[—:-]|$)"
MINISTRY = r"^(?:État — )?(?:MIN)?(\d{2}) ?-"
#: the list of exercise Y is annexed to the finance bill of Y + 2
YEARS_TO_BILL = 2


def published_on(exercise: pl.Expr) -> pl.Expr:
    """Return the day the list of an exercise is public.

    The bill of year P is tabled by the first Tuesday of October of P - 1, and its annexes with it
    or soon after: exercise Y, annexed to the bill of Y + 2, is counted public on 1 October Y + 1.
    """
    return pl.date(exercise + YEARS_TO_BILL - 1, 10, 1)
