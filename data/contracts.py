"""Canonical tables of facts: columns, types, keys and checks, declared once.

Every row says its `source`, its `source_row` (the line a user would find in the file) and
`known_on`, the first day anyone entitled could know it. Nothing downstream may use a fact on a
day before its `known_on`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from data.errors import VeilleError

EUR = pl.Decimal(18, 2)

ESS_FAMILIES = ("association", "cooperative", "mutual", "foundation", "commercial", "other")
FUNDER_LEVELS = (
    "state",
    "region",
    "departement",
    "epci",
    "commune",
    "operator",
    "europe",
    "unknown",
)
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
FAILURE_KINDS = ("safeguard", "receivership", "liquidation", "dissolution", "cessation")


class ContractError(VeilleError):
    """A table breaks its contract."""


@dataclass(frozen=True)
class Column:
    """One column: type, whether null is allowed, closed list of values or pattern, meaning."""

    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    nullable: bool = False
    values: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Table:
    """A canonical table: its name, what one row is, and its columns in order."""

    name: str
    row: str
    columns: dict[str, Column]

    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Return column name -> Polars type, in order."""
        return {name: column.dtype for name, column in self.columns.items()}

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=self.schema())

    def contract(self) -> pa.DataFrameSchema:
        """Return the pandera schema that checks the table."""
        return pa.DataFrameSchema(
            {
                name: pa.Column(
                    column.dtype,
                    nullable=column.nullable,
                    checks=[
                        *([pa.Check.isin(list(column.values))] if column.values else []),
                        *([pa.Check.str_matches(column.pattern)] if column.pattern else []),
                    ],
                )
                for name, column in self.columns.items()
            },
            strict=True,
            ordered=True,
        )


SIREN = r"^\d{9}$"
_PROVENANCE = {
    "source": Column(pl.String, "connector that read the row"),
    "source_row": Column(pl.Int64, "line or record number in the source file, from 1"),
    "known_on": Column(pl.Date, "first day the fact could be known"),
}


def _table(name: str, row: str, columns: dict[str, Column]) -> Table:
    return Table(name, row, {**columns, **_PROVENANCE})


def _siren() -> Column:
    return Column(pl.String, "SIREN of the structure", pattern=SIREN)


_FUNDER = Column(pl.String, "SIREN of the funder, 'etat', or 'slug:<name>'", pattern=r"^\S+$")
_TEXT = Column(pl.String, "free text", nullable=True)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "structures",
            "one state of one legal unit, as known on a day",
            {
                "siren": _siren(),
                "rna": Column(pl.String, "RNA number", nullable=True, pattern=r"^W[0-9A-Z]{9}$"),
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
                "siren": Column(
                    pl.String, "SIREN of the beneficiary", nullable=True, pattern=SIREN
                ),
                "rna": Column(pl.String, "RNA number", nullable=True, pattern=r"^W[0-9A-Z]{9}$"),
                "beneficiary_name": _TEXT,
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
                "siren": _siren(),
                "kind": Column(pl.String, "kind of event", values=EVENT_KINDS),
                "occurred_on": Column(pl.Date, "day of the event"),
            },
        ),
        _table(
            "debts",
            "one state of a social or tax debt for a period",
            {
                "siren": _siren(),
                "creditor": Column(pl.String, "creditor, e.g. urssaf"),
                "period": Column(pl.String, "period of the contributions, e.g. 2024-Q3"),
                "due_eur": Column(EUR, "contributions due"),
                "outstanding_eur": Column(EUR, "still owed"),
                "plan": Column(pl.Boolean, "under a payment plan"),
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
                "siren": _siren(),
                "region": Column(pl.String, "INSEE région code", nullable=True),
                "severity": Column(pl.Int32, "1 to 3"),
                "reason": _TEXT,
                "raised_on": Column(pl.Date, "day of the warning"),
            },
        ),
    )
}


def conform(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return `frame` in the order and types of table `name`, checked.

    Absent nullable columns are filled with null; extra columns are an error.

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
    shaped = frame.select(
        (pl.col(column) if column in frame.columns else pl.lit(None)).cast(spec.dtype).alias(column)
        for column, spec in table.columns.items()
    )
    try:
        table.contract().validate(shaped, lazy=True)
    except SchemaErrors as error:
        first = error.failure_cases.head(5)
        raise ContractError(
            f"Des valeurs de la table « {name} » sortent de son contrat.",
            code="contract-values",
            where=name,
            received=first.to_dicts() if isinstance(first, pl.DataFrame) else first,
            expected="les types, listes et formats de data/contracts.py",
        ) from error
    return shaped
