"""Lists of grants of local authorities (SCDL "subventions" and everything published like it)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from data.rejects import empty_rejects
from data.sources.base import LIKELY, NO, POSSIBLE, Parsed, ReadOptions, SourceError
from data.sources.scdl_columns import Columns, header_score, recognise
from data.sources.scdl_facts import judge
from data.sources.scdl_lines import sort_lines
from data.sources.tabular import Table, open_tables
from data.sources.text import fold

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample

NAME = "scdl"
TITLE = "Subventions publiées par les collectivités (SCDL et listes apparentées)"
_EXPECTED = "aucune colonne de bénéficiaire et de montant reconnue."
#: columns recognised that make a list of grants possible, and likely
_FEW_COLUMNS, _MANY_COLUMNS = 2, 6
_YEAR = re.compile(r"(?<!\d)(20[0-4]\d|19[89]\d)(?!\d)")


def sniff(sample: Sample) -> int:
    """Tell how sure it is that a file is a list of grants: by the columns recognised."""
    best = max((header_score(row) for grid in sample.grids for row in grid.rows), default=0)
    if sample.kind not in {"table", "json"} or best < _FEW_COLUMNS:
        return NO
    return LIKELY if best >= _MANY_COLUMNS else POSSIBLE


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read one published list into `grants`.

    Parameters
    ----------
    path : pathlib.Path
        csv, tsv, xlsx, xls, ods or json file.
    options : ReadOptions
        `known_on` overrides the day every fact counts as known. `extra`: "funder_siren" and
        "funder_name" for files that do not name their funder, "fiscal_year" for files without
        date, "stage" ("awarded" or "paid").

    Returns
    -------
    Parsed
        `source_row` is the line of the file (workbook: of the sheet, the lines of a second sheet
        following those of the first; json: the number of the record).

    Raises
    ------
    SourceError
        The file is not a table, no column of beneficiary and amount is recognised, or an option
        has a wrong value.
    """
    _check(options)
    tables = open_tables(path, header_score, expected=_EXPECTED)
    first = recognise(tables[0].header)
    rows_in, offset = 0, 0
    facts, rejects = [], [empty_rejects()]
    for table in tables:
        columns = recognise(table.header)
        if columns.at.keys() != first.at.keys() or len(columns.amounts) != len(first.amounts):
            continue  # a summary or a note beside the list, not the list
        shifted = _shift(table, offset)
        lines, structural = sort_lines(shifted, columns)
        kept, refused = judge(
            lines,
            shifted,
            columns,
            options,
            stem=path.stem,
            year=_implied_year(path.stem, table, columns, options),
            paid=_is_paid(path.stem, table, lines, columns, options),
        )
        facts.append(kept)
        rejects += [structural, refused]
        rows_in += table.frame.height
        offset += max(table.frame["source_row"].to_list(), default=0)
    parsed = Parsed(rows_in, {"grants": pl.concat(facts)}, pl.concat(rejects).sort("source_row"))
    check_accounting(parsed, path.name)
    return parsed


def check_accounting(parsed: Parsed, name: str) -> None:
    """Check that each data row of a file is on exactly one side: facts or rejects.

    Raises
    ------
    SourceError
        A row is on both sides or on none: a defect of the connector, nothing must be kept.
    """
    kept = {row for table in parsed.tables.values() for row in table["source_row"].unique()}
    refused = set(parsed.rejects["source_row"].unique())
    if kept & refused or len(kept) + len(refused) != parsed.rows_in:
        raise SourceError(
            f"Le compte des lignes de « {name} » n'est pas juste : rien n'a été retenu.",
            code="source-accounting",
            where=name,
            received=f"{parsed.rows_in} lignes, {len(kept)} retenues, {len(refused)} rejetées, "
            f"{len(kept & refused)} des deux côtés",
            expected="chaque ligne retenue ou rejetée, jamais les deux",
            todo="signalez ce fichier aux mainteneurs",
        )


def _check(options: ReadOptions) -> None:
    for key, pattern, expected in (
        ("stage", r"awarded|paid", "awarded ou paid"),
        ("fiscal_year", r"(?:19|20)\d\d", "une année sur quatre chiffres"),
    ):
        value = options.extra.get(key)
        if value is not None and not re.fullmatch(pattern, value):
            raise SourceError(
                f"L'option « {key} » n'a pas une valeur possible.",
                code="source-option",
                where=key,
                received=value,
                expected=expected,
            )


def _shift(table: Table, offset: int) -> Table:
    if not offset:
        return table
    return replace(
        table,
        frame=table.frame.with_columns(pl.col("source_row") + offset),
        ragged={line + offset: row for line, row in table.ragged.items()},
    )


def _implied_year(stem: str, table: Table, columns: Columns, options: ReadOptions) -> int | None:
    """Return the exercise of the lines that give none, None where it is not certain.

    The option, else the year of the columns of money, else the only year of the titles.
    """
    if "fiscal_year" in options.extra:
        return int(options.extra["fiscal_year"])
    if all(column.year is not None for column in columns.amounts):
        return columns.amounts[0].year
    for text in (table.name, " ".join(table.titles), stem):
        years = set(_YEAR.findall(text))
        if len(years) == 1:
            return int(years.pop())
    return None


def _is_paid(
    stem: str, table: Table, lines: pl.DataFrame, columns: Columns, options: ReadOptions
) -> bool:
    """Tell whether the plain amounts of a list were paid, not only awarded.

    They were where the option or the title says so, and where the list gives no convention at
    all: the same bare year as "date of the convention" and as "date of payment" on every line.
    """
    if "stage" in options.extra:
        return options.extra["stage"] == "paid"
    titles = fold(" ".join((stem, table.name, *table.titles)))
    if re.search(r"subventions?(?:ont)?(?:versee|mandatee|payee)|versementsde", titles):
        return True
    if not {"date", "period"} <= columns.at.keys():
        return False
    bare = pl.col("date").str.contains(r"^(?:19|20)\d\d(?:\.0)?$") & (
        pl.col("date") == pl.col("period")
    )
    return lines.height > 0 and bool(lines.select(bare.fill_null(value=False).all()).item())
