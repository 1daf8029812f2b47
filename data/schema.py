"""What a canonical table is made of: columns, types, closed lists, patterns."""

from __future__ import annotations

from dataclasses import dataclass

import pandera.polars as pa
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
    """A canonical table: its name, what one row is, and its columns in order."""

    name: str
    row: str
    columns: dict[str, Column]

    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """Return column name -> Polars type, in order."""
        return {name: column.dtype for name, column in self.columns.items()}

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=self.schema())

    def contract(self) -> pa.DataFrameSchema:
        """Return the pandera schema that checks the table."""
        return pa.DataFrameSchema(
            {
                name: pa.Column(
                    column.dtype,
                    nullable=column.nullable,
                    checks=[
                        *([pa.Check.isin(list(column.values))] if column.values else []),
                        *([pa.Check.str_matches(column.pattern)] if column.pattern else []),
                    ],
                )
                for name, column in self.columns.items()
            },
            strict=True,
            ordered=True,
        )
