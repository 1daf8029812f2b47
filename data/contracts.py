"""Canonical tables of facts: columns, types, keys and checks, declared once.

Every row says its `source`, its `source_row` (the line a user would find in the file) and
`known_on`, the first day anyone entitled could know it. Nothing downstream may use a fact on a
day before its `known_on`.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from data.schema import EUR, Column, ContractError, Table

ESS_FAMILIES = ("association", "cooperative", "mutual", "foundation", "commercial", "other")
FUNDER_LEVELS = (
    "state", "region", "departement", "epci", "commune", "operator", "europe", "unknown",
)  # fmt: skip
GRANT_STAGES = ("awarded", "paid")
INSTRUMENTS = ("grant", "contract", "in_kind", "loan")
BUDGET_STAGES = ("voted", "executed", "cancelled")
EVENT_KINDS = (
    "safeguard",
    "receivership",
    "liquidation",
    "plan",
    "closure",
    "dissolution",
    "cessation",
    "merger",
)
#: how a beneficiary known otherwise than by its SIREN was found
MATCHES = ("rna", "name", "succession")
FAILURE_KINDS = ("safeguard", "receivership", "liquidation", "dissolution", "cessation")


SIREN = r"^\d{9}$"
_PROVENANCE = {
    "source": Column(pl.String, "connector that read the row"),
    "source_row": Column(pl.Int64, "line or record number in the source file, from 1"),
    "known_on": Column(pl.Date, "first day the fact could be known"),
}


def _table(name: str, row: str, columns: dict[str, Column]) -> Table:
    known = ("siren", "rna") if "rna" in columns else ()
    return Table(name, row, {**columns, **_PROVENANCE}, known)


def _siren(*, nullable: bool = False) -> Column:
    return Column(pl.String, "SIREN of the structure", nullable=nullable, pattern=SIREN)


_RNA = Column(pl.String, "RNA number", nullable=True, pattern=r"^W[0-9A-Z]{9}$")


_FUNDER = Column(pl.String, "SIREN of the funder, 'etat', or 'slug:<name>'", pattern=r"^\S+$")
_TEXT = Column(pl.String, "free text", nullable=True)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "structures",
            "one state of one legal unit, as known on a day",
            {
                "siren": _siren(nullable=True),
                "rna": _RNA,
                "name": _TEXT,
                "legal_category": Column(
                    pl.String, "INSEE legal category", nullable=True, pattern=r"^\d{4}$"
                ),
                "ess_family": Column(
                    pl.String, "family of the ESS", nullable=True, values=ESS_FAMILIES
                ),
                "esus": Column(pl.Boolean, "ESUS approval", nullable=True),
                "naf": Column(pl.String, "NAF rev. 2 code, '88.99B'", nullable=True),
                "sector": Column(pl.String, "sector of activity", nullable=True),
                "commune": Column(pl.String, "INSEE commune code or name", nullable=True),
                "departement": Column(
                    pl.String, "département code", nullable=True, pattern=r"^(\d{2,3}|2[AB])$"
                ),
                "region": Column(pl.String, "INSEE région code", nullable=True, pattern=r"^\d{2}$"),
                "employees_band": Column(pl.String, "INSEE staff band", nullable=True),
                "budget_eur": Column(EUR, "yearly budget", nullable=True),
                "created_on": Column(pl.Date, "creation", nullable=True),
                "ceased_on": Column(pl.Date, "administrative cessation", nullable=True),
            },
        ),
        _table(
            "grants",
            "one line of award or payment of public money",
            {
                "siren": _siren(nullable=True),
                "rna": _RNA,
                "beneficiary_name": _TEXT,
                "departement": Column(
                    pl.String,
                    "département of the beneficiary, where the list says it",
                    nullable=True,
                    pattern=r"^(\d{2,3}|2[AB])$",
                ),
                "matched_by": Column(
                    pl.String,
                    "how the SIREN was found where the list does not give it",
                    nullable=True,
                    values=MATCHES,
                ),
                "funder_id": _FUNDER,
                "funder_name": _TEXT,
                "funder_level": Column(pl.String, "level of government", values=FUNDER_LEVELS),
                "programme": Column(pl.String, "State programme or local scheme", nullable=True),
                "purpose": _TEXT,
                "amount_eur": Column(EUR, "amount; negative for a recovery"),
                "stage": Column(pl.String, "awarded or paid", values=GRANT_STAGES),
                "fiscal_year": Column(pl.Int32, "exercise"),
                "decided_on": Column(pl.Date, "day of the decision or convention", nullable=True),
                "period_start_on": Column(pl.Date, "start of the period paid", nullable=True),
                "period_end_on": Column(pl.Date, "end of the period paid", nullable=True),
                "multi_year": Column(pl.Boolean, "multi-year agreement", nullable=True),
                "instrument": Column(pl.String, "kind of support", values=INSTRUMENTS),
                "dataset": Column(pl.String, "published list the line comes from"),
            },
        ),
        _table(
            "payments",
            "one state of one instalment: due (paid_on empty), then paid",
            {
                "siren": _siren(),
                "payment_id": Column(pl.String, "links the due state and the paid state"),
                "funder_id": _FUNDER,
                "due_on": Column(pl.Date, "day the instalment is due"),
                "paid_on": Column(pl.Date, "day it was paid", nullable=True),
                "amount_eur": Column(EUR, "amount"),
            },
        ),
        _table(
            "funder_delays",
            "the published mean payment delay of a funder in a year",
            {
                "funder_id": _FUNDER,
                "year": Column(pl.Int32, "year of the payments"),
                "mean_days": Column(pl.Float64, "mean delay, days"),
            },
        ),
        _table(
            "budgets",
            "one amount of a funder's budget for a programme and a year",
            {
                "funder_id": _FUNDER,
                "programme": Column(
                    pl.String, "programme; empty for the whole budget", nullable=True
                ),
                "year": Column(pl.Int32, "budget year"),
                "stage": Column(pl.String, "voted, executed or cancelled", values=BUDGET_STAGES),
                "amount_eur": Column(EUR, "amount (positive, also when cancelled)"),
            },
        ),
        _table(
            "events",
            "one event in the life of a structure",
            {
                "siren": _siren(nullable=True),
                "rna": _RNA,
                "kind": Column(pl.String, "kind of event", values=EVENT_KINDS),
                "occurred_on": Column(pl.Date, "day of the event"),
                "notice_id": Column(pl.String, "notice that says it, e.g. A2026001", nullable=True),
                "retracted_on": Column(pl.Date, "day a notice took it back", nullable=True),
            },
        ),
        _table(
            "retractions",
            "one published notice that a later one cancels, withdraws or replaces",
            {"notice_id": Column(pl.String, "the notice that no longer holds")},
        ),
        _table(
            "successions",
            "one legal unit that continues another",
            {
                "siren": _siren(),
                "predecessor": Column(pl.String, "SIREN of the unit continued", pattern=SIREN),
                "occurred_on": Column(pl.Date, "day of the succession"),
            },
        ),
        _table(
            "debts",
            "one state of a social or tax debt for a period",
            {
                "siren": _siren(),
                "creditor": Column(pl.String, "creditor, e.g. urssaf"),
                "period": Column(pl.String, "period of the contributions, e.g. 2024-Q3"),
                "debt_id": Column(
                    pl.String,
                    "links the successive states of one debt; empty: one a period",
                    nullable=True,
                ),
                "due_eur": Column(EUR, "contributions due; empty: not said here", nullable=True),
                "outstanding_eur": Column(EUR, "still owed; empty: not said here", nullable=True),
                "plan": Column(pl.Boolean, "under a payment plan; empty: not said", nullable=True),
            },
        ),
        _table(
            "workforce",
            "staff of a structure in one month",
            {
                "siren": _siren(),
                "month_on": Column(pl.Date, "first day of the month"),
                "employees": Column(pl.Float64, "employees in the month"),
            },
        ),
        _table(
            "ratings",
            "one rating of a structure by the Banque de France",
            {
                "siren": _siren(),
                "rating": Column(pl.String, "rating as given, e.g. 4+"),
                "rated_on": Column(pl.Date, "day of the rating"),
            },
        ),
        _table(
            "accounts",
            "one deposit of yearly accounts",
            {
                "siren": _siren(),
                "closed_on": Column(pl.Date, "end of the accounting year"),
                "filed_on": Column(pl.Date, "day of the deposit"),
            },
        ),
        _table(
            "alerts",
            "one warning of a regional cell",
            {
                "siren": _siren(nullable=True),
                "rna": _RNA,
                "region": Column(pl.String, "INSEE région code", nullable=True),
                "severity": Column(pl.Int32, "1 to 3"),
                "reason": _TEXT,
                "raised_on": Column(pl.Date, "day of the warning"),
            },
        ),
    )
}


def conform(frame: pl.DataFrame, name: str, *, identified: bool = True) -> pl.DataFrame:
    """Return `frame` in the order and types of table `name`, checked.

    Absent nullable columns are filled with null; extra columns are an error. With `identified`
    false, rows may lack any identifier of their unit.

    Raises
    ------
    ContractError
        A column is missing, unknown, of another type, or holds a value outside its contract.
    """
    table = TABLES[name]
    unknown = sorted(set(frame.columns) - set(table.columns))
    missing = [
        column
        for column, spec in table.columns.items()
        if column not in frame.columns and not spec.nullable
    ]
    if unknown or missing:
        raise ContractError(
            f"Les colonnes de la table « {name} » ne sont pas celles du contrat.",
            code="contract-columns",
            where=name,
            received=f"en trop : {unknown}, manquantes : {missing}",
            expected=", ".join(table.columns),
        )
    try:
        shaped = frame.select(
            (pl.col(column) if column in frame.columns else pl.lit(None))
            .cast(spec.dtype)
            .alias(column)
            for column, spec in table.columns.items()
        )
    except pl.exceptions.PolarsError as error:
        raise _outside(name, str(error).splitlines()[0]) from error
    faults = (table if identified else replace(table, one_of=())).faults(shaped)
    if faults:
        raise _outside(name, faults)
    return shaped


def _outside(name: str, received: object) -> ContractError:
    return ContractError(
        f"Des valeurs de la table « {name} » sortent de son contrat.",
        code="contract-values",
        where=name,
        received=received,
        expected="les types, listes et formats de data/contracts.py",
    )
