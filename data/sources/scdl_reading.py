"""Reading of the cells of sorted lines: who, when, what kind of support, how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.identifiers import repair
from data.sources.parse import amounts, dates, periods
from data.sources.places import departements_of_places, departements_of_posts, departements_said
from data.sources.scdl_lines import money

if TYPE_CHECKING:
    from data.sources.scdl_columns import Columns

_IDENTIFIERS = ("beneficiary_id", "beneficiary_siren", "beneficiary_rna")
_REFUSED = (
    r"(?i)refus|rejet|in[ée]lig|instruction|intruction|abandon|annul|ajourn|sans suite"
    r"|d[ée]favorable"
)
_SEVERAL_YEARS = r"(?i)\b(?:[2-9]|deux|trois|quatre|cinq)\s+(?:saisons|ans|ann[ée]es|exercices)\b"
_EDITION = r"(?i)^(?:ca|cfu|bp|bs|compte administratif|budget primitif)\s*((?:19|20)\d\d)$"
_YES = ("oui", "o", "true", "vrai", "1", "yes")


def read_beneficiary(lines: pl.DataFrame) -> dict[str, pl.Series]:
    """Read the identifiers of all columns: `siren`, `rna`, `id_problem`, `id_column`."""
    read = {name: repair(lines[name]) for name in _IDENTIFIERS}
    both = pl.DataFrame(
        [
            read[name][part].alias(f"{name}_{part}")
            for name in _IDENTIFIERS
            for part in ("siren", "rna", "problem")
        ]
    )
    sirens = [pl.col(f"{name}_siren") for name in _IDENTIFIERS]
    siren, rna = (
        pl.coalesce(*sirens),
        pl.coalesce(*(pl.col(f"{name}_rna") for name in _IDENTIFIERS)),
    )
    conflict = pl.any_horizontal(*(found != siren for found in sirens)).fill_null(value=False)
    order = ("damaged_identifier", "invalid_identifier", "no_identifier")
    worst = pl.coalesce(
        *(
            pl.when(
                pl.any_horizontal(*(pl.col(f"{name}_problem") == code for name in _IDENTIFIERS))
            ).then(pl.lit(code))
            for code in order
        )
    )
    problem = (
        pl.when(conflict)
        .then(pl.lit("invalid_identifier"))
        .when(siren.is_null() & rna.is_null())
        .then(worst)
    )
    at_fault = pl.coalesce(
        *(
            pl.when(pl.col(f"{name}_problem") == code).then(pl.lit(name))
            for code in order
            for name in _IDENTIFIERS
        ),
        pl.lit("beneficiary_id"),
    )
    done = both.select(
        siren.alias("siren"),
        rna.alias("rna"),
        problem.alias("id_problem"),
        at_fault.alias("id_column"),
    )
    return {name: done[name] for name in done.columns}


def read_when(lines: pl.DataFrame, year: int | None) -> dict[str, pl.Series]:
    """Read dates: `decided_on`, `fiscal_year`, `period_start_on`, `period_end_on`, problems.

    The exercise is the one published, else the year of the convention or of the vote, else the
    year of the first payment, else the only year that the file gives (its title or its name).
    """
    read = {
        name: dates(lines[name])
        for name in ("date", "decision_date", "year", "period_start", "period_end")
    }
    span = periods(lines["period"])
    frame = pl.DataFrame(
        [
            *(
                read[name][part].alias(f"{name}_{part}")
                for name in read
                for part in ("day", "year", "problem")
            ),
            span["start"].alias("start"),
            span["end"].alias("end"),
            dates(lines["period"])["year"].alias("paid_year"),
            lines["edition"].str.extract(_EDITION).cast(pl.Int32).alias("edition_year"),
        ]
    ).with_columns(
        pl.coalesce("period_start_day", "start").alias("period_start_on"),
        pl.coalesce("period_end_day", "end").alias("period_end_on"),
    )
    said = pl.coalesce("year_year", "date_year", "decision_date_year", "edition_year")
    unreadable = pl.any_horizontal(
        *(pl.col(f"{name}_problem") == "bad_date" for name in ("date", "decision_date", "year"))
    ).fill_null(value=False)
    implied = pl.coalesce(
        pl.col("period_start_on").dt.year(), "paid_year", pl.lit(year, dtype=pl.Int32)
    )
    fiscal = pl.when(said.is_null() & ~unreadable).then(implied).otherwise(said)
    done = frame.select(
        pl.coalesce("date_day", "decision_date_day").alias("decided_on"),
        fiscal.cast(pl.Int32).alias("fiscal_year"),
        "period_start_on",
        "period_end_on",
        pl.when(fiscal.is_null())
        .then(pl.when(unreadable).then(pl.lit("bad_date")).otherwise(pl.lit("no_date")))
        .alias("date_problem"),
        pl.when(pl.col("date_problem") == "bad_date")
        .then(pl.lit("date"))
        .when(pl.col("year_problem") == "bad_date")
        .then(pl.lit("year"))
        .when(pl.col("decision_date_problem") == "bad_date")
        .then(pl.lit("decision_date"))
        .otherwise(pl.lit("date"))
        .alias("date_column"),
    )
    return {name: done[name] for name in done.columns}


def read_place(lines: pl.DataFrame) -> dict[str, pl.Series]:
    """Read `departement` of the beneficiary, null where the line says none or two.

    A few communes have the postcode of the neighbouring département: it counts only alone.
    """
    place, said, post = (
        read(pl.col(name))
        for read, name in (
            (departements_of_places, "place"),
            (departements_said, "departement"),
            (departements_of_posts, "postcode"),
        )
    )
    sure = pl.when((place == said).fill_null(value=True)).then(pl.coalesce(place, said))
    none = place.is_null() & said.is_null()
    done = lines.select(pl.when(none).then(post).otherwise(sure).alias("departement"))
    return {"departement": done["departement"]}


def read_support(lines: pl.DataFrame) -> dict[str, pl.Series]:
    """Read `kind` (instrument said by the line), `out` (column out of scope), `pluriannual`."""
    nature = pl.col("instrument").str.to_lowercase().str.replace_all("[éèê]", "e")
    cash = nature.str.contains("numeraire|subvention")
    done = lines.select(
        pl.when(cash)
        .then(pl.lit("grant"))
        .when(nature.str.contains("nature"))
        .then(pl.lit("in_kind"))
        .when(nature.str.contains(r"\bpret\b|avance remboursable"))
        .then(pl.lit("loan"))
        .when(nature.str.contains(r"\bmarche\b|\bprestation|\bcontrat\b"))
        .then(pl.lit("contract"))
        .otherwise(pl.lit("grant"))
        .alias("kind"),
        pl.when(pl.col("status").str.contains(_REFUSED))
        .then(pl.lit("status"))
        .when(nature.str.contains("garantie") & ~cash)
        .then(pl.lit("instrument"))
        .alias("out"),
        pl.when(pl.col("multi_year").is_not_null())
        .then(
            pl.col("multi_year").str.to_lowercase().is_in(list(_YES))
            | pl.col("multi_year").str.contains("(?i)pluri")
        )
        .alias("pluriannual"),
    )
    return {name: done[name] for name in done.columns}


def read_money(lines: pl.DataFrame, columns: Columns) -> dict[str, pl.Series]:
    """Read each amount: `eur…` (null unless it makes a fact), `several…`, `amount_problem`.

    A line whose main amount is unreadable is refused; a loan or an estimate in kind beside it is
    only read where it is a number. Zero makes a fact only where the line holds nothing else.
    """
    read = [amounts(lines[money(place)]) for place in range(len(columns.amounts))]
    main = [column.instrument == "grant" for column in columns.amounts]
    names = [f"eur{place}" for place in range(len(read))]
    frame = pl.DataFrame(
        [part["amount"].alias(name) for part, name in zip(read, names, strict=True)]
        + [part["problem"].alias(f"problem{place}") for place, part in enumerate(read)]
        + [part["note"].alias(f"note{place}") for place, part in enumerate(read)]
    )
    mains = [place for place, is_main in enumerate(main) if is_main] or list(range(len(read)))
    bad = [pl.col(f"problem{place}") == "bad_amount" for place in mains]
    nonzero = pl.any_horizontal(*(pl.col(name) != 0 for name in names)).fill_null(value=False)
    first = pl.coalesce(*(pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in names))
    done = frame.select(
        *(
            pl.when((pl.col(name) != 0) | (~nonzero & (first == name))).then(name).alias(name)
            for name in names
        ),
        pl.when(pl.any_horizontal(*bad).fill_null(value=False))
        .then(pl.lit("bad_amount"))
        .when(first.is_null())
        .then(pl.lit("no_amount"))
        .alias("amount_problem"),
        pl.coalesce(
            *(pl.when(fault).then(pl.lit(place)) for fault, place in zip(bad, mains, strict=True)),
            pl.lit(mains[0]),
        ).alias("amount_place"),
        pl.any_horizontal(
            *(pl.col(f"note{place}").str.contains(_SEVERAL_YEARS) for place in range(len(read)))
        ).alias("several_years"),
    )
    return {name: done[name] for name in done.columns}
