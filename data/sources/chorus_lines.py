"""Lines of a Chorus export: its double columns, and which lines are no payment to a structure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from data.sources.rules import Rule, further, verdicts
from data.sources.spellings import places
from data.sources.state_exports import (
    amounts,
    beneficiaries,
    dates,
    long_before,
    unidentified,
    unpriced,
    without_marks,
)

COLUMNS: dict[str, tuple[str, ...]] = {
    "siret": ("Code taxe 1",),
    "overseas": ("No TVA 3 (COM-RIDET ou TAHITI)", "No TVA 3"),
    "branch": ("Branche CODE", "Branche"),
    "domain": ("Domaine fonctionnel CODE", "Domaine fonctionnel"),
    "year": ("Exercice comptable",),
    "day": ("Date de dernière opération sur la DP",),
    "item": ("N° poste DP",),
    "amount": ("Montant payé",),
}
NEEDED = frozenset({"siret", "domain", "day", "amount"})
#: our name of a label -> the column whose code it follows
_LABELS = {
    "supplier": "Fournisseur payé (DP)",
    "activity": "Référentiel de programmation",
    "scheme": "Domaine fonctionnel",
}
_WITHOUT_NAME = re.compile(r"(?i)|unnamed:? ?\d+|column ?\d+")
_TOTAL = r"(?i)^(?:total|r[ée]sultat)\b"

_OVERSEAS = "numéro RIDET ou Tahiti : la structure n'a pas de SIREN"
_EARLY = "date antérieure de plus d'un an à l'exercice comptable"


def labels(header: Sequence[str]) -> list[pl.Expr]:
    """Return the columns `supplier`, `activity` and `scheme`, null where the header has none.

    A code and its label share one header, the second of which is left empty; some re-exports name
    them "X CODE" and "X".
    """
    found = []
    for name, spelled in _LABELS.items():
        at = places(header, {"code": (f"{spelled} CODE",), "both": (spelled,)})
        beside = at.get("both", len(header)) + 1
        label = None
        if at.keys() == {"code", "both"}:
            label = at["both"]
        elif beside < len(header) and _WITHOUT_NAME.fullmatch(header[beside]):
            label = beside
        found.append(
            (pl.lit(None, dtype=pl.String) if label is None else pl.col(f"c{label}")).alias(name)
        )
    return found


def judge(lines: pl.DataFrame, seen: pl.Series, *, itemised: bool) -> pl.DataFrame:
    """Add `siren`, `euros`, `paid_on`, `exercise`, and `reason` where a line is not kept.

    Parameters
    ----------
    lines : polars.DataFrame
        The named columns of a piece of the file, its `labels`, and the `hash` of its cells.
    seen : polars.Series
        Hashes of the lines of the pieces before.
    itemised : bool
        The number of the item is given, without which two lines may be alike and both true.
    """
    lines = without_marks(lines, [*COLUMNS, *_LABELS])
    day, year, euros = dates(lines["day"]), dates(lines["year"]), amounts(lines["amount"])
    cells = [name for name in lines.columns if re.fullmatch(r"c\d+", name)]
    read = lines.with_columns(
        *beneficiaries(lines["siret"]),
        euros["amount"].alias("euros"),
        euros["problem"].alias("amount_problem"),
        day["day"].alias("paid_on"),
        day["problem"].alias("day_problem"),
        year["problem"].alias("year_problem"),
        pl.Series("exercise", year["year"]).fill_null(day["year"]),
        pl.any_horizontal(pl.col(cells).str.contains(_TOTAL)).alias("total"),
    )
    nobody = pl.col("siret").is_null()
    judged = read.with_columns(
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(
                    nobody & pl.col("overseas").is_null() & pl.col("total"), "total_line", "amount"
                ),
                Rule(
                    nobody & pl.col("overseas").is_not_null(),
                    "invalid_identifier",
                    "overseas",
                    _OVERSEAS,
                ),
                *unidentified("siret", pl.col("siren").is_not_null()),
                *unpriced("amount", "amount_problem"),
                Rule(pl.col("euros") == 0, "out_of_scope", "amount", "aucun euro n'a été payé"),
                Rule(pl.col("day_problem") == "bad_date", "bad_date", "day"),
                Rule(pl.col("year_problem") == "bad_date", "bad_date", "year"),
                Rule(pl.col("exercise").is_null(), "no_date", "day"),
                Rule(long_before(pl.col("paid_on"), pl.col("exercise")), "bad_date", "day", _EARLY),
            ]
        )
    )
    if not itemised:
        return judged
    again = ~pl.col("hash").is_first_distinct() | pl.col("hash").is_in(seen.implode())
    return further(judged, [Rule(again, "duplicate_line")])
