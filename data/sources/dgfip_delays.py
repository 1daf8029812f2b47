"""Payment delays of local budgets, as the DGFiP publishes them each year.

The mean delay of a funder's main budget. The delays of year Y count as known on 30 June Y + 1, and
never before 30 June 2024: the first ones were published that spring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data import identifiers
from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.openings import open_whole
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import named, places, scorer

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "dgfip_delays"
TITLE = "Délais de paiement des collectivités (DGFiP)"

COLUMNS: dict[str, tuple[str, ...]] = {
    "year": ("millesime", "annee", "exercice"),
    "siret": ("siret", "siret du budget", "numero siret"),
    "nature": ("nature_budget", "nature du budget"),
    "delay": (
        *("delai_global_paiement_j", "delai_global_de_paiement", "delai global de paiement"),
        *("delai global de paiement (jours)", "delai global de paiement (en jours)", "dgp"),
    ),
}
_EXPECTED = (
    "un fichier de délais a les colonnes millesime, siret, nature_budget et "
    "delai_global_paiement_j."
)
_FIRST_PUBLISHED = 2024
_LONGEST_DAYS = 730
_MAIN = ("bp", "budgetprincipal")
_ANNEX = "budget annexe ou rattaché : le budget principal parle pour le financeur"
_ABSURD = f"délai illisible, négatif ou de plus de {_LONGEST_DAYS} jours"
_DISAGREE = (
    "deux budgets principaux du même financeur ont des délais différents : aucun n'est gardé"
)


_score = scorer(COLUMNS, COLUMNS)


def sniff(sample: Sample) -> int:
    """Tell whether a file holds payment delays by budget: a SIRET, a nature and a delay."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one file of delays into `funder_delays`.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line a budget and a year.
    options : ReadOptions
        `known_on`: day every line counts as known.

    Returns
    -------
    Parsed
        Table `funder_delays`: one fact a funder and a year, from its main budget; the lines of
        other budgets are out of scope.

    Raises
    ------
    SourceError
        The file holds no payment delays by budget.
    """
    table = open_whole(path, _score, expected=_EXPECTED)
    at = places(table.header, COLUMNS)
    judged = _judged(named(table, at, COLUMNS))
    return Parsed(
        rows_in=judged.height,
        tables={"funder_delays": _facts(judged.filter(pl.col("reason").is_null()), options)},
        rejects=rejects_of(judged, table.header, at),
    )


def _judged(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `funder`, `exercise`, `days` and the verdict."""
    ids = identifiers.repair(lines["siret"])
    years = parse.dates(lines["year"])
    nature = pl.col("nature").str.to_lowercase().str.replace_all(r"[^a-z]", "")
    number = pl.col("delay").str.replace(",", ".", literal=True).str.replace_all(r"\s", "")
    days = pl.when(number.str.contains(r"^-?\d{1,6}(?:\.\d+)?$")).then(number)
    problem = pl.col("id_problem")
    judged = lines.with_columns(
        ids["siren"].alias("funder"),
        ids["problem"].alias("id_problem"),
        years["year"].alias("exercise"),
        years["problem"].alias("year_problem"),
        days.cast(pl.Float64).alias("days"),
    ).with_columns(
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(problem == "no_identifier", "no_identifier", "siret"),
                Rule(problem == "damaged_identifier", "damaged_identifier", "siret"),
                Rule(pl.col("funder").is_null(), "invalid_identifier", "siret"),
                Rule(pl.col("year_problem") == "no_date", "no_date", "year"),
                Rule(pl.col("exercise").is_null(), "bad_date", "year"),
                Rule(~nature.is_in(_MAIN), "out_of_scope", "nature", _ANNEX),
                Rule(nature.is_null(), "unreadable", "nature", "nature du budget absente"),
                Rule(parse.is_missing("delay"), "no_amount", "delay", "délai absent"),
                Rule(pl.col("days").is_null(), "bad_amount", "delay", _ABSURD),
                Rule(~pl.col("days").is_between(0, _LONGEST_DAYS), "bad_amount", "delay", _ABSURD),
            ]
        )
    )
    budget = ("funder", "exercise")
    disagree = pl.col("days").n_unique().over(budget) > 1
    return further(
        judged,
        [
            Rule(disagree, "duplicate_line", "delay", _DISAGREE),
            Rule(~pl.struct(budget).is_first_distinct(), "duplicate_line", "delay"),
        ],
    )


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    published = pl.date(pl.max_horizontal(pl.col("exercise") + 1, _FIRST_PUBLISHED), 6, 30)
    return kept.select(
        pl.col("funder").alias("funder_id"),
        pl.col("exercise").alias("year"),
        pl.col("days").alias("mean_days"),
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else published).alias("known_on"),
    )
