"""What a canonical table is made of: columns, types, closed lists, patterns."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from data.errors import VeilleError

EUR = pl.Decimal(18, 2)


class ContractError(VeilleError):
    """A table breaks its contract."""


@dataclass(frozen=True)
class Column:
    """One column: type, whether null is allowed, closed list of values or pattern, meaning."""

    dtype: pl.DataType | type[pl.DataType]
    meaning: str
    nullable: bool = False
    values: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class Table:
    """A canonical table: its name, what one row is, its columns in order.

    Every row has a value in at least one column of `one_of`, where there are some.
    """

    name: str
    row: str
    columns: dict[str, Column]
    one_of: tuple[str, ...] = ()

    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Return column name -> Polars type, in order."""
        return {name: column.dtype for name, column in self.columns.items()}

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=self.schema())

    def faults(self, frame: pl.DataFrame) -> dict[str, list[object]]:
        """Return, by column of a frame of this schema, up to five values outside the contract.

        Values are looked at once each, so that a million lines of few funders cost little.
        """
        found: dict[str, list[object]] = {}
        for name, column in self.columns.items():
            values = frame[name]
            nulls = values.null_count()
            if not column.nullable and nulls:
                found[name] = [None]
            elif nulls < frame.height and (column.values or column.pattern):
                known = values.unique().drop_nulls()
                if column.values:
                    known = known.filter(~known.is_in(list(column.values)))
                else:
                    known = known.filter(~known.str.contains(column.pattern))
                found[name] = known.head(5).to_list()
        if self.one_of:
            none = frame.filter(pl.all_horizontal(pl.col(self.one_of).is_null())).height
            found[" / ".join(self.one_of)] = [None] * min(none, 1)
        return {name: values for name, values in found.items() if values}
