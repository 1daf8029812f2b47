"""Payment plans asked from the commission of heads of financial services (CCSF), as the URSSAF
knows them: one line a stage.

A stage is known on its day of treatment. Approval starts a plan; a request, a refusal and the end
say that there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.openings import open_whole
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.unit_lines import date_rules, first_rules, passed, units
from data.sources.urssaf_codes import CREDITOR, coded_days

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "urssaf_ccsf"
TITLE = "URSSAF : plans de la commission des chefs de services financiers (CCSF)"

COLUMNS: dict[str, tuple[str, ...]] = {
    "siret": ("siret",),
    "account": ("compte", "num_cpte", "numero de compte"),
    "day": ("date_de_traitement",),
    "stage": ("code_externe_stade", "code externe du stade"),
    "action": ("code_externe_action", "code externe de l'action"),
}
_NEEDED = frozenset({"siret", "day", "stage"})
_SIGNATURE = ("siret", "date_de_traitement", "code_externe_stade")
_EXPECTED = (
    "un fichier CCSF a les colonnes Siret, Compte, Date_de_traitement et Code_externe_stade."
)
#: stage -> (order within a day, whether a plan stands)
STAGES: dict[str, tuple[int, bool]] = {
    "DEBUT": (0, False),
    "REFUS": (1, False),
    "REJ": (1, False),
    "APPROB": (2, True),
    "FIN": (3, False),
}
_ACTION = "CCSF"
_UNKNOWN = "stade inconnu d'une demande à la CCSF"
_OTHER_ACTION = "autre action qu'une demande à la CCSF"
_PASSED = "stade dépassé par un autre, connu le même jour, de la même demande"


_score = scorer(COLUMNS, _NEEDED)


def sniff(sample: Sample) -> int:
    """Tell whether a file is an extract of CCSF stages: its columns are those of no other."""
    return CERTAIN if sample.has(*_SIGNATURE) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one extract of CCSF stages into `debts`.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line a stage.
    options : ReadOptions
        `known_on`: day every line counts as known; the last stage of each account alone is then
        kept.

    Returns
    -------
    Parsed
        `plan` says whether a plan stands; both amounts are empty. One `debt_id` an account.

    Raises
    ------
    SourceError
        The file is not an extract of CCSF stages.
    """
    table = open_whole(path, _score, expected=_EXPECTED)
    at = places(table.header, COLUMNS)
    judged = _judged(named(table, at, COLUMNS), options)
    return Parsed(
        rows_in=judged.height,
        tables={"debts": _facts(judged.filter(pl.col("reason").is_null()))},
        rejects=rejects_of(judged, table.header, at),
    )


def _judged(lines: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    """Add `unit`, `debt_id`, `treated`, `known`, `rank` and `plan`, and the verdict."""
    day = coded_days(lines["day"])
    said = pl.col("stage").str.strip_chars().str.to_uppercase()
    action = pl.col("action").str.strip_chars().str.to_uppercase()
    judged = lines.with_columns(
        *units(lines["siret"]),
        day["day"].alias("treated"),
        day["problem"].alias("day_problem"),
        (pl.lit(options.known_on) if options.known_on else day["day"]).alias("known"),
        said.replace_strict(
            {stage: rank for stage, (rank, _) in STAGES.items()},
            default=None,
            return_dtype=pl.Int8,
        ).alias("rank"),
        said.replace_strict(
            {stage: plan for stage, (_, plan) in STAGES.items()},
            default=None,
            return_dtype=pl.Boolean,
        ).alias("plan"),
        pl.format("ccsf-{}", pl.coalesce("account", "siret")).alias("debt_id"),
    ).with_columns(
        *verdicts(
            [
                *first_rules(),
                *date_rules("day_problem", "day", "date de traitement absente"),
                Rule(action != _ACTION, "out_of_scope", "action", _OTHER_ACTION),
                Rule(pl.col("rank").is_null(), "out_of_scope", "stage", _UNKNOWN),
            ]
        )
    )
    judged = further(
        judged, [Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line")]
    )
    before = passed(judged, ("unit", "debt_id", "known"), ("treated", "rank", "source_row"))
    return further(judged, [Rule(before, "duplicate_line", "stage", _PASSED)])


def _facts(kept: pl.DataFrame) -> pl.DataFrame:
    return kept.select(
        pl.col("unit").alias("siren"),
        pl.lit(CREDITOR).alias("creditor"),
        pl.col("treated").dt.strftime("%Y-%m").alias("period"),
        "debt_id",
        "plan",
        pl.lit(NAME).alias("source"),
        "source_row",
        pl.col("known").alias("known_on"),
    )
