"""Debt, account and alert indicators: what creditors, deposits and regional cells say."""

from __future__ import annotations

import narwhals as nw

from features.asof import add_months, to_day
from features.engines.base import Frame
from features.frames import Day, known
from features.indicator import Indicator, count, eur, ratio

_c = nw.col
_NO_DEBT = "situation auprès de l'URSSAF non communiquée"
_NO_ACCOUNT = "aucun compte déposé (obligatoire au-delà de 153 000 € de subventions et dons)"
#: legal nine months after the end of the year, with three of tolerance
DEPOSIT_MONTHS = 12


def debts(day: Day) -> Frame:
    """Return the debt states of the latest day known for each structure."""
    frame = known(day.facts.debts, day.as_of)
    return frame.filter(_c("known_day") == _c("known_day").max().over("siren"))


def accounts(day: Day) -> Frame:
    """Return the deposits of accounts known."""
    return known(day.facts.accounts, day.as_of)


def alerts(day: Day) -> Frame:
    """Return the warnings known and raised in the last 12 months."""
    start = to_day(add_months(day.as_of, -12))
    return known(day.facts.alerts, day.as_of).filter(_c("raised_day") > start)


INGREDIENTS: dict[str, dict[str, nw.Expr]] = {
    "debt": {
        "_debt_due": _c("due_cents").sum(),
        "_debt_outstanding": _c("outstanding_cents").sum(),
    },
    "account": {
        "_deposits": count(~_c("closed_day").is_null()),
        "_closed_day": _c("closed_day").max(),
    },
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
        nw.when(_c("plan")).then(nw.lit(1.0)).otherwise(nw.lit(0.0)).max(),
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
        (_c("_as_of_day") - _c("_closed_day")) / 30.4375,
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
        "alerts_count",
        "alert",
        "alert",
        "count",
        1,
        "aucun signalement reçu depuis un an",
        "Signalements des cellules régionales depuis un an",
        "{value} signalement(s) d'une cellule régionale depuis un an.",
        "ce que le terrain voit avant les chiffres",
        count(~_c("severity").is_null()).cast(nw.Float64),
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
        _c("severity").max().cast(nw.Float64),
    ),
)
