"""Exposure to announced cuts: voted budgets that fall, credits cancelled during the year."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from serving.cell.brief.signs import CANCELLED, VOTED
from serving.publication import Publication
from serving.publication_files import HISTORY


@dataclass(frozen=True)
class Exposure:
    """Structures whose funders announced a cut.

    `known` of `structures` have a budget known; `exposed` have a cut in it. `funded_eur` is the
    public funding of the latest known year of the exposed, `priced` of them; `at_stake_eur` is the
    share of it that the cut would take, were it spread evenly.
    """

    structures: int
    known: int
    exposed: int
    priced: int
    funded_eur: float
    at_stake_eur: float


def exposure(publication: Publication, found: pl.DataFrame) -> Exposure:
    """Return the exposure of the structures of `signs`.

    Example: 10,000 € known in 2025, a voted budget at -20 % and 10 % of it cancelled:
    1 - 0.8 * 0.9 = 28 % of it, 2,800 € at stake.
    """
    kept = (1 + pl.col(VOTED).fill_null(0).clip(-1, 0)) * (
        1 - pl.col(CANCELLED).fill_null(0).clip(0, 1)
    )
    told = pl.col(VOTED).is_not_null() | pl.col(CANCELLED).is_not_null()
    cut = found.filter(told).select("siren", (1 - kept).alias("cut")).filter(pl.col("cut") > 0)
    priced = cut.join(_latest_year(publication, cut), on="siren", how="inner")
    at_stake = (priced["cut"] * priced["eur"]).sum()
    return Exposure(
        structures=found.height,
        known=found.filter(told).height,
        exposed=cut.height,
        priced=priced.height,
        funded_eur=float(priced["eur"].sum()),
        at_stake_eur=float(at_stake),
    )


def _latest_year(publication: Publication, among: pl.DataFrame) -> pl.DataFrame:
    # What is already decided for a year to come is not yet a year to compare with.
    last = publication.manifest.as_of.year
    return (
        pl.scan_parquet(publication.folder / HISTORY)
        .filter(pl.col("fiscal_year") <= last)
        .select("siren", "fiscal_year", "amount_eur")
        .collect()
        .join(among.select("siren"), on="siren", how="semi")
        .filter(pl.col("fiscal_year") == pl.col("fiscal_year").max().over("siren"))
        .group_by("siren", maintain_order=True)
        .agg(pl.col("amount_eur").sum().alias("eur"))
        .filter(pl.col("eur") > 0)
    )
