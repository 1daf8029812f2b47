"""Which funder is covered when: a list that stops being published is never read as a cut.

Years are compared between *slots*: slot 0 is the latest 12-month window in which a funder's data
are known, slot 1 the covered window before it, and so on. With yearly lists known on 31 December
and as_of = 2020-12-31, the State's slots are the exercises 2020, 2019, 2018…; as_of 2022-12-31
(no list of 2022) they are 2021, 2020, 2019….
"""

from __future__ import annotations

import polars as pl

from data.coverage import PARTIAL_SOURCES

#: windows looked at, and the largest hole (in windows) two slots may leave between them
WINDOWS = 6
MAX_STEP = 2


def slots(covered: pl.DataFrame) -> pl.DataFrame:
    """Return the slot of each covered window of each funder.

    Parameters
    ----------
    covered : polars.DataFrame
        Distinct `funder_id`, `window` (0 = latest 12 months), `stage`, `partial` of the known grant
        lines. `partial` tells the extracts of one scheme or one payer (`PARTIAL_SOURCES`).

    Returns
    -------
    polars.DataFrame
        `funder_id`, `window`, `stage`, `partial`, `slot`, `n_slots`: one stage by funder and window
        (awards are preferred to payments, never added to them); windows behind a hole larger than
        `MAX_STEP`, or of a funder silent for over `MAX_STEP` windows, are left out. A funder known
        by a whole list has no slot from an extract: an extract covers only its own scheme, and the
        structures outside it would look cut.
    """
    whole = covered.filter(~pl.col("partial")).select("funder_id").unique()
    extracts = covered.filter("partial").join(whole, on="funder_id", how="anti")
    return (
        pl.concat([covered.filter(~pl.col("partial")), extracts])
        .sort("funder_id", "window", "stage")  # "awarded" sorts before "paid"
        .unique(["funder_id", "window"], keep="first", maintain_order=True)
        .with_columns(
            pl.col("window").diff().over("funder_id").fill_null(pl.col("window")).alias("_step")
        )
        .with_columns((pl.col("_step") > MAX_STEP).cum_sum().over("funder_id").alias("_broken"))
        .filter(pl.col("_broken") == 0)
        .with_columns(
            pl.int_range(pl.len()).over("funder_id").cast(pl.Int64).alias("slot"),
            pl.len().over("funder_id").cast(pl.Int64).alias("n_slots"),
        )
        .select("funder_id", pl.col("window").cast(pl.Int64), "stage", "partial", "slot", "n_slots")
    )


def one_account(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Keep one account of what each funder gave each exercise, so that nothing is added twice.

    Whole lists rather than extracts (`whole_lists`), then awards rather than payments. `lines` has
    `funder_id`, `fiscal_year`, `stage` and `source`.
    """
    lines = whole_lists(lines)
    key = ["funder_id", "fiscal_year"]
    stage = lines.group_by(key).agg(pl.col("stage").min())  # "awarded" sorts before "paid"
    return lines.join(stage, on=[*key, "stage"], how="semi")


def whole_lists(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Drop the grant lines of extracts, for the funders of which a whole list is known.

    `lines` has `funder_id` and `source`. What an extract says is in the list already, or covers one
    scheme only: added to the list it would count twice, alone in a year it would look like a cut.
    """
    extract = pl.col("source").is_in(PARTIAL_SOURCES)
    whole = lines.filter(~extract).select("funder_id").unique()
    return pl.concat(
        [lines.filter(~extract), lines.filter(extract).join(whole, on="funder_id", how="anti")]
    )
