"""Collective proceedings as the URSSAF knows them as a creditor: one line an event and a place.

An event counts as known 15 days after it takes effect: by then its notice must have been asked for
publication (Commercial Code, R621-8). The label glues what happened and the proceeding
("Solde_procedure_redressement"); labels are mapped one by one, an unknown one is no event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.openings import open_whole
from data.sources.rules import Rule, further, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.unit_lines import date_rules, first_rules, units
from data.sources.urssaf_codes import sas_days

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "urssaf_procol"
TITLE = "URSSAF : procédures collectives"

COLUMNS: dict[str, tuple[str, ...]] = {
    "siret": ("siret",),
    "siren": ("siren",),
    "day": ("dt_effet", "date effet"),
    "label": ("lib_actx_stdx",),
}
_SIGNATURE = ("dt_effet", "lib_actx_stdx")
_EXPECTED = (
    "un fichier de procédures collectives a les colonnes Siret, Siren, Dt_effet et Lib_actx_stdx."
)
PUBLISHED_WITHIN = "15d"
#: proceeding that the label names -> what its opening is
OPENINGS = {"liquidation": "liquidation", "redressement": "receivership", "sauvegarde": "safeguard"}
_OPENED = "opened"
#: what remains of the label without the proceeding -> what happened, in words of our own
STAGES: dict[str, str] = {
    "": _OPENED,
    "ouverture": _OPENED,
    "conversion": _OPENED,
    "jugement": _OPENED,
    "jugement ouverture": _OPENED,
    "plan": "plan",
    "plan continuation": "plan",
    "plan cession": "plan",
    "cloture": "closure",
    "cloture insuffisance actif": "closure",
    "cloture extinction passif": "closure",
    "fin": "closure",
    "solde": "closure",
    "abandon": "closure",
}
_FILLERS = r"\b(?:procedures?|judiciaires?|pour|par|de|du|des|la|le|d|l|en)\b"
_UNKNOWN = "événement de procédure inconnu"
_ABSORBED = "procédure jointe à une autre, qui a ses propres lignes"
_OTHER_PLACE = "même événement que celui d'une autre ligne de la structure"


_score = scorer(COLUMNS, {"day", "label"}, either=("siret", "siren"))


def sniff(sample: Sample) -> int:
    """Tell whether a file is an extract of proceedings: its columns are those of no other."""
    return CERTAIN if sample.has(*_SIGNATURE) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one extract of collective proceedings into `events`.

    Parameters
    ----------
    path : pathlib.Path
        CSV, workbook, JSON or Parquet: one line an event and a place of business.
    options : ReadOptions
        `known_on`: day every line counts as known.

    Returns
    -------
    Parsed
        One event a structure, kind and day, whatever the number of its places.

    Raises
    ------
    SourceError
        The file is not an extract of proceedings.
    """
    table = open_whole(path, _score, expected=_EXPECTED)
    at = places(table.header, COLUMNS)
    judged = _judged(named(table, at, COLUMNS))
    return Parsed(
        rows_in=judged.height,
        tables={"events": _facts(judged.filter(pl.col("reason").is_null()), options)},
        rejects=rejects_of(judged, table.header, at),
    )


def kinds(labels: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the kind of event of labels (null where unknown), and what remains of each label."""
    text = labels.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    words = text.str.replace_all(r"[^a-z]+", " ")
    proceedings = r"\b(" + "|".join(OPENINGS) + r")\b"
    proceeding = words.str.extract(proceedings)
    rest = (
        words.str.replace(proceedings, "")
        .str.replace_all(_FILLERS, "")
        .str.strip_chars(" ")
        .str.replace_all(" +", " ")
    )
    stage = rest.replace_strict(STAGES, default=None, return_dtype=pl.String)
    opening = proceeding.replace_strict(OPENINGS, default=None, return_dtype=pl.String)
    kind = pl.when(stage == _OPENED).then(opening).otherwise(stage)
    return pl.when(proceeding.is_not_null()).then(kind), rest


def _judged(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `unit`, `kind` and `effect`, and the verdict."""
    day = sas_days(lines["day"])
    kind, rest = kinds(pl.col("label"))
    judged = lines.with_columns(
        *units(lines["siret"], lines["siren"]),
        day["day"].alias("effect"),
        day["problem"].alias("day_problem"),
        kind.alias("kind"),
        rest.alias("rest"),
    ).with_columns(
        *verdicts(
            [
                *first_rules("siren"),
                *date_rules("day_problem", "day", "date d'effet absente"),
                Rule(
                    pl.col("rest").str.starts_with("inclusion"), "out_of_scope", "label", _ABSORBED
                ),
                Rule(pl.col("kind").is_null(), "out_of_scope", "label", _UNKNOWN),
            ]
        )
    )
    event = pl.struct("unit", "kind", "effect")
    return further(
        judged,
        [
            Rule(~pl.struct(cells_of(judged)).is_first_distinct(), "duplicate_line"),
            Rule(~event.is_first_distinct(), "duplicate_line", "label", _OTHER_PLACE),
        ],
    )


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    public = pl.col("effect").dt.offset_by(PUBLISHED_WITHIN)
    return kept.select(
        pl.col("unit").alias("siren"),
        "kind",
        pl.col("effect").alias("occurred_on"),
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else public).alias("known_on"),
    )
