"""Debt, account and alert indicators: what creditors, deposits and regional cells say."""

from __future__ import annotations

import narwhals as nw

from features.asof import add_months, to_day
from features.engines.base import Frame
from features.frames import Day, known
from features.indicator import Indicator, count, eur, in_months, ratio, total

_c = nw.col
_NO_DEBT = "situation auprès de l'URSSAF non communiquée"
_NO_ACCOUNT = "aucun compte déposé (obligatoire au-delà de 153 000 € de subventions et dons)"
#: legal nine months after the end of the year, with three of tolerance
DEPOSIT_MONTHS = 12


def debts(day: Day) -> Frame:
    """Return the debt states known over 36 months, with flags by recency.

    `latest` marks the states of the last day known for the structure.
    """
    edges = {months: to_day(add_months(day.as_of, -months)) for months in (12, 24, 36)}
    seen = known(day.facts.debts, day.as_of).filter(_c("known_day") > edges[36])
    return seen.with_columns(
        (_c("known_day") == _c("known_day").max().over("siren")).alias("latest"),
        (_c("known_day") > edges[12]).alias("year1"),
        ((_c("known_day") > edges[24]) & (_c("known_day") <= edges[12])).alias("year2"),
        (_c("outstanding_cents") * 20 > _c("due_cents")).alias("owed"),
    )


def accounts(day: Day) -> Frame:
    """Return the deposits of accounts known, with their delay after the end of the year."""
    edge = to_day(add_months(day.as_of, -36))
    return known(day.facts.accounts, day.as_of).with_columns(
        (_c("filed_day") - _c("closed_day")).alias("delay"),
        (_c("closed_day") > edge).alias("recent"),
        (_c("closed_day") == _c("closed_day").max().over("siren")).alias("latest"),
    )


def alerts(day: Day) -> Frame:
    """Return the warnings known, with flags by recency."""
    edges = {months: to_day(add_months(day.as_of, -months)) for months in (12, 36)}
    return known(day.facts.alerts, day.as_of).with_columns(
        (_c("raised_day") > edges[12]).alias("year1"),
        (_c("raised_day") > edges[36]).alias("year3"),
    )


INGREDIENTS: dict[str, dict[str, nw.Expr]] = {
    "debt": {
        "_debt_due": total("due_cents", _c("latest")),
        "_debt_outstanding": total("outstanding_cents", _c("latest")),
        "_debt_due1": total("due_cents", _c("year1")),
        "_debt_owed1": total("outstanding_cents", _c("year1")),
        "_debt_due2": total("due_cents", _c("year2")),
        "_debt_owed2": total("outstanding_cents", _c("year2")),
    },
    "account": {
        "_deposits": count(~_c("closed_day").is_null()),
        "_closed_day": _c("closed_day").max(),
        "_deposit_days": total("delay", _c("recent")),
        "_deposit_n": count(_c("recent")),
    },
    "alert": {"_alert_day": _c("raised_day").max()},
}

INDICATORS: tuple[Indicator, ...] = (
    Indicator(
        "debt_ratio",
        "debt",
        "panel",
        "ratio",
        1,
        _NO_DEBT,
        "Dettes sociales rapportées aux cotisations dues",
        "Les cotisations impayées représentent {value} des cotisations dues.",
        "la dette sociale est le premier signe d'une trésorerie vide",
        ratio(_c("_debt_outstanding"), _c("_debt_due")),
    ),
    Indicator(
        "debt_outstanding_eur",
        "debt",
        "panel",
        "eur",
        1,
        _NO_DEBT,
        "Dettes sociales",
        "La structure doit {value} de cotisations.",
        "montant à couvrir par un plan",
        eur(_c("_debt_outstanding")),
    ),
    Indicator(
        "debt_plan",
        "debt",
        "debt",
        "flag",
        0,
        _NO_DEBT,
        "Plan d'apurement en cours",
        "Un plan d'apurement des dettes sociales est en cours.",
        "un plan signale une difficulté déjà prise en charge",
        nw.when(_c("plan") & _c("latest")).then(nw.lit(1.0)).otherwise(nw.lit(0.0)).max(),
    ),
    Indicator(
        "debt_year_ratio",
        "debt",
        "panel",
        "ratio",
        1,
        _NO_DEBT,
        "Dettes sociales rapportées aux cotisations, sur douze mois",
        "Sur douze mois, {value} des cotisations dues sont restées impayées à l'échéance.",
        "une dette qui dure compte plus qu'un incident",
        ratio(_c("_debt_owed1"), _c("_debt_due1")),
    ),
    Indicator(
        "debt_year_before_ratio",
        "debt",
        "panel",
        "ratio",
        1,
        _NO_DEBT,
        "Dettes sociales rapportées aux cotisations, l'année d'avant",
        "L'année d'avant, {value} des cotisations dues étaient restées impayées à l'échéance.",
        "mémoire des difficultés passées",
        ratio(_c("_debt_owed2"), _c("_debt_due2")),
    ),
    Indicator(
        "debt_periods_count",
        "debt",
        "debt",
        "count",
        1,
        _NO_DEBT,
        "Périodes avec cotisations impayées depuis trois ans",
        "{value} période(s) de cotisations restées impayées depuis trois ans.",
        "répétition des incidents",
        count(_c("owed")).cast(nw.Float64),
    ),
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
        "accounts_missing",
        "account",
        "panel",
        "flag",
        1,
        _NO_ACCOUNT,
        "Dépôt de comptes interrompu",
        "La structure déposait ses comptes et le dernier dépôt attendu manque.",
        "idem, après deux dépôts au moins",
        nw.when(_c("_deposits") >= 2).then(
            nw.when(_c("_as_of_day") - _c("_closed_day") > 365 + DEPOSIT_MONTHS * 30)
            .then(nw.lit(1.0))
            .otherwise(nw.lit(0.0))
        ),
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
        "alerts_count",
        "alert",
        "alert",
        "count",
        1,
        "aucun signalement reçu depuis un an",
        "Signalements des cellules régionales depuis un an",
        "{value} signalement(s) d'une cellule régionale depuis un an.",
        "ce que le terrain voit avant les chiffres",
        count(_c("year1")).cast(nw.Float64),
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
        "aucun signalement reçu depuis un an",
        "Gravité du signalement le plus grave",
        "Le signalement le plus grave est de niveau {value} sur 3.",
        "gravité vue par le terrain",
        nw.when(_c("year1")).then(_c("severity")).max().cast(nw.Float64),
    ),
)
