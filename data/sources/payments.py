"""Instalments of grants and their payment, as a cell or a funder keeps them in a plain table.

An instalment is known on the day it is due, its payment on the day it was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.reference.funders import plain
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.openings import open_whole
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.scdl_funders import funders
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.unit_lines import date_rules, first_rules, units

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "payments"
TITLE = "Échéances et versements tenus par une cellule ou un financeur"

COLUMNS: dict[str, tuple[str, ...]] = {
    "siret": ("siret", "siret_beneficiaire"),
    "siren": ("siren", "siren_beneficiaire", "beneficiary_siren"),
    "number": ("payment_id", "id_paiement", "identifiant_paiement", "numero_echeance"),
    "funder": ("financeur", "funder", "siren_financeur", "funder_siren", "funder_id", "payeur"),
    "funder_label": ("nom_financeur", "funder_name"),
    "due": ("date_echeance", "due_on", "due_date", "date_due", "echeance"),
    "paid": ("date_paiement", "paid_on", "payment_date", "paid_date", "date_versement"),
    "amount": ("montant", "amount", "amount_eur", "montant_eur"),
}
_NEEDED = frozenset({"due", "paid", "amount"})
_EXPECTED = (
    "un tableau d'échéances a les colonnes siren (ou siret), financeur, date_echeance, "
    "date_paiement et montant."
)
#: what is written where nothing was paid, once folded
_UNPAID = ("impaye", "impayee", "non paye", "non payee", "non", "en attente", "attente", "unpaid")
_STATE = ("etat", "l etat", "etat francais")
_NO_FUNDER = "financeur absent : ni SIREN, ni nom"
_BAD_FUNDER = "numéro de financeur qui n'est ni un SIREN ni un SIRET valide, sans nom à côté"
_NOTHING = "échéance d'un montant nul"
_TAKEN_BACK = "montant négatif : un reversement n'est pas une échéance due à la structure"
_OTHER = "même identifiant qu'une ligne plus haut, pour une autre échéance"
_DUE_AGAIN = "échéance déjà lue plus haut"
_PAID_AGAIN = "paiement déjà lu plus haut pour la même échéance"


_score = scorer(COLUMNS, _NEEDED, either=("siret", "siren"))


def sniff(sample: Sample) -> int:
    """Tell whether a table holds instalments: a unit, two dates (due, paid) and an amount."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one table of instalments into `payments`.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line an instalment, the day of payment empty where it is
        unpaid.
    options : ReadOptions
        `known_on`: day every line counts as known. `extra`: "funder_siren" and "funder_name", for
        the lines that name no funder.

    Returns
    -------
    Parsed
        Two states an instalment: due, then paid where it is. Without a number, an instalment is its
        structure, funder, day and amount. A second line of an instalment adds its payment, where
        the first one did not tell it.

    Raises
    ------
    SourceError
        The table holds no instalments.
    """
    table = open_whole(path, _score, expected=_EXPECTED)
    at = places(table.header, COLUMNS)
    judged = _judged(named(table, at, COLUMNS), options)
    kept = judged.filter(pl.col("reason").is_null())
    states = [
        _states(kept.filter("first"), "due_on", options, paid=pl.lit(None, dtype=pl.Date)),
        _states(
            kept.filter(pl.col("paid_on").is_not_null()), "paid_on", options, paid=pl.col("paid_on")
        ),
    ]
    return Parsed(
        rows_in=judged.height,
        tables={"payments": pl.concat(states)},
        rejects=rejects_of(judged, table.header, at),
    )


def _payers(lines: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Return `funder_id`, and `funder_problem` where a line tells no funder."""
    read = identifiers.repair(lines["funder"])
    said = lines.select(
        pl.when(read["siren"].is_not_null()).then("funder").alias("funder_id"),
        pl.coalesce(
            "funder_label", pl.when(pl.col("funder").str.contains(r"\p{L}")).then("funder")
        ).alias("funder_name"),
    )
    folded = {name: plain(name) for name in said["funder_name"].drop_nulls().unique()}
    state = said["funder_name"].replace_strict(folded, default=None, return_dtype=pl.String)
    found = funders(said, options, "inconnu")
    silent = said.select(pl.all_horizontal(pl.all().is_null())).to_series() & (
        found["funder_name"].is_null() & found["funder_id"].str.starts_with("slug:")
    )
    return pl.DataFrame(
        {
            "payer": found["funder_id"],
            "of_state": state.is_in(_STATE).fill_null(value=False),
            "silent": silent,
            "numbered": lines["funder"].is_not_null() & silent,
        }
    ).select(
        pl.when("of_state").then(pl.lit("etat")).otherwise("payer").alias("payer"),
        pl.when("numbered")
        .then(pl.lit("invalid_identifier"))
        .when("silent")
        .then(pl.lit("no_identifier"))
        .alias("payer_problem"),
    )


def _judged(lines: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Add `unit`, `payer`, `due_on`, `paid_on`, `euros`, `payment_id` and `first`, and the verdict.

    `first`: the line is the first of its instalment.
    """
    due, amount = parse.dates(lines["due"]), parse.amounts(lines["amount"])
    words = pl.col("paid").str.to_lowercase().str.replace_all("é", "e").str.strip_chars()
    unpaid = words.str.replace_all(r"[\s_-]+", " ").is_in(_UNPAID)
    lines = lines.with_columns(pl.when(~unpaid).then("paid").alias("paid"))
    paid = parse.dates(lines["paid"])
    judged = lines.with_columns(
        *units(lines["siret"], lines["siren"]),
        *_payers(lines, options),
        due["day"].alias("due_on"),
        due["problem"].alias("due_problem"),
        paid["day"].alias("paid_on"),
        (paid["problem"].fill_null("") != "no_date").alias("paid_said"),
        amount["amount"].alias("euros"),
        amount["problem"].alias("amount_problem"),
    )
    payer = pl.col("payer_problem")
    judged = judged.with_columns(
        *verdicts(
            [
                *first_rules("siren"),
                Rule(payer == "no_identifier", "no_identifier", "funder", _NO_FUNDER),
                Rule(payer == "invalid_identifier", "invalid_identifier", "funder", _BAD_FUNDER),
                *date_rules("due_problem", "due", "date d'échéance absente"),
                Rule(pl.col("due_on").is_null(), "bad_date", "due"),
                Rule(pl.col("paid_said") & pl.col("paid_on").is_null(), "bad_date", "paid"),
                Rule(pl.col("amount_problem") == "no_amount", "no_amount", "amount"),
                Rule(pl.col("euros").is_null(), "bad_amount", "amount"),
                Rule(pl.col("euros") == 0, "bad_amount", "amount", _NOTHING),
                Rule(pl.col("euros") < 0, "out_of_scope", "amount", _TAKEN_BACK),
            ]
        )
    )
    instalment = ("unit", "payer", "due_on", "euros")
    judged = judged.with_columns(
        pl.coalesce(
            pl.format(f"{NAME}-{{}}-{{}}", "payer", "number"),
            pl.format(f"{NAME}-{{}}-{{}}-{{}}-{{}}", *instalment),
        ).alias("payment_id")
    )
    judged = further(
        judged, [Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line")]
    )
    same = pl.struct(instalment)
    judged = further(
        judged,
        [Rule(same != same.first().over("payment_id"), "duplicate_line", "number", _OTHER)],
    )
    told = pl.col("paid_on").is_not_null()
    again = told.cast(pl.UInt32).cum_sum().over("payment_id") > 1
    first = pl.col("payment_id").is_first_distinct()
    judged = further(
        judged,
        [
            Rule(~first & ~told, "duplicate_line", "due", _DUE_AGAIN),
            Rule(told & again, "duplicate_line", "paid", _PAID_AGAIN),
        ],
    )
    sound = pl.col("reason").is_null()
    return judged.with_columns((sound & pl.col("payment_id").is_first_distinct()).alias("first"))


def _states(
    lines: pl.DataFrame, known: str, options: ReadOptions, *, paid: pl.Expr
) -> pl.DataFrame:
    return lines.select(
        pl.col("unit").alias("siren"),
        "payment_id",
        pl.col("payer").alias("funder_id"),
        "due_on",
        paid.alias("paid_on"),
        pl.col("euros").alias("amount_eur"),
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else pl.col(known)).alias("known_on"),
    )
