"""Mandates of local authorities paid through Hélios, the accounting system of the DGFiP.

A payment is known on its day; the order to pay (the mandate), on the day it was issued. Hélios is
no open data: the export is for those whom the DGFiP gives it to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.sources.base import CERTAIN, NO, Parsed, ReadOptions
from data.sources.helios_facts import facts_of
from data.sources.helios_lines import COLUMNS, judge
from data.sources.rules import rejects_of
from data.sources.spellings import cells_of, named, places, scorer
from data.sources.tabular import open_tables

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "helios"
TITLE = "Mandats des collectivités payés par Hélios (DGFiP)"

_NEEDED = frozenset({"payer", "account", "amount", "issued", "paid", "beneficiary"})
_EXPECTED = (
    "un export Hélios a les colonnes CODE_INSEE_BC, COMPTE_NATURE, MONTANT_PAIEMENT, "
    "DATE_EMISSION, DATE_PAIEMENT et IMMATRICULATION."
)


_score = scorer(COLUMNS, _NEEDED)


def sniff(sample: Sample) -> int:
    """Tell whether a file is an export of Hélios: its columns are those of no other file."""
    return CERTAIN if any(_score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one export of mandates into `grants` (paid) and `payments` (due, then paid).

    Parameters
    ----------
    path : pathlib.Path
        ods, xlsx or csv file; every sheet that has the columns is read.
    options : ReadOptions
        `known_on`: day every line counts as known. `extra`: "funder_siren" and "funder_name" for
        lines whose payer is neither numbered nor named.

    Returns
    -------
    Parsed
        `source_row` is the line of the sheet, the lines of a second sheet following those of the
        first.

    Raises
    ------
    SourceError
        The file is not an export of Hélios.
    """
    tables = open_tables(path, _score, expected=_EXPECTED)
    header, at = tables[0].header, places(tables[0].header, COLUMNS)
    frames, offset = [], 0
    for table in tables:
        lines = named(table, places(table.header, COLUMNS), COLUMNS)
        frames.append(
            lines.select(
                pl.col("source_row") + offset,
                *("empty", "miscut", *COLUMNS),
                pl.struct(cells_of(lines)).hash().alias("cells"),
            )
        )
        offset += max(table.frame["source_row"].to_list(), default=0)
    judged = judge(pl.concat(frames), options, path.stem)
    return Parsed(
        rows_in=judged.height,
        tables=facts_of(judged.filter(pl.col("reason").is_null()), options),
        rejects=rejects_of(judged, header, {**at, "shown": at["beneficiary"]}),
    )
