"""Lines that a file brings again: the same line of one published list, already in the lake.

One list may come twice, whole or in part: by its own connector and inside a national harvest, or
in two exports that overlap. The n-th line of a list in one file and the n-th equal line in another
are one fact; two equal lines of one file stay two. Lines are compared by a 64-bit hash of
`data.drafts.SAME`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from data.drafts import SAME, Draft, known_days, write_part
from data.keys import nth_of_equals
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
    parts = [
        (made, part, pl.Series(keys))
        for made in drafts
        for (name, part), keys in made.keys.items()
        if name == table
    ]
    if not parts or (len(drafts) == 1 and not earlier):
        return
    place = {id(made): at for at, made in enumerate(drafts, 1)}
    of_lake = pl.concat([pl.Series([], dtype=pl.UInt64), *earlier])
    again = _again([(0, of_lake), *((place[id(made)], keys) for made, _, keys in parts)])
    start = of_lake.len()
    for made, part, keys in parts:
        rows = again.slice(start, keys.len()).arg_true()
        start += keys.len()
        if rows.len():
            _move(made, table, part, rows)


def _again(lots: Sequence[tuple[int, pl.Series]]) -> pl.Series:
    """Tell which keys, of all lots end to end, an earlier owner already has as many times.

    A lot is its owner's number, never less than the one before, and its keys.
    """
    keys = pl.concat([some for _, some in lots])
    owners = pl.concat([pl.repeat(at, some.len(), dtype=pl.Int32, eager=True) for at, some in lots])
    shared = keys.is_duplicated()
    twins = pl.DataFrame({"key": keys.filter(shared), "owner": owners.filter(shared)})
    nth = nth_of_equals(twins.hash_rows())
    seen = ~twins.select("key", nth).hash_rows().is_first_distinct()
    return shared.scatter(shared.arg_true(), seen)


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
