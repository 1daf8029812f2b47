"""Debt indicators: what creditors say is due, owed, and spread over a plan."""

from __future__ import annotations

import narwhals as nw

from features.asof import add_months, to_day
from features.engines.base import Frame
from features.frames import Day, known
from features.indicator import Indicator, count, eur, ratio, total

_c = nw.col
_NO_DEBT = "situation auprès de l'URSSAF non communiquée"
#: below a twentieth of what was due, a period counts as paid
LATE_PART = 20
#: half-years of the memory: each weighs twice the one before, in integers so that sums are exact
HALF_YEARS = 6
_SAID = ("due", "owed", "unpaid")


def debts(day: Day) -> Frame:
    """Return what is due and owed, in the two ways that creditors tell it.

    A line without `debt_id` tells a period whole: what was due, what is owed, on one day. The
    states of the last day known for the structure are those of now; the others are memory, by the
    year in which they were known, over 36 months.

    A line with `debt_id` tells one thing of one debt, until another line of the same debt says
    otherwise; due and owed come in different lines. Of each debt the last state known counts now,
    and the first one (before any payment) is what was not paid in time. Owed now is the sum of all
    debts, however old. Due now is that of twelve months of periods, up to the month before the
    last: the contributions of a month are known the month after. A debt that has told of a plan is
    the plan, not money: what it spreads is told by the debts themselves.

    Columns, by structure: `due_now`, `owed_now`, `due1`, `owed1` (the last year), `due2`, `owed2`
    (the year before), in cents; `due_memory`, `owed_memory` (three years, in cents times what each
    half-year weighs, 32 for the last down to 1); `plan_now` and `late` (a period of the last three
    years was not paid in time), 1 or 0. Null says nothing: it is never a debt of zero.
    """
    return nw.concat([_whole_periods(day), _single_debts(day)], how="vertical")


def _whole_periods(day: Day) -> Frame:
    edges = {months: to_day(add_months(day.as_of, -months)) for months in (12, 24, 36)}
    latest = _c("known_day") == _c("last_day")
    year1 = _c("known_day") > edges[12]
    year2 = (_c("known_day") > edges[24]) & (_c("known_day") <= edges[12])
    due, owed = _c("due_cents"), _c("outstanding_cents")
    weight = _weight("known_day", day)
    return (
        known(day.facts.debts, day.as_of)
        .filter(_c("debt_id").is_null() & (_c("known_day") > edges[36]))
        .with_columns(_c("known_day").max().over("siren").alias("last_day"))
        .select(
            "siren",
            *_amounts(
                due_now=nw.when(latest).then(due),
                owed_now=nw.when(latest).then(owed),
                due1=nw.when(year1).then(due),
                owed1=nw.when(year1).then(owed),
                due2=nw.when(year2).then(due),
                owed2=nw.when(year2).then(owed),
                due_memory=due * weight,
                owed_memory=owed * weight,
                plan_now=nw.when(latest).then(_bit(_c("plan"))),
                late=_bit(owed * LATE_PART > due),
            ),
        )
    )


def _single_debts(day: Day) -> Frame:
    edges = {n: to_day(add_months(day.as_of, -1 - n)) for n in (0, 12, 24, 36)}
    period = _c("period_day")
    recent = period <= edges[0]
    year1 = recent & (period > edges[12])
    year2 = (period > edges[24]) & (period <= edges[12])
    debt = ("siren", "creditor", "debt_id")
    states = (
        known(day.facts.debts, day.as_of)
        .filter(~_c("debt_id").is_null())
        .with_columns(
            (_c("known_day") == _c("known_day").max().over(*debt)).alias("last"),
            (_c("known_day") == _c("known_day").min().over(*debt)).alias("first"),
        )
        .group_by(*debt)
        .agg(
            # two files may tell the same state: the larger one stands
            nw.when(_c("last")).then(_c("due_cents")).max().alias("due"),
            nw.when(_c("last")).then(_c("outstanding_cents")).max().alias("owed"),
            nw.when(_c("first")).then(_c("outstanding_cents")).max().alias("unpaid"),
            nw.when(_c("last")).then(_bit(_c("plan"))).max().alias("plan_now"),
            count(~_c("plan").is_null()).alias("plans"),
            _c("period").max(),
            _c("period_day").max(),
        )
        .with_columns(
            *(nw.when(_c("plans") == 0).then(_c(name)).alias(name) for name in _SAID),
        )
    )
    periods = (
        states.group_by("siren", "creditor", "period", "period_day")
        .agg(
            *(_c(name).sum().alias(f"{name}_sum") for name in _SAID),
            *(count(~_c(name).is_null()).alias(f"{name}_n") for name in _SAID),
            _c("plan_now").max(),
        )
        .with_columns(
            *(nw.when(_c(f"{name}_n") > 0).then(_c(f"{name}_sum")).alias(name) for name in _SAID)
        )
    )
    due, unpaid = _c("due"), _c("unpaid")
    # where what was due is not known, any debt is one
    late = nw.when(due.is_null()).then(_bit(unpaid > 0)).otherwise(_bit(unpaid * LATE_PART > due))
    three_years, weight = recent & (period > edges[36]), _weight("period_day", day, offset=1)
    return periods.select(
        "siren",
        *_amounts(
            due_now=nw.when(year1).then(due),
            owed_now=_c("owed"),
            due1=nw.when(year1).then(due),
            owed1=nw.when(year1).then(unpaid),
            due2=nw.when(year2).then(due),
            owed2=nw.when(year2).then(unpaid),
            due_memory=nw.when(three_years).then(due * weight),
            owed_memory=nw.when(three_years).then(unpaid * weight),
            plan_now=_c("plan_now"),
            late=nw.when(three_years).then(late),
        ),
    )


def _weight(column: str, day: Day, offset: int = 0) -> nw.Expr:
    """Return what a day of the last 36 months weighs: half of what one of six months later does."""
    edges = [to_day(add_months(day.as_of, -6 * k - offset)) for k in range(1, HALF_YEARS)]
    return nw.sum_horizontal(  # 1, then 1, 2, 4, 8 and 16 more
        nw.lit(1),
        *(
            nw.when(_c(column) > edge).then(nw.lit(2**k)).otherwise(nw.lit(0))
            for k, edge in enumerate(reversed(edges))
        ),
    )


def _amounts(**columns: nw.Expr) -> list[nw.Expr]:
    return [expr.cast(nw.Int64).alias(name) for name, expr in columns.items()]


def _bit(condition: nw.Expr) -> nw.Expr:
    """Return 1, 0 or null for a condition that may be unknown."""
    return nw.when(condition).then(nw.lit(1)).when(~condition).then(nw.lit(0))


def _sum(column: str) -> nw.Expr:
    return total(column, ~_c(column).is_null())


def _said(column: str) -> nw.Expr:
    return count(~_c(column).is_null())


INGREDIENTS: dict[str, dict[str, nw.Expr]] = {
    "debt": {
        **{
            f"_debt_{name}": _sum(name)
            for name in (
                *("due_now", "owed_now", "due1", "owed1", "due2", "owed2"),
                *("due_memory", "owed_memory", "late"),
            )
        },
        **{
            f"_debt_{name}_n": _said(name)
            for name in ("owed_now", "owed1", "owed2", "owed_memory", "late")
        },
    },
}


def _where_told(column: str, value: nw.Expr) -> nw.Expr:
    """Return `value` where some line told `column`: nothing told is not zero."""
    return nw.when(_c(f"_debt_{column}_n") > 0).then(value)


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
        _where_told("owed_now", ratio(_c("_debt_owed_now"), _c("_debt_due_now"))),
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
        _where_told("owed_now", eur(_c("_debt_owed_now"))),
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
        _c("plan_now").max().cast(nw.Float64),
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
        _where_told("owed1", ratio(_c("_debt_owed1"), _c("_debt_due1"))),
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
        _where_told("owed2", ratio(_c("_debt_owed2"), _c("_debt_due2"))),
    ),
    Indicator(
        "debt_memory_ratio",
        "debt",
        "panel",
        "ratio",
        1,
        _NO_DEBT,
        "Dettes sociales rapportées aux cotisations, sur trois ans, les récentes pesant davantage",
        "Depuis trois ans, chaque semestre comptant deux fois plus que celui d'avant, {value} des "
        "cotisations dues sont restées impayées à l'échéance.",
        "une difficulté s'efface peu à peu, et non au bout d'un an",
        _where_told("owed_memory", ratio(_c("_debt_owed_memory"), _c("_debt_due_memory"))),
    ),
    Indicator(
        "debt_periods_count",
        "debt",
        "panel",
        "count",
        1,
        _NO_DEBT,
        "Périodes avec cotisations impayées depuis trois ans",
        "{value} période(s) de cotisations restées impayées depuis trois ans.",
        "répétition des incidents",
        _where_told("late", _c("_debt_late").cast(nw.Float64)),
    ),
)
