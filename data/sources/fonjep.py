"""Posts that the State subsidises through the Fonjep: what is awarded, when it is due and paid.

A post of a year is known at its first payment in the year, at the latest on 31 December. An
instalment is due on the first day of its quarter, and known then in the second and third year of a
running agreement; in the first one, not before the post itself. A payment is known on its day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.fonjep_payments import judge_payments, payments_of, read_payments
from data.sources.fonjep_posts import grants_of, judge_posts, read_posts
from data.sources.fonjep_sheets import beneficiaries_of, kind_of, open_export
from data.sources.rules import rejects_of

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.fonjep_sheets import Lines
    from data.sources.sample import Sample

NAME = "fonjep"
TITLE = "Postes et versements du Fonjep"


def sniff(sample: Sample) -> int:
    """Tell whether a file is an export of the Fonjep: no other has its posts and its payments."""
    kinds = {kind_of(row) for grid in sample.grids for row in grid.rows}
    return CERTAIN if kinds & {"poste", "versement"} else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one export into `grants` (sheet Poste) and `payments` (sheet Versement).

    Parameters
    ----------
    path : pathlib.Path
        Workbook of five sheets, or JSON object of five lists. Tiers, TypePoste and Dispositif say
        what the codes of the two others stand for: their lines are no data rows.
    options : ReadOptions
        `known_on`: day every fact counts as known.

    Returns
    -------
    Parsed
        `source_row` is the line of the sheet Poste; the lines of Versement follow its last one.

    Raises
    ------
    SourceError
        The file is not such an export, or lacks one of the sheets Tiers, Poste and Versement.
    """
    sheets = open_export(path)
    tiers = beneficiaries_of(sheets["tiers"].frame)
    lines = read_payments(sheets["versement"].frame)
    posts = judge_posts(read_posts(sheets, tiers), lines)
    payments = judge_payments(lines, posts, tiers)
    return Parsed(
        rows_in=posts.height + payments.height,
        tables={
            "grants": grants_of(posts.filter(pl.col("reason").is_null()), options),
            "payments": payments_of(payments.filter(pl.col("reason").is_null()), options),
        },
        rejects=pl.concat(
            [_rejects(posts, sheets, "poste"), _rejects(payments, sheets, "versement")]
        ),
    )


def _rejects(judged: pl.DataFrame, sheets: dict[str, Lines], kind: str) -> pl.DataFrame:
    """Return the rejects of a sheet; the number of a beneficiary stands in the sheet Tiers."""
    own, tiers = sheets[kind], sheets["tiers"]
    header = [*own.header, tiers.header[tiers.at["number"]]]
    return rejects_of(judged, header, {**own.at, "number": len(own.header)})
