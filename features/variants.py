"""One number of one structure, computed again from any choice of its facts.

Many choices are computed at once, each as a structure of its own under another number. What all
structures share on the day is as the whole lake says, but for the public budgets left out.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import polars as pl

from features.engines.base import Engine, Frame
from features.engines.polars_engine import PolarsEngine
from features.facts import BY_FUNDER, BY_STRUCTURE, prepare
from features.frames import Day
from features.indicator import Indicator
from features.panel import begin, complete
from features.shards import Shards
from features.shared import Shared, Sums, added, share
from features.wanted import wanted

Value = float | str | None
#: facts that one computation reads at once, and choices that one is tried in
_BATCH_ROWS = 1_000_000
_ORDERS = 8
_ONE = 1
#: table -> what is moved by a day, or by a cent, to see whether the number follows
_MOVED = {
    "grants": ("decided_day", "amount_cents"),
    "payments": ("due_day", "paid_day", "amount_cents"),
    "debts": ("due_cents", "outstanding_cents"),
    "accounts": ("filed_day", "closed_day"),
    "alerts": ("raised_day",),
    "structures": ("created_day", "budget_cents"),
}


@dataclass(frozen=True)
class _Tables:
    tables: dict[str, pl.DataFrame]

    def load(self, engine: Engine, table: str) -> Frame:
        """Return table `table`, in `engine`."""
        return engine.small(self.tables[table])


class Variants:
    """One indicator of one structure, from any of the facts known by a day.

    `known` gives the facts by table: of the structure, and all those of funders. `facts` is the
    same, each with its `_row`; a choice is a set of these rows.
    """

    def __init__(
        self, indicator: str, as_of: date, known: Mapping[str, pl.DataFrame], shards: Shards
    ) -> None:
        self.wants = wanted([indicator])
        self.indicator: Indicator = self.wants.indicators[0]
        self.engine = PolarsEngine()
        self._as_of, self._shards = as_of, shards
        self._parts = shards.parts(as_of) if self.wants.shared else []
        self.facts: dict[str, pl.DataFrame] = {}
        at = 0
        for table, facts in known.items():
            rows = facts.with_row_index("_row", offset=at)
            self.facts[table] = rows.with_columns(pl.col("_row").cast(pl.Int64))
            at += rows.height
        self._moved: dict[str, pl.DataFrame] = {}
        self.moves: dict[int, int] = {}
        for table, columns in _MOVED.items():
            self._moved[table] = self._move(table, columns, at)
            at += self._moved[table].height

    def _move(self, table: str, columns: Sequence[str], at: int) -> pl.DataFrame:
        """Return the facts of a table with one value moved a little, each as a row of its own."""
        rows = self.facts[table]
        pieces = [
            rows.filter(pl.col(column).is_not_null()).with_columns(
                pl.col(column) + _ONE, pl.col("_row").alias("_of")
            )
            for column in columns
        ]
        moved = pl.concat(pieces).with_columns(
            pl.int_range(at, at + sum(p.height for p in pieces), dtype=pl.Int64).alias("_row")
        )
        self.moves.update(zip(moved["_row"], moved["_of"], strict=True))
        return moved.drop("_of")

    def rows_of(self, tables: Collection[str]) -> frozenset[int]:
        """Return the facts of some tables."""
        return frozenset().union(*(self.facts[table]["_row"] for table in tables))

    def values(self, choices: Sequence[frozenset[int]]) -> list[Value]:
        """Return the number that each choice of the structure's facts gives."""
        found: list[Value] = []
        for batch in self._batches(choices):
            rows = self.table(batch)
            found += rows.sort("siren")[self.indicator.name].to_list()
        return found

    def _batches(self, choices: Sequence[frozenset[int]]) -> Iterator[Sequence[frozenset[int]]]:
        start, size = 0, 0
        for at, choice in enumerate(choices):
            size += len(choice)
            if size > _BATCH_ROWS and at > start:
                yield choices[start:at]
                start, size = at, len(choice)
        if choices:
            yield choices[start:]

    def day(self, choices: Sequence[frozenset[int]], without: Collection[int] = ()) -> Day:
        """Return the frames of some choices, `without` some facts of the funders."""
        at = [i for i, choice in enumerate(choices) for _ in choice]
        pairs = pl.DataFrame(
            {"_at": at, "_row": [row for choice in choices for row in choice]},
            schema={"_at": pl.Int64, "_row": pl.Int64},
        )
        tables = {}
        for table in BY_STRUCTURE:
            moved = [self._moved[table]] if table in self._moved else []
            rows = pl.concat([self.facts[table], *moved])
            tables[table] = pairs.join(rows, on="_row").with_columns(
                pl.col("_at").cast(pl.String).str.zfill(9).alias("siren")
            )
        for table in BY_FUNDER:
            tables[table] = self.facts[table].filter(~pl.col("_row").is_in(list(without)))
        facts = prepare(_Tables(tables), self.engine)
        return Day(facts, self._as_of, self._shards.slots[self._as_of])

    def totals(self) -> Sums:
        """Return what all structures share, as sums; empty where the number needs none."""
        return added(self._parts) if self._parts else {}

    def shared(self, without: Collection[int] = ()) -> Shared | None:
        """Return what all structures share, some public budgets left out."""
        if not self.wants.shared:
            return None
        budgets = self.facts["budgets"].filter(~pl.col("_row").is_in(list(without)))
        narrow = budgets.select(BY_FUNDER["budgets"]).rename({"amount_cents": "cents"})
        return share(self._parts, narrow, self._as_of)

    def table(
        self, choices: Sequence[frozenset[int]], without: Collection[int] = ()
    ) -> pl.DataFrame:
        """Return, a row a choice (`siren`: its place), the number and all that it is made of."""
        day = self.day(choices, without)
        names = pl.DataFrame({"siren": [f"{k:09d}" for k in range(len(choices))]})
        begun = begin(day.facts, self._as_of, day.slots, self.wants, self.engine.small(names))
        rows = complete(begun, self.shared(without), self.engine, self._as_of, self.wants)
        if self.indicator.grain == "panel":
            rows = rows.with_columns(self.indicator.expr.alias(self.indicator.name))
        kind = nw.Float64 if self.indicator.kind == "numeric" else nw.String
        return self.engine.collect(rows.with_columns(nw.col(self.indicator.name).cast(kind)))

    def orders(self, rows: Sequence[int]) -> list[Sequence[int]]:
        """Return orders in which facts are added one by one: by row, reversed, and at random."""
        rng = random.Random(0)  # noqa: S311 - the same answer each time, nothing secret
        cost = len(rows) * len(rows) // 2 or 1
        many = max(1, min(_ORDERS, 20 * _BATCH_ROWS // cost))
        return [rows, rows[::-1], *(rng.sample(rows, len(rows)) for _ in range(many))]
