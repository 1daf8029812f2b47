"""Payment indicators: delays, overdue money, what funders publish of their delays."""

from __future__ import annotations

import narwhals as nw
import polars as pl

from features.asof import add_months, to_day
from features.engines.base import Frame
from features.facts import funder_names
from features.frames import PPM, Day, known
from features.indicator import Indicator, capped, count, divided, eur, ratio, total

_c = nw.col
_NONE = "aucun paiement connu : les financeurs de la structure ne communiquent pas leurs dates"
LATE_DAYS = 30  # the legal limit of public invoices; grants have none, it serves as the reference


def states(day: Day) -> Frame:
    """Return the states of instalments due in the last 36 months, with flags by period.

    An instalment is one row when due and one more when paid, so what is overdue is the
    difference of the two sums: a payment unknown at the day cannot lower it, nor one to come.
    """
    edges = {months: to_day(add_months(day.as_of, -months)) for months in (6, 12, 18, 36)}
    today = to_day(day.as_of)
    return (
        known(day.facts.payments, day.as_of)
        .filter((_c("due_day") <= today) & (_c("due_day") > edges[36]))
        .filter(_c("paid_day").is_null() | (_c("paid_day") <= today))
        .with_columns(
            (~_c("paid_day").is_null()).alias("paid"),
            (_c("paid_day") - _c("due_day")).alias("delay"),
        )
        .with_columns(
            (_c("paid") & (_c("paid_day") > edges[12])).alias("recent"),
            (_c("paid") & (_c("paid_day") > edges[6])).alias("last6"),
            (_c("paid") & (_c("paid_day") <= edges[6]) & (_c("paid_day") > edges[18])).alias(
                "before6"
            ),
        )
    )


def delays(day: Day) -> Frame:
    """Return structure × funder with the funder's latest published delay and its drift, days."""
    table = day.facts.engine.collect(known(day.facts.funder_delays, day.as_of))
    latest = (
        table.sort("funder_id", "year", "known_day", "mean_days")
        .unique(["funder_id", "year"], keep="last", maintain_order=True)
        .with_columns(
            pl.col("mean_days").diff().over("funder_id").alias("drift"),
            pl.col("year").diff().over("funder_id").alias("step"),
        )
        .unique("funder_id", keep="last", maintain_order=True)
        .join(funder_names(day.facts), on="funder_id")
        .select(
            "funder",
            (pl.col("mean_days") * 1000).round(0).cast(pl.Int64).alias("delay_md"),
            pl.when(pl.col("step") == 1)
            .then((pl.col("drift") * 1000).round(0).cast(pl.Int64))
            .alias("drift_md"),
        )
    )
    return (
        day.funders.with_columns(nw.max_horizontal("s0", "s1").alias("exposure"))
        .filter(_c("exposure") > 0)
        .with_columns(_c("exposure").sum().over("siren").alias("all"))
        .with_columns(
            (_c("exposure").cast(nw.Float64) * PPM / _c("all").cast(nw.Float64) + 0.5)
            .floor()
            .cast(nw.Int64)
            .alias("weight_ppm")
        )
        .join(day.facts.engine.small(latest), on="funder", how="left")
    )


def _published(column: str) -> nw.Expr:
    seen = ~_c(column).is_null()
    weight = nw.when(seen).then(_c("weight_ppm")).otherwise(nw.lit(0))
    value = nw.when(seen).then(_c(column)).otherwise(nw.lit(0))
    top, bottom = (weight * value).sum().cast(nw.Float64), weight.sum().cast(nw.Float64)
    return nw.when(bottom > 0).then(divided(top / bottom, 1000.0))


def _days(flag: str) -> nw.Expr:
    return total("delay", _c(flag))


INGREDIENTS: dict[str, dict[str, nw.Expr]] = {
    "payment": {
        "_due_cents": total("cents", ~_c("paid")),
        "_paid_cents": total("cents", _c("paid")),
        "_due_n": count(~_c("paid")),
        "_paid_n": count(_c("paid")),
        "_recent_n": count(_c("recent")),
        "_recent_days": _days("recent"),
        "_last6_n": count(_c("last6")),
        "_last6_days": _days("last6"),
        "_before6_n": count(_c("before6")),
        "_before6_days": _days("before6"),
        "_late_n": count(_c("recent") & (_c("delay") > LATE_DAYS)),
    }
}

_overdue = nw.max_horizontal(_c("_due_cents") - _c("_paid_cents"), nw.lit(0))

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "payment_delay_days",
        "payment",
        "panel",
        "days",
        1,
        _NONE,
        "Retard moyen des paiements sur douze mois",
        "Les financeurs paient en moyenne {value} après l'échéance.",
        "un paiement tardif vide la trésorerie",
        ratio(_c("_recent_days"), _c("_recent_n")),
    ),
    Indicator(
        "payment_delay_max_days",
        "payment",
        "payment",
        "days",
        1,
        _NONE,
        "Plus long retard de paiement sur douze mois",
        "Un paiement est arrivé {value} après l'échéance.",
        "un seul gros retard suffit à une rupture de trésorerie",
        nw.when(_c("recent")).then(_c("delay")).max().cast(nw.Float64),
    ),
    Indicator(
        "payment_late_share_ratio",
        "payment",
        "panel",
        "ratio",
        1,
        _NONE,
        "Part des paiements en retard de plus de 30 jours",
        "{value} des paiements reçus depuis un an avaient plus de 30 jours de retard.",
        "retards répétés",
        ratio(_c("_late_n"), _c("_recent_n")),
    ),
    Indicator(
        "payment_delay_drift_days",
        "payment",
        "panel",
        "days",
        1,
        _NONE,
        "Allongement des délais depuis six mois",
        "Les délais de paiement {ont_change} depuis six mois.",
        "la dégradation précède la rupture",
        ratio(_c("_last6_days"), _c("_last6_n")) - ratio(_c("_before6_days"), _c("_before6_n")),
    ),
    Indicator(
        "overdue_eur",
        "payment",
        "panel",
        "eur",
        1,
        _NONE,
        "Subventions échues et impayées",
        "{value} de subventions échues ne sont pas encore payées.",
        "créance publique en attente : cas d'un prêt relais",
        nw.when(_c("_due_n") > 0).then(eur(_overdue)),
    ),
    Indicator(
        "overdue_share_ratio",
        "payment",
        "panel",
        "ratio",
        1,
        _NONE,
        "Impayés rapportés aux subventions de l'année",
        "Les subventions échues et impayées représentent {value} des subventions de l'année.",
        "poids de la créance sur la trésorerie",
        nw.when(_c("_due_n") > 0).then(capped(ratio(_overdue, _c("_s0")), 3.0)),
    ),
    Indicator(
        "overdue_count",
        "payment",
        "panel",
        "count",
        1,
        _NONE,
        "Nombre d'échéances impayées",
        "{value} échéance(s) de subvention restent impayées.",
        "accumulation de retards",
        nw.when(_c("_due_n") > 0).then(
            nw.max_horizontal(_c("_due_n") - _c("_paid_n"), nw.lit(0)).cast(nw.Float64)
        ),
    ),
    Indicator(
        "funder_delay_days",
        "payment",
        "delay",
        "days",
        1,
        "aucun délai publié par les financeurs de la structure",
        "Délai moyen publié par ses financeurs",
        "Ses financeurs publient un délai moyen de paiement de {value}.",
        "ce que le financeur fait à tous",
        _published("delay_md"),
    ),
    Indicator(
        "funder_delay_drift_days",
        "payment",
        "delay",
        "days",
        1,
        "aucun délai publié sur deux années de suite",
        "Évolution du délai publié par ses financeurs",
        "Le délai moyen publié par ses financeurs {a_change} en un an.",
        "un financeur sous contrainte paie plus tard",
        _published("drift_md"),
    ),
)
