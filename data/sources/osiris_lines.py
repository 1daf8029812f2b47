"""Lines of an Osiris export: which follow-up they are of, and which are grants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

import polars as pl

from data.identifiers import repair
from data.sources.rules import Rule, further, verdicts
from data.sources.spellings import cells_of, places
from data.sources.state_exports import (
    amounts,
    beneficiaries,
    dates,
    long_before,
    unidentified,
    unpriced,
    without_marks,
)
from data.sources.text import fold

Grain = Literal["dossier", "action", "evaluation"]

COLUMNS: dict[str, tuple[str, ...]] = {
    "number": ("N° Dossier Osiris", "Numero Action Osiris"),
    "status": ("Etat Dossier",),
    "siret": ("N° Siret",),
    "rna": ("N° RNA",),
    "type": ("N° programme / Type financement",),
    "subtype": ("Sous-Type financement",),
    "purpose": ("Intitulé",),
    "day": ("Date Commission",),
    "budget": ("Exercice Budgétaire",),
    "begins": ("Exercice Début",),
    "ends": ("Exercice Fin",),
    "plural": ("Pluriannualité", "Pluriannuel"),
    "granted": ("Accordé",),
    "realised": ("Réalisé",),
}
_DOSSIER = {"dossier": ("N° Dossier Osiris",)}
_NEEDED = frozenset({"number", "status", "granted"})
#: states of a dossier whose grant is decided; all the others are refused, withdrawn or pending
_AWARDED = frozenset({"traitementsirepa", "traitementchorus", "termine", "aevaluer"})
_PLURAL = {"pluriannuel": True, "oui": True, "annuel": False, "non": False}
#: what the software writes for a number or a day that nobody filled in
_NO_RNA = r"^W0+$"
_NO_DAY = date(1970, 1, 1)
#: a RIDET of New Caledonia made as long as a SIRET
_OVERSEAS = r"^9900\d{10}$"

_RIDET = "numéro RIDET complété en 9900… : rien ne le distingue d'un SIRET"
_ACTION = (
    "action d'un dossier : son montant est compté dans l'export SuiviDossiers "
    "(option grain=action pour compter les actions)"
)
_IN_ACTIONS = "dossier dont les actions sont comptées (option grain=action)"
_EVALUATION = "évaluation d'une action déjà accordée : ni date ni exercice"
_NOT_AWARDED = "le dossier n'est pas accordé"
_NOTHING = "aucun euro n'est accordé ni payé"
_NO_NUMBER = "numéro absent : rien ne dit si la ligne est déjà comptée"
_EARLY = "commission antérieure de plus d'un an à l'exercice"
_AGAIN = "dossier ou action déjà lu dans ce fichier, pour le même exercice"
_DISAGREE = "le même dossier ou la même action y est avec d'autres valeurs"


def grain_of(header: Sequence[str]) -> Grain | None:
    """Return what a line of an export is, None where the header is not one of Osiris."""
    at = places(header, COLUMNS)
    if not (at.keys() >= _NEEDED and at.keys() & {"siret", "rna"}):
        return None
    if places(header, _DOSSIER):
        return "dossier"
    return "action" if at.keys() & {"day", "begins", "budget"} else "evaluation"


def name_column(header: Sequence[str]) -> pl.Expr:
    """Return the column `name`, that of the association.

    "Nom" is also that of its legal representative, which is never read: it must be followed by
    "Sigle", or be the only one in a header without "Prénom".
    """
    folded = [fold(cell) for cell in header]
    names = [at for at, cell in enumerate(folded) if cell == "nom"]
    sure = [at for at in names if folded[at + 1 : at + 2] == ["sigle"]]
    if not sure and len(names) == 1 and "prenom" not in folded:
        sure = names
    column = pl.col(f"c{sure[0]}") if len(sure) == 1 else pl.lit(None, dtype=pl.String)
    return column.alias("name")


def judge(lines: pl.DataFrame, counted: Grain, year: int | None) -> pl.DataFrame:
    """Add what a line says, and `reason` where it is not kept.

    Parameters
    ----------
    lines : polars.DataFrame
        The named columns, `name` and `grain`.
    counted : str
        Which of the two follow-ups is counted, "dossier" or "action".
    year : int or None
        Exercise of the export.

    Returns
    -------
    polars.DataFrame
        Adds `siren`, `rna`, `granted_euros`, `realised_euros`, `decided`, `exercise`, `first` (the
        exercise is the first of the agreement), `several_years`.
    """
    cells = cells_of(lines)
    total = pl.any_horizontal(pl.col(cells).str.contains(r"(?i)^\s*consolidation\s*$"))
    lines = without_marks(lines.with_columns(total.alias("total")), list(COLUMNS))
    states = [text for text in lines["status"].unique().drop_nulls() if fold(text) in _AWARDED]
    lines = lines.with_columns(
        pl.col("status").is_in(states).fill_null(value=False).alias("awarded")
    )
    read = _exercises(_identified(lines), year)
    money = {name: amounts(read[name]) for name in ("granted", "realised")}
    read = read.with_columns(
        *(found["amount"].alias(f"{name}_euros") for name, found in money.items()),
        *(found["problem"].alias(f"{name}_problem") for name, found in money.items()),
    )
    judged = read.with_columns(*verdicts(_rules(counted)))
    key = ["number", "exercise"]
    told = ["siren", "rna", "granted_euros", "realised_euros"]
    differ = pl.struct(told).n_unique().over(key) > 1
    judged = further(judged, [Rule(differ, "bad_amount", "number", _DISAGREE)])
    again = ~pl.struct(key).is_first_distinct()
    return further(judged, [Rule(again, "duplicate_line", "number", _AGAIN)])


def _identified(lines: pl.DataFrame) -> pl.DataFrame:
    overseas = pl.col("siret").str.replace_all(r"\D", "").str.contains(_OVERSEAS)
    lines = lines.with_columns(
        pl.when(~pl.col("rna").str.contains(_NO_RNA)).then("rna").alias("rna"),
        overseas.fill_null(value=False).alias("overseas"),
    )
    siren, problem = beneficiaries(lines["siret"])
    rna = repair(lines["rna"])
    return lines.with_columns(
        pl.when(~pl.col("overseas")).then(siren).alias("siren"),
        pl.when("overseas")
        .then(pl.lit("invalid_identifier"))
        .otherwise(problem)
        .alias("id_problem"),
        pl.col("rna").alias("rna_said"),
        rna["rna"].alias("rna"),
    )


def _exercises(lines: pl.DataFrame, year: int | None) -> pl.DataFrame:
    """Add the days and the exercise: said by the file, by the option, or the first one."""
    days = dates(lines["day"])
    years = {name: dates(lines[name]) for name in ("budget", "begins", "ends")}
    asked = pl.lit(year, dtype=pl.Int32)
    ended = pl.coalesce("ends_year", "begins_year")
    covered = pl.col("begins_year").is_null() | asked.is_between(pl.col("begins_year"), ended)
    plural = lines["plural"].unique().drop_nulls().to_list()
    said = {text: _PLURAL[fold(text)] for text in plural if fold(text) in _PLURAL}
    return (
        lines.with_columns(
            pl.when(pl.lit(days["day"]) != _NO_DAY).then(pl.lit(days["day"])).alias("decided"),
            days["problem"].alias("day_problem"),
            *(found["year"].alias(f"{name}_year") for name, found in years.items()),
            *(found["problem"].alias(f"{name}_problem") for name, found in years.items()),
            pl.col("plural").replace_strict(said, default=None, return_dtype=pl.Boolean),
        )
        .with_columns(
            pl.coalesce(
                "budget_year",
                pl.when(covered).then(asked),
                "begins_year",
                pl.col("decided").dt.year(),
            ).alias("exercise"),
            pl.coalesce("plural", pl.col("ends_year") > pl.col("begins_year")).alias(
                "several_years"
            ),
        )
        .with_columns(
            pl.coalesce(
                pl.col("exercise") == pl.col("begins_year"), pl.lit(value=year is None)
            ).alias("first")
        )
    )


def _rules(counted: Grain) -> list[Rule]:
    grain, known = pl.col("grain"), pl.col("siren").is_not_null() | pl.col("rna").is_not_null()
    nobody = pl.col("siret").is_null() & pl.col("rna_said").is_null()
    earliest = pl.coalesce("begins_year", "exercise")
    granted, realised = pl.col("granted_euros"), pl.col("realised_euros")
    return [
        Rule(pl.col("empty"), "empty_line"),
        Rule(pl.col("miscut"), "wrong_field_count"),
        Rule(pl.col("total") & nobody, "total_line"),
        Rule(grain == "evaluation", "out_of_scope", "number", _EVALUATION),
        Rule((grain == "action") & (counted == "dossier"), "out_of_scope", "number", _ACTION),
        Rule((grain == "dossier") & (counted == "action"), "total_line", "number", _IN_ACTIONS),
        Rule(~pl.col("awarded"), "out_of_scope", "status", _NOT_AWARDED),
        Rule(pl.col("number").is_null(), "unreadable", "number", _NO_NUMBER),
        Rule(~known & pl.col("overseas"), "invalid_identifier", "siret", _RIDET),
        Rule(
            ~known & (pl.col("id_problem") == "no_identifier") & pl.col("rna_said").is_not_null(),
            "invalid_identifier",
            "rna_said",
        ),
        *unidentified("siret", known),
        *unpriced("granted", "granted_problem"),
        Rule(pl.col("realised_problem") == "bad_amount", "bad_amount", "realised"),
        Rule((granted == 0) & (realised.fill_null(0) == 0), "out_of_scope", "granted", _NOTHING),
        Rule(pl.col("day_problem") == "bad_date", "bad_date", "day"),
        *(
            Rule(pl.col(f"{name}_problem") == "bad_date", "bad_date", name)
            for name in ("budget", "begins", "ends")
        ),
        Rule(pl.col("exercise").is_null(), "no_date", "begins"),
        Rule(long_before(pl.col("decided"), earliest), "bad_date", "day", _EARLY),
    ]
