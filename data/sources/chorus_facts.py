"""From judged lines of Chorus to payments: out of which budget, when known."""

from __future__ import annotations

import polars as pl

from data.reference.funders import funder_slug
from data.sources.base import ReadOptions
from data.sources.state_list import FUNDER_ID, FUNDER_NAME

_NAME = "chorus"
_EUROPE = "Union européenne"
_PROGRAMME = r"^0*([1-9]\d{2,3})(?:-|$)"
#: "FSE00-14": European social fund; "FTJ…": just transition fund
_FUND = r"^(FSE|FTJ)"
#: only the names of associations are taken: other suppliers may be natural persons
_ASSOCIATIONS = "Z039"


def facts_of(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Return the lines kept as rows of the table `grants`."""
    fund = pl.col("domain").str.extract(_FUND)
    europe = pl.col("outside_budget") | fund.is_not_null()
    year = pl.col("exercise")
    known_on = (
        pl.when(pl.col("paid_on").is_null())
        .then(pl.date(year, 12, 31))
        .otherwise(pl.max_horizontal("paid_on", pl.date(year, 1, 1)))
    )
    month = pl.coalesce(pl.col("paid_on").dt.strftime("%Y-%m"), year.cast(pl.String))
    return kept.with_columns(europe.alias("europe")).select(
        "siren",
        pl.when(pl.col("branch") == _ASSOCIATIONS).then("supplier").alias("beneficiary_name"),
        pl.when("europe")
        .then(pl.lit(funder_slug(_EUROPE)))
        .otherwise(pl.lit(FUNDER_ID))
        .alias("funder_id"),
        pl.when("europe").then(pl.lit(_EUROPE)).otherwise(pl.lit(FUNDER_NAME)).alias("funder_name"),
        pl.when("europe").then(pl.lit("europe")).otherwise(pl.lit("state")).alias("funder_level"),
        pl.when("europe")
        .then(pl.coalesce(fund, pl.col("domain").str.extract(r"^([^-]+)")))
        .otherwise(pl.col("domain").str.extract(_PROGRAMME))
        .alias("programme"),
        pl.coalesce("activity", "scheme").alias("purpose"),
        pl.col("euros").alias("amount_eur"),
        pl.lit("paid").alias("stage"),
        year.alias("fiscal_year"),
        pl.col("paid_on").alias("decided_on"),
        pl.lit("grant").alias("instrument"),
        # Exports overlap; the same amount paid in another month is another payment.
        pl.concat_str(
            pl.when("europe").then(pl.lit(f"{_NAME}-fehbe-")).otherwise(pl.lit(f"{_NAME}-")), month
        ).alias("dataset"),
        pl.lit(_NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else known_on).alias("known_on"),
    )
