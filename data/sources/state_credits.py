"""Credits of the State by programme: finance bills (PLF) and initial finance laws (LFI).

The payment credits of each programme. A bill of year Y counts as known on 1 October Y - 1 and a
law on 31 December Y - 1, but for the years when they came later.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from data.sources import parse
from data.sources.base import CERTAIN, NO, Parsed, ReadOptions, SourceError
from data.sources.openings import open_whole
from data.sources.rules import Rule, rejects_of, verdicts
from data.sources.spellings import cells_of, named, places
from data.sources.state_credits_columns import COLUMNS, Layout, Vote, layout_of, score
from data.sources.state_list import FUNDER_ID
from data.sources.whole_amounts import with_whole

if TYPE_CHECKING:
    from pathlib import Path

    from data.sources.sample import Sample
    from data.sources.tabular import Table

NAME = "state_credits"
TITLE = "Crédits de l'État par programme (PLF et LFI)"

_EXPECTED = (
    "un tableau de crédits a un programme, une mission ou un type de budget, et des crédits de "
    "paiement (« credit_de_paiement », « CP PLF », « CP LFI »)."
)
#: bills tabled and laws promulgated later than the rule
_TABLED = {2025: date(2024, 10, 10), 2026: date(2025, 10, 14)}
_PROMULGATED = {2025: date(2025, 2, 14), 2026: date(2026, 2, 19)}
_IN_NAME = re.compile(r"(plf|lfi)[^0-9]{0,3}(20\d{2}|\d{2})(?!\d)", re.IGNORECASE)
_LAW_IN_NAME = re.compile(r"plf|lfi", re.IGNORECASE)
_YEAR_IN_TITLE = re.compile(r"(?<!\d)20\d{2}(?!\d)")
_NO_PROGRAMME = "numéro de programme absent ou illisible"
_OTHER_LAW = "ni un projet de loi de finances ni une loi de finances initiale"
_PROGRAMME = r"^(?i:P)?0?(\d{3})(?:[.,]0+)?(?:\s*[-–—:].*)?$"


def sniff(sample: Sample) -> int:
    """Tell whether a file is a table of the State's credits, by its columns."""
    return CERTAIN if any(score(row) for grid in sample.grids for row in grid.rows) else NO


def read(path: Path, options: ReadOptions) -> Parsed:
    """Read the credits of one finance bill or law into `budgets`.

    Parameters
    ----------
    path : pathlib.Path
        Export of data.economie.gouv.fr (CSV, workbook, JSON or Parquet): one line a programme,
        action or sub-action.
    options : ReadOptions
        `known_on`: day every line counts as known. `extra`: "year" and "law" ("plf" or "lfi"),
        where neither the columns nor the name of the file say them.

    Returns
    -------
    Parsed
        Table `budgets`: funder "etat", programme "163", stage "voted", payment credits of the whole
        programme, said by each of its lines; a file that holds both the bill and the law gives one
        fact for each.

    Raises
    ------
    SourceError
        The file is not a table of credits, or its year or law cannot be told.
    """
    table = open_whole(path, score, expected=_EXPECTED)
    year, layout = _layout(path, table, options)
    lines = named(table, layout.at, COLUMNS)
    kept, refused = [], []
    for vote in layout.votes:
        law = vote.law or _law(path, layout, options)
        judged = _judged(lines, vote, layout, year=year, law=law)
        kept.append(_facts(judged.filter(pl.col("reason").is_null()), options))
        at = {**layout.at, "payment": vote.payments[0]}
        refused.append(rejects_of(judged, table.header, at))
    facts = pl.concat(kept)
    return Parsed(
        rows_in=table.frame.height,
        tables={"budgets": facts},
        # A line that no vote keeps is rejected for what the first one says.
        rejects=pl.concat(refused)
        .join(facts.select("source_row"), on="source_row", how="anti")
        .unique("source_row", keep="first", maintain_order=True),
    )


def _option(options: ReadOptions, name: str, pattern: str, expected: str) -> str | None:
    value = options.extra.get(name)
    if value is not None and not re.fullmatch(pattern, value):
        raise SourceError(
            f"L'option « {name} » n'a pas une valeur possible.",
            code="source-option",
            where=name,
            received=value,
            expected=expected,
        )
    return value


def _layout(path: Path, table: Table, options: ReadOptions) -> tuple[int | None, Layout]:
    """Return the year of the whole file (None where its lines say it) and the layout.

    The column of years, else the option, else the names of the columns of money, else the name of
    the file, else the titles above the header.
    """
    by_line = _years_by_line(table)
    asked = _option(options, "year", r"20\d{2}", "une année, par exemple 2025")
    own = layout_of(table.header)
    name = _IN_NAME.search(path.stem)
    titles = {year for title in table.titles for year in _YEAR_IN_TITLE.findall(title)}
    told = (
        by_line.pop() if len(by_line) == 1 else None,
        asked,
        own.year if own else None,
        name.group(2) if name else None,
        titles.pop() if len(titles) == 1 else None,
    )
    year = next((int(found) % 100 + 2000 for found in told if found is not None), None)
    # Lines of several years: only columns that name none hold the credits of each.
    layout = layout_of(table.header, 0 if len(by_line) > 1 else year)
    if layout is not None and ("year" in layout.at or year is not None):
        return (None if "year" in layout.at else year), layout
    raise SourceError(
        "L'année de ces crédits ne peut pas être établie.",
        code="state-credits-year",
        where=str(path),
        received=" | ".join(table.header)[:300],
        expected="une colonne exercice, ou « plf25 », « LFI 2022 » dans le nom du fichier, et des "
        "crédits de paiement de cette année",
        todo="ajoutez l'option year, par exemple year=2025",
    )


def _years_by_line(table: Table) -> set[int]:
    at = places(table.header, COLUMNS)
    if "year" not in at:
        return set()
    return set(parse.dates(table.frame[f"c{at['year']}"])["year"].drop_nulls().to_list())


def _law(path: Path, layout: Layout, options: ReadOptions) -> str:
    """Return the law of columns that do not say it, "" where each line does."""
    asked = _option(options, "law", r"plf|lfi", "plf ou lfi")
    found = _LAW_IN_NAME.search(path.stem)
    if "law" in layout.at:
        return ""
    if asked is None and found is None:
        raise SourceError(
            "Rien ne dit si ces crédits sont ceux du projet de loi ou ceux de la loi votée.",
            code="state-credits-law",
            where=str(path),
            received=path.name,
            expected="une colonne « loi », ou « plf » ou « lfi » dans le nom du fichier",
            todo="ajoutez l'option law=plf ou law=lfi",
        )
    return asked or (found[0].lower() if found else "")


def _judged(
    lines: pl.DataFrame, vote: Vote, layout: Layout, *, year: int | None, law: str
) -> pl.DataFrame:
    """Add `number` (programme), `exercise`, `voted` (law), `whole`, and `reason` where not kept."""
    cells = cells_of(lines)
    years = parse.dates(lines["year"])
    money = [parse.amounts(lines[f"c{place}"]) for place in vote.payments]
    commitments = pl.any_horizontal(
        pl.lit(value=False), *(pl.col(f"c{place}").is_not_null() for place in vote.commitments)
    )
    zero = pl.lit(0, dtype=pl.Decimal(18, 2))
    lines = lines.with_columns(
        pl.col("programme").str.strip_chars("'’ ").str.extract(_PROGRAMME).alias("number"),
        (years["year"] if year is None else pl.lit(year, dtype=pl.Int32)).alias("exercise"),
        (years["problem"] if year is None else pl.lit(None, dtype=pl.String)).alias("year_problem"),
        (pl.col("law").str.to_lowercase() if law == "" else pl.lit(law)).alias("voted"),
        *(found["amount"].alias(f"euros{at}") for at, found in enumerate(money)),
        *(found["problem"].alias(f"problem{at}") for at, found in enumerate(money)),
    )
    problems = [pl.col(f"problem{at}") for at in range(len(money))]
    total = pl.any_horizontal(pl.col(cells).str.contains(r"(?i)^total\b"))
    # Without its action, two lines of a programme may be alike and both true.
    again = ~pl.struct(cells).is_first_distinct() & pl.lit("action" in layout.at)
    judged = lines.with_columns(
        pl.col(f"c{vote.payments[0]}").alias("payment"),
        pl.sum_horizontal(pl.coalesce(f"euros{at}", zero) for at in range(len(money)))
        .cast(pl.Decimal(18, 2))
        .alias("euros"),
        *verdicts(
            [
                Rule(pl.col("empty"), "empty_line"),
                Rule(pl.col("miscut"), "wrong_field_count"),
                Rule(pl.col("number").is_null() & total, "total_line"),
                Rule(pl.col("number").is_null(), "unreadable", "programme", _NO_PROGRAMME),
                Rule(pl.col("year_problem") == "no_date", "no_date", "year"),
                Rule(pl.col("exercise").is_null(), "bad_date", "year"),
                Rule(
                    ~pl.col("voted").is_in(["plf", "lfi"]).fill_null(value=False),
                    *("out_of_scope", "law", _OTHER_LAW),
                ),
                Rule(again, "duplicate_line"),
                Rule(
                    pl.any_horizontal(problem == "bad_amount" for problem in problems),
                    *("bad_amount", "payment"),
                ),
                # No payment beside a commitment is zero; alone, it is the heading of other lines.
                Rule(
                    pl.all_horizontal(problem == "no_amount" for problem in problems)
                    & ~commitments,
                    *("no_amount", "payment"),
                ),
            ]
        ),
    )
    return with_whole(judged, ["number", "exercise", "voted"], "payment")


def _facts(kept: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    year = pl.col("exercise")
    tabled, promulgated = (
        year.replace_strict(late, default=None, return_dtype=pl.Date)
        for late in (_TABLED, _PROMULGATED)
    )
    known_on = (
        pl.when(pl.col("voted") == "plf")
        .then(pl.coalesce(tabled, pl.date(year - 1, 10, 1)))
        .otherwise(pl.coalesce(promulgated, pl.date(year - 1, 12, 31)))
    )
    return kept.select(
        pl.lit(FUNDER_ID).alias("funder_id"),
        pl.col("number").alias("programme"),
        year.alias("year"),
        pl.lit("voted").alias("stage"),
        pl.col("whole").alias("amount_eur"),
        pl.lit(NAME).alias("source"),
        "source_row",
        (pl.lit(options.known_on) if options.known_on else known_on).alias("known_on"),
    )
