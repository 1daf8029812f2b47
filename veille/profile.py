"""The facts of each structure that a publication carries for its orientation, by its day."""

from __future__ import annotations

from datetime import date

import polars as pl

from data.lake import Lake
from serving.publication_files import PROFILE_COLUMNS
from veille.publish import latest

#: proceedings, and what ends one
_PROCEEDINGS = ("safeguard", "receivership", "liquidation", "plan", "closure")
#: what a list of grants or a name says of a structure; silence says nothing
_ACI = r"(?i)\baci\b|ateliers?\s+(?:et\s+|/\s*)?chantiers?\s+d.insertion|chantiers?\s+d.insertion"
_SIAE = (
    r"(?i)\bsiae\b|entreprises?\s+d.insertion|associations?\s+interm[ée]diaires?"
    r"|insertion\s+par\s+l.activit[ée]\s+[ée]conomique|r[ée]gies?\s+de\s+quartier"
)
_TEXTS = (("grants", "purpose"), ("grants", "beneficiary_name"), ("structures", "name"))
#: indicators taken as they are
_AS_THEY_ARE = (
    *("grants_eur", "funders_count", "grants_change_1y_ratio", "lost_funders_count"),
    *("overdue_eur", "payment_late_share_ratio", "debt_outstanding_eur", "budget_eur"),
)


def profile(lake: Lake, as_of: date, rows: pl.DataFrame) -> pl.DataFrame:
    """Return `PROFILE_COLUMNS`, one row for each of `rows`, the panel of the day.

    `aci` and `siae` are true where a grant or a name known by the day says so, else unknown.
    `proceedings` is "none" where notices are read and none is current.
    """
    sirens = rows["structure_id"]
    return (
        rows.select(
            pl.col("structure_id").alias("siren"),
            *_AS_THEY_ARE,
            (pl.col("esus") > 0).alias("esus"),
        )
        .join(latest(lake, as_of, sirens, ("legal_category",)), on="siren", how="left")
        .join(_insertion(lake, as_of, sirens), on="siren", how="left")
        .join(_proceedings(lake, as_of, sirens), on="siren", how="left")
        .select(*PROFILE_COLUMNS)
    )


def _insertion(lake: Lake, as_of: date, sirens: pl.Series) -> pl.DataFrame:
    # Each text column alone: its filter runs within the reading of the files.
    told = [
        lake.scan(table)
        .filter((pl.col("known_on") <= as_of) & pl.col(text).str.contains(f"{_ACI}|{_SIAE}"))
        .select("siren", pl.col(text).str.contains(_ACI).alias("aci"))
        .filter(pl.col("siren").is_in(sirens.implode()))
        .collect()
        for table, text in _TEXTS
    ]
    # Only "yes" is ever said: what no text says is not known.
    return (
        pl.concat(told)
        .group_by("siren")
        .agg(pl.col("aci").any())
        .select(
            "siren",
            pl.when("aci").then(pl.lit(value=True)).alias("aci"),
            pl.lit(value=True).alias("siae"),
        )
    )


def _proceedings(lake: Lake, as_of: date, sirens: pl.Series) -> pl.DataFrame:
    known = (
        lake.scan("events")
        .filter((pl.col("known_on") <= as_of) & (pl.col("occurred_on") <= as_of))
        .filter(pl.col("retracted_on").is_null() | (pl.col("retracted_on") > as_of))
    )
    if known.select(pl.len()).collect().item() == 0:
        return pl.DataFrame(schema={"siren": pl.String, "proceedings": pl.String})
    last = (
        known.filter(pl.col("siren").is_in(sirens.implode()) & pl.col("kind").is_in(_PROCEEDINGS))
        .sort("occurred_on", "known_on", "source", "source_row")
        .group_by("siren")
        .agg(pl.col("kind").last())
        .collect()
    )
    kind = pl.when(pl.col("kind") != "closure").then("kind").fill_null("none")
    return (
        pl.DataFrame({"siren": sirens})
        .join(last, on="siren", how="left")
        .select("siren", kind.alias("proceedings"))
    )
