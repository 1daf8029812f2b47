"""Account and alert indicators: what deposits of accounts and regional cells say."""

from __future__ import annotations

import narwhals as nw

from features.asof import add_months, to_day
from features.engines.base import Frame
from features.frames import Day, known
from features.indicator import Indicator, count, in_months, ratio, total

_c = nw.col
_NO_ACCOUNT = "aucun compte déposé (obligatoire au-delà de 153 000 € de subventions et dons)"


def accounts(day: Day) -> Frame:
    """Return the accounts known to be deposited, with their delay after the end of the year.

    Accounts published again (a correction, another file) were deposited the first time. Of what is
    announced ahead (a year that ends later), nothing is seen: windows end on the day.
    """
    edge = to_day(add_months(day.as_of, -36))
    return (
        known(day.facts.accounts, day.as_of)
        .filter(_c("closed_day") <= to_day(day.as_of))
        .group_by("siren", "closed_day")
        .agg(_c("filed_day").min())
        .with_columns(
            (_c("filed_day") - _c("closed_day")).alias("delay"),
            (_c("closed_day") > edge).alias("recent"),
            (_c("closed_day") == _c("closed_day").max().over("siren")).alias("latest"),
        )
    )


def alerts(day: Day) -> Frame:
    """Return the warnings known, each once: whether of the last three years, whether the last."""
    edge = to_day(add_months(day.as_of, -36))
    return (
        known(day.facts.alerts, day.as_of)
        .filter(_c("raised_day") <= to_day(day.as_of))
        .select("siren", "severity", "raised_day")
        .unique()
        .with_columns(
            (_c("raised_day") > edge).alias("year3"),
            (_c("raised_day") == _c("raised_day").max().over("siren")).alias("latest"),
        )
    )


INGREDIENTS: dict[str, dict[str, nw.Expr]] = {
    "account": {
        "_closed_day": _c("closed_day").max(),
        "_deposit_days": total("delay", _c("recent")),
        "_deposit_n": count(_c("recent")),
    },
    "alert": {"_alert_day": _c("raised_day").max()},
}

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "months_since_accounts",
        "account",
        "panel",
        "months",
        1,
        _NO_ACCOUNT,
        "Mois depuis la clôture des derniers comptes déposés",
        "Les derniers comptes déposés datent de {value}.",
        "un dépôt qui s'arrête est un signal gratuit et daté",
        in_months(_c("_as_of_day") - _c("_closed_day")),
    ),
    Indicator(
        "deposit_delay_days",
        "account",
        "account",
        "days",
        1,
        _NO_ACCOUNT,
        "Délai du dernier dépôt de comptes",
        "Les derniers comptes ont été déposés {value} après la clôture.",
        "un dépôt tardif accompagne souvent une difficulté",
        nw.when(_c("latest")).then(_c("delay")).max().cast(nw.Float64),
    ),
    Indicator(
        "deposit_delay_mean_days",
        "account",
        "panel",
        "days",
        1,
        _NO_ACCOUNT,
        "Délai moyen de dépôt des comptes sur trois ans",
        "Depuis trois ans, les comptes sont déposés en moyenne {value} après la clôture.",
        "la même, moins bruitée",
        ratio(_c("_deposit_days"), _c("_deposit_n")),
    ),
    Indicator(
        "alerts_three_years_count",
        "alert",
        "alert",
        "count",
        1,
        "aucun signalement connu",
        "Signalements des cellules régionales depuis trois ans",
        "{value} signalement(s) d'une cellule régionale depuis trois ans.",
        "mémoire du terrain",
        count(_c("year3")).cast(nw.Float64),
    ),
    Indicator(
        "months_since_alert",
        "alert",
        "panel",
        "months",
        -1,
        "aucun signalement connu",
        "Mois depuis le dernier signalement",
        "Le dernier signalement date de {value}.",
        "un signalement récent pèse davantage",
        in_months(_c("_as_of_day") - _c("_alert_day")),
    ),
    Indicator(
        "alert_severity",
        "alert",
        "alert",
        "level",
        1,
        "aucun signalement connu",
        "Gravité du dernier signalement",
        "Le dernier signalement est de gravité {value} sur 3.",
        "ce que la cellule régionale a jugé sur place",
        # of several on one day, the gravest
        nw.when(_c("latest")).then(_c("severity")).max().cast(nw.Float64),
    ),
)
