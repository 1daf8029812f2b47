"""For each funder and year, whether its grants are known: a list that stops is never a cut.

Rule, from the lines known by a day:

- a year that has lines is `covered`;
- `partial` where it has under a fifth of the lines and of the structures of the median of the
  funder's other years within two years of it (a list begun, cut short, or of another perimeter), or
  is known from extracts of one scheme alone while whole lists of the funder are known;
- a year without lines between two that have some is `absent` (never published);
- a year without lines after the last that has some, up to the last year of any funder, is
  `awaited` until eighteen months after its end (lists come out late), then `stopped`.

Example: a city's lists of 2018, 2019 and 2021 are known on 31 December 2024, and others' go to
2022. 2018, 2019 and 2021 are covered, 2020 is absent, 2022 is stopped: nothing was cut in 2020 nor
in 2022.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

#: extracts of one scheme, one payer or one kind of support: never the whole of a funder's grants
PARTIAL_SOURCES = ("chorus", "fonjep", "helios", "osiris", "subventia", "reserve", "decp")
#: under this share of its neighbours, in lines and in structures, a year is partial
PARTIAL_SHARE = 0.2
_NEIGHBOURS_YEARS = 2
#: how long after the end of an exercise a list may still come (the State's takes nine months)
_AWAITED = "18mo"
SCHEMA = pl.Schema(
    {
        "funder_id": pl.String(),
        "fiscal_year": pl.Int32(),
        "stage": pl.String(),
        "status": pl.String(),
        "lines": pl.Int64(),
        "structures": pl.Int64(),
        "amount_eur": pl.Float64(),
        "datasets": pl.List(pl.String()),
        "known_from": pl.Date(),
    }
)


def funder_years(grants: pl.LazyFrame, *, as_of: date | None = None) -> pl.DataFrame:
    """Return one row a funder, exercise and stage, holes and silent years included.

    Parameters
    ----------
    grants : polars.LazyFrame
        Table `grants`, as the sources gave it, of all funders: the last year of any of them tells
        which lists have stopped.
    as_of : datetime.date, optional
        Only lines known by this day count; today if not given.

    Returns
    -------
    polars.DataFrame
        Columns of `SCHEMA`. `amount_eur` is null and `datasets` empty where there is no line.
    """
    lines = grants if as_of is None else grants.filter(pl.col("known_on") <= as_of)
    today = pl.lit(as_of or datetime.now(tz=UTC).date())
    key = ["funder_id", "stage"]
    known = (
        lines.group_by(*key, "fiscal_year")
        .agg(
            pl.len().cast(pl.Int64).alias("lines"),
            pl.coalesce("siren", "rna").n_unique().cast(pl.Int64).alias("structures"),
            pl.col("amount_eur").cast(pl.Float64).sum(),
            pl.col("dataset").unique().sort().alias("datasets"),
            pl.col("known_on").min().alias("known_from"),
            pl.col("source").is_in(PARTIAL_SOURCES).all().alias("extract"),
        )
        .collect()
        .with_columns(pl.col("extract") & ~pl.col("extract").all().over("funder_id"))
    )
    if known.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    last = known["fiscal_year"].max()
    spans = known.group_by(key).agg(
        pl.int_ranges(pl.col("fiscal_year").min(), pl.lit(last) + 1).first().alias("fiscal_year"),
        pl.col("fiscal_year").max().alias("last"),
    )
    years = spans.explode("fiscal_year").with_columns(pl.col("fiscal_year").cast(pl.Int32))
    usual = _usual(known, key)
    share = PARTIAL_SHARE
    silent_after = pl.col("lines").is_null() & (pl.col("fiscal_year") > pl.col("last"))
    return (
        years.join(known, on=[*key, "fiscal_year"], how="left")
        .join(usual, on=[*key, "fiscal_year"], how="left")
        .with_columns(
            pl.when(~silent_after)
            .then(None)
            .when(pl.date(pl.col("fiscal_year") + 1, 1, 1).dt.offset_by(_AWAITED) > today)
            .then(pl.lit("awaited"))
            .otherwise(pl.lit("stopped"))
            .alias("silent")
        )
        .with_columns(
            pl.when(pl.col("silent").is_not_null())
            .then("silent")
            .when(pl.col("lines").is_null())
            .then(pl.lit("absent"))
            .when(
                (pl.col("lines") < share * pl.col("usual_lines"))
                & (pl.col("structures") < share * pl.col("usual_structures"))
                | pl.col("extract")
            )
            .then(pl.lit("partial"))
            .otherwise(pl.lit("covered"))
            .alias("status"),
            pl.col("lines", "structures").fill_null(0),
            pl.col("datasets").fill_null(pl.lit([], dtype=pl.List(pl.String))),
        )
        .select(list(SCHEMA))
        .cast(SCHEMA)
        .sort("funder_id", "stage", "fiscal_year")
    )


def _usual(known: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return the median lines and structures of the neighbouring years of each year."""
    near = pl.DataFrame(
        {"step": [s for s in range(-_NEIGHBOURS_YEARS, _NEIGHBOURS_YEARS + 1) if s]},
        schema={"step": pl.Int32},
    )
    return (
        known.select(*key, "fiscal_year", "lines", "structures")
        .join(near, how="cross")
        .with_columns(pl.col("fiscal_year") + pl.col("step"))
        .group_by(*key, "fiscal_year")
        .agg(
            pl.col("lines").median().alias("usual_lines"),
            pl.col("structures").median().alias("usual_structures"),
        )
    )
