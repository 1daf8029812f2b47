"""What the facts known on a day say of the funders' practices, for the barometer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from statistics import NormalDist

import polars as pl

from data.lake import Lake
from features.asof import add_months
from serving.cell.barometer.overlapping import PRACTICES, PROGRAMMES, YEARS
from serving.cell.barometer.practices import COLUMNS

#: months of facts looked at, and the delay beyond which a payment is late
MONTHS, LATE_DAYS = 36, 30
_Z = NormalDist().inv_cdf(0.95)


def write(folder: Path, lake: Lake, as_of: date, sirens: pl.Series) -> Path:
    """Write the two files of the barometer into a folder, and return it.

    `practices.parquet`: one row a funder and a practice, over every structure of the lake, not
    only those of the list: one that failed was paid late too. `programmes.parquet`: one row a
    structure of the list and a programme that funds it.
    """
    practices(lake, as_of).write_parquet(folder / PRACTICES)
    programmes(lake, as_of, sirens).write_parquet(folder / PROGRAMMES)
    return folder


def practices(lake: Lake, as_of: date) -> pl.DataFrame:
    """Return the practices by funder (`COLUMNS`), each with its number of structures.

    Each structure counts once, whatever its number of lines; the interval is the 90 % one of the
    mean over structures (normal: 10 structures at least are shown); for a share, that of Wilson,
    which is on the safe side where a structure counts for a fraction.
    """
    since = add_months(as_of, -MONTHS)
    inside = (pl.col("known_on") > since) & (pl.col("known_on") <= as_of)
    grants = lake.scan("grants").filter(inside & pl.col("siren").is_not_null())
    # The last state known of each instalment: due, then paid.
    paid = (
        lake.scan("payments")
        .filter(inside)
        .sort("known_on", "source", "source_row")
        .unique(["siren", "payment_id"], keep="last", maintain_order=True)
        .filter(pl.col("paid_on").is_not_null())
        .select(
            "siren",
            "funder_id",
            days=(pl.col("paid_on") - pl.col("due_on")).dt.total_days().cast(pl.Float64),
        )
    )
    levels = (
        lake.scan("grants")
        .filter(pl.col("known_on") <= as_of)
        .sort("known_on", "source", "source_row")
        .group_by("funder_id")
        .agg(pl.col("funder_level").last())
    )
    late = pl.col("days").clip(lower_bound=0).mean()
    said = {
        "payment_delay_days": (paid, late),
        "late_payment_share": (paid, (pl.col("days") > LATE_DAYS).mean()),
        "advance_share": (paid, (pl.col("days") < 0).mean()),
        "multi_year_share": (
            grants.filter((pl.col("instrument") == "grant") & pl.col("multi_year").is_not_null()),
            pl.col("multi_year").any().cast(pl.Float64),
        ),
        "contract_share": (
            grants.filter(pl.col("instrument").is_in(["grant", "contract"])),
            (pl.col("instrument") == "contract").any().cast(pl.Float64),
        ),
    }
    pieces = [_by_funder(name, lines, value) for name, (lines, value) in said.items()]
    pieces.append(_published(lake, as_of))
    return (
        pl.concat(pieces)
        .join(levels, on="funder_id", how="left")
        .select(*COLUMNS)
        .sort("funder_id", "practice")
        .collect()
        .cast(COLUMNS)  # type: ignore[arg-type]
    )


def programmes(lake: Lake, as_of: date, sirens: pl.Series) -> pl.DataFrame:
    """Return `siren`, `programme` of the grants of the last two fiscal years, each pair once."""
    return (
        lake.scan("grants")
        .filter(
            (pl.col("known_on") <= as_of)
            & (pl.col("fiscal_year") > as_of.year - YEARS)
            & pl.col("programme").is_not_null()
            & (pl.col("amount_cents") > 0)
            & (pl.col("instrument") == "grant")
            & pl.col("siren").is_in(sirens.implode())
        )
        .select("siren", "programme")
        .unique()
        .sort("programme", "siren")
        .collect()
    )


def _by_funder(name: str, lines: pl.LazyFrame, value: pl.Expr) -> pl.LazyFrame:
    each = lines.group_by("funder_id", "siren").agg(value.alias("value"))
    n, mean = pl.col("structures"), pl.col("value")
    share = name.endswith("_share")
    if share:
        middle = (mean + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z * (mean * (1 - mean) / n + _Z**2 / (4 * n**2)).sqrt() / (1 + _Z**2 / n)
    else:
        middle, half = mean, _Z * pl.col("spread") / n.sqrt()
    return (
        each.sort("funder_id", "siren")  # the order of a sum must not vary
        .group_by("funder_id", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("structures"),
            pl.col("value").mean(),
            pl.col("value").std().fill_null(0).alias("spread"),
        )
        .with_columns(low=(middle - half).clip(lower_bound=0), high=middle + half)
        .select("funder_id", pl.lit(name).alias("practice"), "structures", "value", "low", "high")
    )


def _published(lake: Lake, as_of: date) -> pl.LazyFrame:
    absent = pl.lit(None, pl.Float64)
    return (
        lake.scan("funder_delays")
        .filter(pl.col("known_on") <= as_of)
        .sort("year", "known_on", "source", "source_row")
        .group_by("funder_id")
        .agg(pl.col("mean_days").last())
        .select(
            "funder_id",
            pl.lit("published_delay_days").alias("practice"),
            pl.lit(0, pl.Int64).alias("structures"),
            pl.col("mean_days").alias("value"),
            absent.alias("low"),
            absent.alias("high"),
        )
    )
