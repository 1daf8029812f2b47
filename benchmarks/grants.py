"""Generated grant lines, as the lake stores them: only their number and their shape matter."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from data.contracts import TABLES
from data.drafts import with_machine_columns
from data.schema import EUR
from data.synthetic.geography import siren

FIRST_YEAR, LAST_YEAR = 2013, 2021
AS_OF = date(LAST_YEAR, 12, 31)
LINES_PER_STRUCTURE = 20
FUNDERS = 400
LEVELS = ("region", "departement", "commune", "epci")
PURPOSES = ("Fonctionnement", "Projet associatif", "Poste FONJEP", "Festival", None)


def generate(lines: int, seed: int = 1) -> pl.DataFrame:
    """Return `lines` grant lines with the lake's machine columns, of made-up bodies.

    A structure has three usual funders. One funder in five publishes every other year and one
    in twenty every fourth year, so that the rules of coverage have work to do; some lines are
    payments, contracts or recoveries, or become known months later.
    """
    rng = np.random.default_rng(seed)
    structure = rng.integers(0, max(lines // LINES_PER_STRUCTURE, 1), lines)
    funder = (structure * 7 + rng.integers(0, 3, lines) * 11) % FUNDERS
    step = np.where(funder % 20 == 0, 4, np.where(funder % 5 == 0, 2, 1))
    year = rng.integers(FIRST_YEAR, LAST_YEAR + 1, lines)
    year -= year % step
    end = (year - 1969).astype("datetime64[Y]").astype("datetime64[D]") - 1
    cents = np.exp(rng.normal(13.0, 1.5, lines)).astype(np.int64)
    cents = np.where(rng.random(lines) < 0.01, -cents, cents)
    decided = pl.Series(end - rng.integers(0, 330, lines)).cast(pl.Date)
    funders = pl.Series(["etat", *(f"slug:financeur-{f}" for f in range(1, FUNDERS))])
    levels = pl.Series(["state", *(LEVELS[f % len(LEVELS)] for f in range(1, FUNDERS))])
    frame = pl.DataFrame(
        {
            "siren": pl.Series(siren(np.arange(int(structure.max()) + 1) + 1)).gather(structure),
            "funder_id": funders.gather(funder),
            "funder_level": levels.gather(funder),
            "programme": pl.Series(rng.integers(100, 130, lines)).cast(pl.String),
            "purpose": pl.Series(PURPOSES).gather(rng.integers(0, len(PURPOSES), lines)),
            "amount_eur": pl.Series(cents).cast(EUR) / 100,
            "stage": pl.Series(["awarded", "paid"]).gather((rng.random(lines) < 0.1).astype(int)),
            "fiscal_year": pl.Series(year).cast(pl.Int32),
            "decided_on": decided.set(pl.Series(rng.random(lines) < 0.5), None),
            "multi_year": pl.Series(rng.random(lines) < 0.1),
            "instrument": pl.Series(["grant", "contract"]).gather(
                (rng.random(lines) < 0.1).astype(int)
            ),
            "dataset": pl.repeat("benchmark", lines, eager=True),
            "source": pl.repeat("benchmark", lines, eager=True),
            "source_row": pl.int_range(lines, eager=True),
            "known_on": pl.Series(end + np.where(rng.random(lines) < 0.1, 200, 0)).cast(pl.Date),
        }
    )
    columns = TABLES["grants"].empty().schema
    absent = [
        pl.lit(None, dtype).alias(n) for n, dtype in columns.items() if n not in frame.columns
    ]
    return with_machine_columns(
        frame.with_columns(absent).select(pl.col(n).cast(dtype) for n, dtype in columns.items())
    )
