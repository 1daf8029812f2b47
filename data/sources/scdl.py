"""Lists of grants of local authorities (SCDL "subventions" and everything published like it)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from data.sources.base import (
    CERTAIN,
    LIKELY,
    NO,
    POSSIBLE,
    Parsed,
    ReadOptions,
    SourceError,
    merged,
)
from data.sources.blocks import BLOCK_BYTES, LARGE_BYTES, open_blocks
from data.sources.parse import amounts
from data.sources.scdl_columns import Columns, header_score, names_for_numbers, recognise
from data.sources.scdl_facts import judge
from data.sources.scdl_lines import sort_lines
from data.sources.tabular import Table, open_tables
from data.sources.text import fold

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.grids import Grid
    from data.sources.sample import Sample

NAME = "scdl"
TITLE = "Subventions publiées par les collectivités (SCDL et listes apparentées)"
_EXPECTED = "aucune colonne de bénéficiaire et de montant reconnue."
#: names of the official template: that many in one header are of no other format
_OFFICIAL = (
    {"nomattribuant", "idattribuant", "dateconvention", "nombeneficiaire", "idbeneficiaire"}
    | {"objet", "montant", "nature", "conditionsversement", "datesperiodeversement"}
    | {"notificationue", "pourcentagesubvention", "collnom", "attribnom", "submontant"}
    | {"submontant", "subobjet", "collsiret", "attribsiret", "actedate"}
)
_OFFICIAL_MIN = 6
#: words of a list of grants, in its columns, its title or its name
_GIVING = re.compile(
    r"subvention|attribuant|attributaire|financeur|montant(vote|attribu|vers|accord)"
)
_YEAR = re.compile(r"(?<!\d)(20[0-4]\d|19[89]\d)(?!\d)")


def sniff(sample: Sample) -> int:
    """Tell how sure it is that a file is a list of grants: by its columns, then by its lines.

    A header alone proves nothing: a line must give a beneficiary and a readable amount.
    """
    if sample.kind not in {"table", "json"}:
        return NO
    return max((_sniffed(grid, sample.stem) for grid in sample.grids), default=NO)


def _sniffed(grid: Grid, stem: str) -> int:
    scores = [_score(stem)(row) for row in grid.rows]
    if not any(scores):
        return NO
    at = scores.index(max(scores))
    columns = recognise(grid.rows[at], bare_years="subvention" in stem)
    official = len(_OFFICIAL & {fold(cell) for cell in grid.rows[at]}) >= _OFFICIAL_MIN
    places = {columns.at[key] for key in columns.at if key.startswith("beneficiary")}
    given = [
        next((row[column.at] for column in columns.amounts if column.at < len(row)), "")
        for row in grid.rows[at + 1 :]
        if any(row[place].strip() for place in places if place < len(row))
    ]
    if not given:
        return POSSIBLE if official else NO
    if amounts(pl.Series(given, dtype=pl.String))["amount"].is_null().all():
        return NO
    if official:
        return CERTAIN
    said = fold(" ".join([stem, grid.name, *(cell for row in grid.rows[: at + 1] for cell in row)]))
    paid = any(column.stage == "paid" for column in columns.amounts)
    return LIKELY if paid or _GIVING.search(said) else POSSIBLE


def _score(stem: str) -> Callable[[Sequence[str]], int]:
    """Return the score of a header, in a file of this name."""
    return partial(header_score, bare_years="subvention" in fold(stem))


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
        following those of the first; json: the number of the record). `named`: the lines rejected
        for want of an identifier that name their beneficiary.

    Raises
    ------
    SourceError
        The file is not a table, no column of beneficiary and amount is recognised, or an option
        has a wrong value.
    """
    return merged(parts(path, options))


def parts(path: Path, options: ReadOptions) -> Iterator[Parsed]:
    """Read a list piece by piece: a sheet, or a block of lines where the file is large.

    Raises
    ------
    SourceError
        As `read`.
    """
    _check(options)
    score = _score(path.stem)
    large = path.is_file() and path.stat().st_size > LARGE_BYTES
    tables = iter(
        open_blocks(path, score, expected=_EXPECTED, large=LARGE_BYTES, block=BLOCK_BYTES)
        if large
        else open_tables(path, score, expected=_EXPECTED)
    )
    first = next(tables)
    like = _columns(first, path)
    paid: bool | None = None
    offset, seen = 0, pl.Series(dtype=pl.UInt64)
    for table in chain([first], tables):
        columns = like if large else _columns(table, path)
        if columns.at.keys() != like.at.keys() or len(columns.amounts) != len(like.amounts):
            continue  # a summary or a note beside the list, not the list
        shifted = _shift(table, 0 if large else offset)
        repeated = None
        if large:
            hashes = table.frame.select(pl.struct(pl.exclude("source_row", "fields")).hash())
            repeated = hashes.to_series().is_in(seen.implode())
            seen = pl.concat([seen, hashes.to_series()]).unique()
        lines, structural = sort_lines(shifted, columns, repeated)
        if paid is None or not large:
            paid = _is_paid(path.stem, table, lines, columns, options)
        facts, refused, named = judge(
            lines,
            shifted,
            columns,
            options,
            stem=path.stem,
            year=_implied_year(path.stem, table, columns, options),
            paid=paid,
        )
        rejects = pl.concat([structural, refused]).sort("source_row")
        parsed = Parsed(table.frame.height, {"grants": facts}, rejects, named)
        check_accounting(parsed, path.name)
        yield parsed
        offset += max(table.frame["source_row"].to_list(), default=0)


def _columns(table: Table, path: Path) -> Columns:
    known = recognise(table.header, bare_years="subvention" in fold(path.stem))
    return names_for_numbers(known, table)


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

    They were where the option or the title says so, where the exercise is that of the payment
    ("ANNEE_VERSEMENT"), and where the list gives no convention at
    all: the same bare year as "date of the convention" and as "date of payment" on every line.
    """
    if "stage" in options.extra:
        return options.extra["stage"] == "paid"
    titles = fold(" ".join((stem, table.name, *table.titles)))
    if re.search(r"subventions?(?:ont)?(?:versee|mandatee|payee)|versementsde", titles):
        return True
    if "paid_year" in columns.at:
        return True
    if not {"date", "period"} <= columns.at.keys():
        return False
    bare = pl.col("date").str.contains(r"^(?:19|20)\d\d(?:\.0)?$") & (
        pl.col("date") == pl.col("period")
    )
    return lines.height > 0 and bool(lines.select(bare.fill_null(value=False).all()).item())
