"""What is known of one structure: by theme, funder and year, from which file, since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import date

    from data.lake import Lake


@dataclass(frozen=True)
class _Theme:
    name: str
    year: pl.Expr
    amount: str | None = None


_THEMES: dict[str, _Theme] = {
    "structures": _Theme("structure", pl.col("known_on").dt.year()),
    "grants": _Theme("funding", pl.col("fiscal_year"), "amount_eur"),
    "payments": _Theme("payment", pl.col("due_on").dt.year(), "amount_eur"),
    "debts": _Theme("debt", pl.col("known_on").dt.year(), "outstanding_eur"),
    "accounts": _Theme("account", pl.col("closed_on").dt.year()),
    "workforce": _Theme("staff", pl.col("month_on").dt.year()),
    "ratings": _Theme("rating", pl.col("rated_on").dt.year()),
    "events": _Theme("event", pl.col("occurred_on").dt.year()),
    "alerts": _Theme("alert", pl.col("raised_on").dt.year()),
}
SCHEMA = pl.Schema(
    {
        "theme": pl.String(),
        "funder_id": pl.String(),
        "year": pl.Int32(),
        "source": pl.String(),
        "file": pl.String(),
        "facts": pl.Int64(),
        "amount_eur": pl.Float64(),
        "known_from": pl.Date(),
        "known_to": pl.Date(),
    }
)


def with_file(lake: Lake, table: str) -> pl.LazyFrame | None:
    """Return the facts of a table and the `file` each comes from, None if there are none.

    A line found through an RNA number, a name or a succession has the file "identity".
    """
    # Events are derived whole by identity: as the sources gave them, they have their file.
    files = lake.raw_files(table) if table == "events" else lake.files(table)
    if not files:
        return None
    names = {m.ingest_id: m.file for m in lake.manifests()}
    ingest = pl.col("path").str.extract(r"([0-9a-f]{16})[/\\][a-z_]+[/\\][^/\\]+$")
    named = ingest.replace_strict(names, default="identity", return_dtype=pl.String)
    return (
        pl.scan_parquet(files, include_file_paths="path")
        .with_columns(named.alias("file"))
        .drop("path")
    )


def provenance(lake: Lake, siren: str, as_of: date | None = None) -> pl.DataFrame:
    """Return what the lake holds of a structure, known by `as_of` if it is given.

    Returns
    -------
    polars.DataFrame
        Columns of `SCHEMA`: one row a theme, funder (null where there is none), year, source and
        file. A line found through an RNA number, a name or a succession has the file "identity".
    """
    pieces = [pl.DataFrame(schema=SCHEMA)]
    for table, theme in _THEMES.items():
        every = with_file(lake, table)
        if every is None:
            continue
        facts = every.filter(pl.col("siren") == siren)
        if as_of is not None:
            facts = facts.filter(pl.col("known_on") <= as_of)
        has_funder = "funder_id" in facts.collect_schema()
        amount = pl.lit(None, dtype=pl.Float64)
        if theme.amount is not None:
            amount = pl.col(theme.amount).cast(pl.Float64)
        pieces.append(
            facts.select(
                pl.lit(theme.name).alias("theme"),
                (pl.col("funder_id") if has_funder else pl.lit(None, pl.String)).alias("funder_id"),
                theme.year.cast(pl.Int32).alias("year"),
                "source",
                "file",
                amount.alias("amount_eur"),
                "known_on",
            )
            .group_by("theme", "funder_id", "year", "source", "file")
            .agg(
                pl.len().cast(pl.Int64).alias("facts"),
                pl.col("amount_eur").sum(),
                pl.col("known_on").min().alias("known_from"),
                pl.col("known_on").max().alias("known_to"),
            )
            .select(list(SCHEMA))
            .collect()
        )
    order = {theme.name: at for at, theme in enumerate(_THEMES.values())}
    return pl.concat(pieces).sort(
        pl.col("theme").replace_strict(order, return_dtype=pl.Int32),
        "funder_id",
        "year",
        "source",
        "file",
        nulls_last=True,
    )
