"""Facts written by hand, in the columns that cohorts and labels read."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from data.drafts import with_machine_columns
from features.asof import as_of_days
from features.catalogue import INDICATORS
from models.spec import FitParams
from tests.fictitious import siren
from training.targets import TARGETS, Target

FAILURE: Target = TARGETS["failure"]
FUNDING: Target = TARGETS["funding_loss"]


def grants(*lines: dict[str, object]) -> pl.LazyFrame:
    """Return State awards of 20,000 € unless a line says otherwise, known on 31 December."""
    full = [
        {
            "funder_id": "etat",
            "stage": "awarded",
            "instrument": "grant",
            "amount_eur": "20000",
            "known_on": date(int(str(line["fiscal_year"])), 12, 31),
            **line,
        }
        for line in lines
    ]
    schema = {
        "siren": pl.String,
        "funder_id": pl.String,
        "fiscal_year": pl.Int32,
        "amount_eur": pl.String,
        "stage": pl.String,
        "instrument": pl.String,
        "known_on": pl.Date,
    }
    frame = pl.DataFrame(full, schema=schema)
    return with_machine_columns(
        frame.with_columns(
            pl.col("amount_eur").cast(pl.Decimal(18, 2)), pl.lit("fictif").alias("source")
        )
    ).lazy()


def events(*lines: tuple[str, str, date] | tuple[str, str, date, date]) -> pl.DataFrame:
    """Return events (siren, kind, occurred_on, known_on = the same day)."""
    return pl.DataFrame(
        [line if len(line) == 4 else (*line, line[2]) for line in lines],
        schema={
            "siren": pl.String,
            "kind": pl.String,
            "occurred_on": pl.Date,
            "known_on": pl.Date,
        },
        orient="row",
    ).with_columns(pl.lit(None, dtype=pl.Date).alias("retracted_on"))


def rows(*keys: tuple[str, date]) -> pl.DataFrame:
    """Return panel rows without indicators."""
    return pl.DataFrame(
        list(keys), schema={"structure_id": pl.String, "as_of": pl.Date}, orient="row"
    )


#: half-years; events are observed until 2022-06-30, 12 months after the last but one
DAYS = as_of_days(date(2021, 12, 31), since=date(2017, 12, 31), every="half")
FAST = FitParams(
    members=2, max_rounds=20, patience=5, learning_rate=0.3, num_leaves=4, l2_grid=(4.0, 64.0)
)


def failing_world(structures: int = 400, seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a panel with every indicator's column, and events that two of them announce.

    `debt_ratio` and the fall of `grants_change_1y_ratio` raise the risk of each half-year;
    `grants_eur` says nothing; the other indicators are unknown. Failures are known 10 days later.
    """
    rng = np.random.default_rng(seed)
    names = [siren(i) for i in range(structures)]
    debt, change = rng.exponential(0.3, structures), rng.normal(0, 0.4, structures)
    chance = 1 / (1 + np.exp(3.6 - 2.0 * debt + 2.0 * change))
    failed = np.array([int(np.argmax([*(rng.random(9) < p), True])) for p in chance])
    happened = [
        (name, "liquidation", DAYS[half] + timedelta(days=60), DAYS[half] + timedelta(days=70))
        for name, half in zip(names, failed, strict=True)
        if half < len(DAYS)
    ]
    happened.append((siren(99_999), "plan", date(2022, 8, 29), date(2022, 8, 29)))
    pieces = [
        pl.DataFrame(
            {
                "structure_id": names,
                "as_of": day,
                "debt_ratio": debt,
                "grants_change_1y_ratio": change,
                "grants_eur": rng.lognormal(10, 1, structures),
            }
        ).filter(pl.Series(failed >= half))
        for half, day in enumerate(DAYS)
    ]
    known = pl.concat(pieces)
    empty = [
        pl.lit(None, pl.Float64 if i.kind == "numeric" else pl.String).alias(i.name)
        for i in INDICATORS.values()
        if i.name not in known.columns
    ]
    return known.with_columns(empty), events(*happened)
