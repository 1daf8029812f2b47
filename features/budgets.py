"""Budget indicators: what funders and programmes did, weighted by what each structure gets."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import polars as pl

from features.engines.base import Frame
from features.frames import PPM
from features.indicator import Direction, Grain, Indicator, divided

_c = nw.col
_NONE = "aucun budget connu pour les financeurs de la structure"
_NO_PEER = "aucune structure comparable connue"


def _weight() -> nw.Expr:
    """Return a line's share of the structure's amounts, in parts per million."""
    share = _c("exposure").cast(nw.Float64) * PPM / _c("all").cast(nw.Float64)
    return (share + 0.5).floor().cast(nw.Int64)


def _mean(column: str) -> nw.Expr:
    """Return the exposure-weighted mean of a parts-per-million column, null rows left out."""
    seen = ~_c(column).is_null()
    weight = nw.when(seen).then(_c("weight_ppm")).otherwise(nw.lit(0))
    value = nw.when(seen).then(_c(column)).otherwise(nw.lit(0))
    top, bottom = (weight * value).sum().cast(nw.Float64), weight.sum().cast(nw.Float64)
    return nw.when(bottom > 0).then(divided(top / bottom, PPM))


def voted(budgets: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the change voted and the share cancelled by funder and programme ("" = whole).

    The change compares the latest voted year known by `as_of` with the year before it; a
    cancellation counts for that latest year.
    """
    amounts = (
        budgets.filter(pl.col("year") <= as_of.year + 1)
        .with_columns(pl.col("programme").fill_null(""))
        .unique()  # a budget read again, or line by line, says the same amount several times
        .sort("known_day", "cents")  # of two votes known the same day, the larger
        .group_by("funder_id", "programme", "year", "stage", maintain_order=True)
        # cancellations add up, a vote is replaced by the latest
        .agg(pl.col("cents").sum().alias("sum"), pl.col("cents").last().alias("last"))
    )
    voted = amounts.filter(pl.col("stage") == "voted").select(
        "funder_id", "programme", "year", pl.col("last").alias("voted")
    )
    before = voted.select(
        "funder_id", "programme", pl.col("year") + 1, pl.col("voted").alias("before")
    )
    cancelled = amounts.filter(pl.col("stage") == "cancelled").select(
        "funder_id", "programme", "year", pl.col("sum").alias("cancelled")
    )
    key = ["funder_id", "programme", "year"]
    positive = pl.when(pl.col("voted") > 0).then(pl.col("voted"))
    return (
        voted.filter(pl.col("year") == pl.col("year").max().over("funder_id", "programme"))
        .join(before, on=key, how="left")
        .join(cancelled, on=key, how="left")
        .select(
            "funder_id",
            "programme",
            pl.when(pl.col("before") > 0)
            .then((pl.col("voted") - pl.col("before")).cast(pl.Float64) * PPM / pl.col("before"))
            .clip(-PPM, 3 * PPM)
            .round(0)
            .cast(pl.Int64)
            .alias("voted_ppm"),
            (pl.col("cancelled").fill_null(0).cast(pl.Float64) * PPM / positive)
            .clip(0, PPM)
            .round(0)
            .cast(pl.Int64)
            .alias("cancelled_ppm"),
        )
    )


def exposures(programmes: Frame, figures: Frame) -> Frame:
    """Return structure × funder × programme with `weight_ppm` and the figures of both.

    `programmes` is that of a day, `figures` those that all structures share. The weight is the
    structure's amount of the latest slot, or of the one before for lines that have just been lost,
    whichever is larger.
    """
    return (
        programmes.with_columns(nw.max_horizontal("p0", "p1").alias("exposure"))
        .filter(_c("exposure") > 0)
        .with_columns(_c("exposure").sum().over("siren").alias("all"))
        .with_columns(_weight().alias("weight_ppm"))
        .join(figures, on=["funder_id", "programme"], how="left")
    )


def _budget(
    name: str,
    grain: Grain,
    direction: Direction,
    label: str,
    sentence: str,
    why: str,
    expr: nw.Expr,
    missing: str = _NONE,
) -> Indicator:
    return Indicator(
        name,
        "budget",
        grain,
        "ratio",
        direction,
        missing,
        label,
        sentence,
        why,
        expr,
    )


INDICATORS: tuple[Indicator, ...] = (
    _budget(
        "voted_change_ratio",
        "budget",
        -1,
        "Évolution des budgets votés par ses financeurs",
        "Les budgets votés des programmes qui financent la structure {ont_change}.",
        "une coupe votée précède la baisse de la subvention",
        _mean("voted_ppm"),
    ),
    _budget(
        "cancelled_share_ratio",
        "budget",
        1,
        "Part annulée en cours d'année des budgets de ses financeurs",
        "{value} des crédits de ses programmes ont été annulés en cours d'année.",
        "une annulation coupe les décisions à venir",
        _mean("cancelled_ppm"),
    ),
    _budget(
        "programme_change_ratio",
        "budget",
        0,
        "Évolution observée des subventions de ses programmes",
        "Les subventions versées par ses programmes, toutes structures confondues, {ont_change}.",
        "le sort du programme entraîne celui de ses bénéficiaires",
        _mean("programme_change_ppm"),
    ),
    _budget(
        "programme_change_before_ratio",
        "budget",
        0,
        "Évolution de l'année d'avant des subventions de ses programmes",
        "L'année d'avant, les subventions de ses programmes {avaient_change}.",
        "tendance du programme",
        _mean("programme_change_before_ppm"),
    ),
    _budget(
        "programme_loss_rate_ratio",
        "budget",
        1,
        "Part des bénéficiaires de ses programmes qui ont perdu plus de la moitié",
        "{value} des bénéficiaires des mêmes programmes ont perdu plus de la moitié en un an.",
        "pratique de renouvellement du programme",
        _mean("loss_ppm"),
        _NO_PEER,
    ),
    _budget(
        "programme_loss_rate_2y_ratio",
        "budget",
        1,
        "Part des bénéficiaires de ses programmes qui ont perdu plus de la moitié, sur deux ans",
        "Sur deux ans, {value} des bénéficiaires des mêmes programmes ont perdu plus de la moitié.",
        "la même, moins bruitée",
        _mean("loss2_ppm"),
        _NO_PEER,
    ),
    _budget(
        "funder_change_ratio",
        "budget",
        0,
        "Évolution observée des subventions de ses financeurs",
        "Les subventions de ses financeurs, toutes structures confondues, {ont_change}.",
        "une coupe générale du financeur",
        _mean("funder_change_ppm"),
    ),
    _budget(
        "peer_loss_rate_ratio",
        "panel",
        1,
        "Part des structures du même programme et du même objet qui ont perdu plus de la moitié",
        "{value} des structures financées pour le même objet ont perdu plus de la moitié.",
        "le renouvellement dépend de l'objet, pas seulement du programme",
        divided(_c("_peer_loss_ppm"), PPM),
        _NO_PEER,
    ),
)
