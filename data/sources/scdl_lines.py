"""Lines of a list of grants: put in order, and sorted from what is not a grant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from data.rejects import empty_rejects, reject
from data.sources.scdl_realign import realign, well_formed
from data.sources.text import mend_column

if TYPE_CHECKING:
    from data.sources.scdl_columns import Columns
    from data.sources.tabular import Table

#: meanings read as text, in every table of lines (null where the file has no such column)
TEXTS = (
    "beneficiary_id",
    "beneficiary_siren",
    "beneficiary_rna",
    "beneficiary_name",
    "funder_id",
    "funder_name",
    "date",
    "decision_date",
    "year",
    "edition",
    "period",
    "period_start",
    "period_end",
    "purpose",
    "programme",
    "instrument",
    "status",
    "multi_year",
    "departement",
    "place",
    "postcode",
)
_MENDED = ("beneficiary_name", "funder_name", "purpose", "programme", "instrument", "status")
_TOTAL = (
    r"(?i)^(?:sous[- ]?)?tota(?:l|ux)"
    r"(?:\s+(?:g[ée]n[ée]ral|des?\b.*|par\b.*|subventions?.*|\d{4}))?\s*:?$"
)
_AGGREGATE = (
    r"(?i)^(?:divers|autres?|particuliers?|personnes? physiques?|anonymes?|multiples?"
    r"|b[ée]n[ée]ficiaires? divers|(?:divers|autres|plusieurs) b[ée]n[ée]ficiaires?)$"
)


def money(at: int) -> str:
    """Return the name of the text column of the `at`-th amount."""
    return f"money{at}"


def sort_lines(
    table: Table, columns: Columns, repeated: pl.Series | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines that may be grants, and the rejects of the others.

    The lines have `source_row`, the text columns of `TEXTS` and one `money…` text column per
    amount. Rejected here, for one reason each: lines that do not fit the header
    (wrong_field_count), empty lines, notes (unreadable), totals, aggregates, exact copies
    (`repeated` tells which lines copy one of an earlier piece of the file).
    """
    frame, broken = _aligned(table, columns)
    cells = [name for name in frame.columns if name.startswith("c")]
    frame = frame.with_columns(pl.when(pl.col(cells) != "NA").then(pl.col(cells)).name.keep())
    frame = frame.with_columns(
        *(
            (
                pl.col(f"c{columns.at[meaning]}")
                if meaning in columns.at
                else pl.lit(None, dtype=pl.String)
            ).alias(meaning)
            for meaning in TEXTS
        ),
        *(
            pl.col(f"c{column.at}").alias(money(place))
            for place, column in enumerate(columns.amounts)
        ),
        pl.concat_str(cells, separator=" ", ignore_nulls=True).alias("line"),
        (
            pl.struct(cells).is_first_distinct()
            & ~(pl.lit(value=False) if repeated is None else pl.lit(repeated))
        ).alias("first"),
    )
    frame = frame.with_columns(mend_column(frame[meaning]).alias(meaning) for meaning in _MENDED)
    amounts = [money(place) for place in range(len(columns.amounts))]
    identified = ["beneficiary_id", "beneficiary_siren", "beneficiary_rna"]
    nobody = pl.all_horizontal(pl.col(identified).is_null())
    needed = [*identified, "beneficiary_name", *amounts, "date", "purpose"]
    # A short line is sound as far as it goes: it must reach the columns nothing can replace.
    reach = max(
        [
            *(columns.at[name] for name in identified if name in columns.at),
            *(column.at for column in columns.amounts),
        ]
    )
    short = (pl.col("fields") <= reach) & pl.lit(bool(table.separator))
    any_cell = pl.coalesce(*(pl.col(name) for name in cells))
    name = pl.coalesce("beneficiary_name", any_cell)
    written = pl.sum_horizontal(pl.col(cells).is_not_null())
    reason = (
        pl.when(pl.col("source_row").is_in(broken))
        .then(pl.lit("wrong_field_count"))
        .when(pl.all_horizontal(pl.col(needed).is_null()) & ((written == 0) | (written > 1)))
        .then(pl.lit("empty_line"))
        .when(nobody & (name.str.contains(_TOTAL) | any_cell.str.contains(_TOTAL)))
        .then(pl.lit("total_line"))
        .when(written == 1)
        .then(pl.lit("unreadable"))
        .when(short)
        .then(pl.lit("wrong_field_count"))
        .when(nobody & pl.col("beneficiary_name").str.contains(_AGGREGATE))
        .then(pl.lit("aggregate_line"))
        .when(~pl.col("first"))
        .then(pl.lit("duplicate_line"))
    )
    frame = frame.with_columns(reason.alias("reason"))
    rejects = [
        reject(
            frame.filter(pl.col("reason") == code),
            code,
            value=pl.col("line").str.slice(0, 200),
        )
        for code in frame["reason"].drop_nulls().unique(maintain_order=True)
    ]
    lines = frame.filter(pl.col("reason").is_null()).select("source_row", *TEXTS, *amounts)
    return lines, pl.concat([empty_rejects(), *rejects])


def _aligned(table: Table, columns: Columns) -> tuple[pl.DataFrame, list[int]]:
    """Return the table with its cut lines put back together, and the lines that could not be."""
    repaired: list[dict[str, object]] = []
    broken: list[int] = []
    width = len(table.header)
    for line, row in table.ragged.items():
        spare = not "".join(row[width:]).strip()
        if spare and well_formed(row[:width], columns):
            continue  # separators added at the end of the line
        cells = realign(row, width, columns, table.separator)
        if cells is None and not spare:
            broken.append(line)
        elif cells is not None:
            texts = {f"c{at}": cell or None for at, cell in enumerate(cells)}
            repaired.append({"source_row": line, **texts})
    if not repaired:
        return table.frame, broken
    mended = pl.DataFrame(repaired, schema={name: table.frame.schema[name] for name in repaired[0]})
    return table.frame.update(mended, on="source_row", include_nulls=True), broken
