"""Lines that a file brings again: the same line of one published list, already in the lake.

One list may come twice, whole or in part: by its own connector and inside a national harvest, or
in two exports that overlap. The n-th line of a list in one file and the n-th equal line in another
are one fact; two equal lines of one file stay two. Lines are compared by a 64-bit hash of
`data.drafts.SAME`: over twenty million lines, the odds that two different ones meet are one
in a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from data.drafts import SAME, Draft, known_days, write_part
from data.rejects import reject


def drop_repeated(table: str, drafts: Sequence[Draft], earlier: Sequence[pl.Series]) -> None:
    """Move from facts to rejects the lines that the lake, or an earlier draft, already has.

    Parameters
    ----------
    table : str
        A table of `data.drafts.SAME`.
    drafts : sequence of Draft
        Drafts in the order in which they will be visible; their files and counts are updated.
    earlier : sequence of polars.Series
        Hashes of the lines of each ingest that may hold some of those of the drafts.
    """
    lines = [
        pl.DataFrame({"key": keys}).select(
            "key",
            pl.lit(at, dtype=pl.Int32).alias("draft"),
            pl.lit(part, dtype=pl.Int32).alias("part"),
            pl.int_range(pl.len(), dtype=pl.Int64).alias("row"),
        )
        for at, made in enumerate(drafts)
        for (name, part), keys in made.keys.items()
        if name == table
    ]
    if not lines or (len(drafts) == 1 and not earlier):
        return
    fresh = pl.concat(lines)
    known = pl.concat(earlier) if earlier else pl.Series([], dtype=pl.UInt64)
    shared = fresh.filter(pl.col("key").is_in(known.implode()) | pl.col("key").is_duplicated())
    before = (
        known.filter(known.is_in(shared["key"].implode()))
        .alias("key")
        .to_frame()
        .group_by("key")
        .agg(pl.len().cast(pl.Int64).alias("known"))
    )
    counted = (
        shared.group_by("key", "draft")
        .agg(pl.len().cast(pl.Int64).alias("count"))
        .sort("key", "draft")
        .with_columns(pl.col("count").cum_max().shift(1, fill_value=0).over("key").alias("earlier"))
        .join(before, on="key", how="left")
        .select(
            "key", "draft", pl.max_horizontal("earlier", pl.col("known").fill_null(0)).alias("had")
        )
    )
    again = (
        shared.sort("draft", "part", "row")
        .with_columns(pl.int_range(pl.len()).over("key", "draft").alias("nth"))
        .join(counted, on=["key", "draft"], how="left")
        .filter(pl.col("nth") < pl.col("had"))
    )
    for rows in again.partition_by("draft", "part", maintain_order=True):
        _move(drafts[rows["draft"][0]], table, rows["part"][0], rows["row"])


def _move(made: Draft, table: str, part: int, rows: pl.Series) -> None:
    """Move the given rows of one part of a table of a draft to its rejects."""
    folder = made.folder / table
    path = folder / f"part-{part}.parquet"
    facts = pl.read_parquet(path).with_row_index("at")
    again = facts.filter(pl.col("at").is_in(rows.implode()))
    kept = facts.filter(~pl.col("at").is_in(rows.implode())).drop("at")
    write_part(kept, folder, part)
    made.tables[table] -= again.height
    key = f"{table}/{part}"
    made.known.pop(key)
    if kept.height:
        made.known[key] = known_days(kept)
    others = [
        pl.read_parquet(file, columns=["source_row"])["source_row"]
        for file in made.folder.glob(f"*/{path.name}")
        if file.parent.name not in {"rejects", "named"}
    ]
    # A row that gave several facts, some of them repeated, is kept.
    gone = again["source_row"].unique()
    lost = gone.filter(~gone.is_in(pl.concat(others).implode())).len()
    # Beside the part's own rejects.
    number = 1_000_000 * (1 + list(SAME).index(table)) + part
    column = "dataset" if table == "grants" else "payment_id"
    write_part(reject(again, "duplicate_line", column=column), made.folder / "rejects", number)
    made.rows_kept -= lost
    made.rows_rejected += lost
    if lost:
        made.reasons["duplicate_line"] = made.reasons.get("duplicate_line", 0) + lost
