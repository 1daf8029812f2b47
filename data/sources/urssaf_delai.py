"""Payment plans granted by the URSSAF on its own (sursis à poursuites), one line a plan.

A plan is known on the day it is granted, and no longer stands the day after its last instalment:
a line gives both states. Its amount spreads debts that the extract of debts tells already, so it is
no debt of its own. The stage written on the line is that of the day of the extract, without a date:
it only serves to leave out requests that were refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.schema import EUR
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.openings import open_whole
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.unit_lines import date_rules, first_rules, units
from data.sources.urssaf_codes import CREDITOR

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "urssaf_delai"
TITLE = "URSSAF : délais de paiement accordés"

COLUMNS: dict[str, tuple[str, ...]] = {
    "siret": ("siret",),
    "account": ("numero_compte_externe", "compte", "num_cpte"),
    "file": ("numero_structure", "numero de structure"),
    "granted": ("date_creation", "date de creation"),
    "ends": ("date_echeance", "date d'echeance"),
    "amount": ("montant_global_echeancier", "montant global de l'echeancier"),
    "stage": ("code_externe_stade", "code externe du stade"),
}
_NEEDED = frozenset({"siret", "granted", "ends", "amount"})
_SIGNATURE = ("siret", "date_creation", "date_echeance", "montant_global_echeancier")
_EXPECTED = (
    "un fichier de délais a les colonnes Siret, Numero_compte_externe, Date_creation, "
    "Date_echeance et Montant_global_echeancier."
)
_REFUSED = r"(?i)^\s*(?:refus|rej)"
_NOT_GRANTED = "délai refusé : aucun plan n'a existé"
_BACKWARDS = "échéance antérieure à la création du délai"
_NOT_POSITIVE = "un échéancier étale un montant positif"


_score = scorer(COLUMNS, _NEEDED)


def sniff(sample: Sample) -> int:
    """Tell whether a file is an extract of payment plans: its columns are those of no other."""
    return CERTAIN if sample.has(*_SIGNATURE) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one extract of payment plans into `debts`.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line a plan, dates dd/mm/yyyy, amounts in euros.
    options : ReadOptions
        `known_on`: day every line counts as known; a plan over by then is told as such alone.

    Returns
    -------
    Parsed
        One `debt_id` a plan: a state with `plan` true and its amount as `outstanding_eur`, then one
        with `plan` false.

    Raises
    ------
    SourceError
        The file is not an extract of payment plans.
    """
    table = open_whole(path, _score, expected=_EXPECTED)
    at = places(table.header, COLUMNS)
    judged = _judged(named(table, at, COLUMNS))
    return Parsed(
        rows_in=judged.height,
        tables={"debts": _facts(judged.filter(pl.col("reason").is_null()), options)},
        rejects=rejects_of(judged, table.header, at),
    )


def _judged(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `unit`, `granted_on`, `ends_on` and `euros`, and the verdict."""
    granted, ends = parse.dates(lines["granted"]), parse.dates(lines["ends"])
    amount = parse.amounts(lines["amount"])
    judged = lines.with_columns(
        *units(lines["siret"]),
        granted["day"].alias("granted_on"),
        granted["problem"].alias("granted_problem"),
        ends["day"].alias("ends_on"),
        ends["problem"].alias("ends_problem"),
        amount["amount"].alias("euros"),
        amount["problem"].alias("amount_problem"),
    ).with_columns(
        *verdicts(
            [
                *first_rules(),
                *date_rules("granted_problem", "granted", "date de création absente"),
                Rule(pl.col("granted_on").is_null(), "bad_date", "granted"),
                *date_rules("ends_problem", "ends", "date d'échéance absente"),
                Rule(pl.col("ends_on").is_null(), "bad_date", "ends"),
                Rule(pl.col("ends_on") < pl.col("granted_on"), "bad_date", "ends", _BACKWARDS),
                Rule(pl.col("stage").str.contains(_REFUSED), "out_of_scope", "stage", _NOT_GRANTED),
                Rule(pl.col("amount_problem") == "no_amount", "no_amount", "amount"),
                Rule(pl.col("euros").is_null(), "bad_amount", "amount"),
                Rule(pl.col("euros") <= 0, "bad_amount", "amount", _NOT_POSITIVE),
            ]
        )
    )
    return further(
        judged, [Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line")]
    )


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    over = pl.col("ends_on").dt.offset_by("1d")
    said = pl.lit(options.known_on, dtype=pl.Date)
    plans = kept.select(
        pl.col("unit").alias("siren"),
        pl.lit(CREDITOR).alias("creditor"),
        pl.col("granted_on").dt.strftime("%Y-%m").alias("period"),
        pl.format("plan-{}-{}", pl.coalesce("file", "account", "siret"), "granted_on").alias(
            "debt_id"
        ),
        pl.col("euros").alias("outstanding_eur"),
        pl.lit(NAME).alias("source"),
        "source_row",
        pl.coalesce(said, "granted_on").alias("granted_known"),
        pl.max_horizontal(said, over).alias("over_known"),
    )
    # A plan that was over on the day everything counts as known is told by its end alone.
    standing = plans.filter(pl.col("granted_known") < pl.col("over_known")).select(
        pl.exclude("granted_known", "over_known"),
        pl.lit(value=True).alias("plan"),
        pl.col("granted_known").alias("known_on"),
    )
    ended = plans.select(
        pl.exclude("granted_known", "over_known", "outstanding_eur"),
        pl.lit(None, dtype=EUR).alias("outstanding_eur"),
        pl.lit(value=False).alias("plan"),
        pl.col("over_known").alias("known_on"),
    )
    return pl.concat([standing, ended.select(standing.columns)])
