"""Frames of one observation day: what the indicators' expressions are written on.

Every frame is computed from facts with ``known_day <= as_of`` only. Amounts are integer cents and
weights are parts per million, so that sums are exact in any order and on any engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import narwhals as nw
import polars as pl

from features import coverage
from features.asof import to_day, window_edges
from features.engines.base import Engine, Frame
from features.facts import LIST, Facts, funder_names
from features.indicator import total

SLOTS = coverage.WINDOWS
_STEP = SLOTS + 2
PPM = 1_000_000
#: a structure counts as a peer's loss only above this amount, as in the target `funding_loss`
PEER_MIN_CENTS = 1_000_000


def _positive(column: str) -> nw.Expr:
    return nw.max_horizontal(nw.col(column), nw.lit(0)).alias(column)


def _slot_sums(amount: str, prefix: str, count: int) -> list[nw.Expr]:
    return [
        total(amount, nw.col("slot") == k).cast(nw.Int64).alias(f"{prefix}{k}")
        for k in range(count)
    ]


def known(frame: Frame, as_of: date) -> Frame:
    """Return the facts known by `as_of`."""
    return frame.filter(nw.col("known_day") <= to_day(as_of))


def standing(events: Frame, as_of: date) -> Frame:
    """Return the events known by `as_of` that no notice had taken back by then."""
    held = nw.col("retracted_day").is_null() | (nw.col("retracted_day") > to_day(as_of))
    return known(events, as_of).filter(held)


def _window(column: str, edges: list[int]) -> nw.Expr:
    chain = nw.when(nw.col(column) > edges[1]).then(nw.lit(0))
    for k in range(1, len(edges) - 1):
        chain = chain.when(nw.col(column) > edges[k + 1]).then(nw.lit(k))
    return chain.otherwise(nw.lit(-1)).cast(nw.Int64).alias("window")


def covered(grants: Frame, lists: pl.DataFrame, engine: Engine, as_of: date) -> pl.DataFrame:
    """Return the distinct funder, window, stage and partial of the lines known by a day."""
    inside = placed(grants, as_of).filter(nw.col("window") >= 0)
    found = engine.collect(inside.select("list", "window").unique())
    return found.join(lists, on="list").select("funder_id", "window", "stage", "partial")


def placed(grants: Frame, as_of: date) -> Frame:
    """Return the lines known by a day and of it or before, with their 12-month `window`."""
    edges = window_edges(as_of, months=12, count=SLOTS)
    lines = known(grants, as_of).filter(nw.col("event_day") <= to_day(as_of))
    return lines.with_columns(_window("event_day", edges))


def _lines(day: Day) -> Frame:
    facts = day.facts
    # One number for a list and a window: windows are fewer than the step.
    slots = day.slots.join(facts.lists, on=LIST).select(
        (pl.col("list").cast(pl.Int64) * _STEP + pl.col("window")).alias("_at"),
        "funder",
        "slot",
        "n_slots",
    )
    at = (nw.col("list").cast(nw.Int64) * _STEP + nw.col("window")).alias("_at")
    dated = placed(facts.grants, day.as_of).with_columns(at)
    lines = dated.join(facts.engine.small(slots), on="_at", how="left")
    return facts.engine.keep(lines.select(sorted(day.columns)) if day.columns else lines)


def _funders(lines: Frame) -> Frame:
    return (
        lines.filter(~nw.col("slot").is_null())
        .group_by("siren", "funder")
        .agg(
            # lists may disagree on the level; split by it, a funder would look lost, and found
            nw.col("level").min(),
            *_slot_sums("grant_cents", "s", SLOTS),
            total("contract_cents", nw.col("slot") == 0).cast(nw.Int64).alias("contract0"),
            nw.col("n_slots").max().alias("n_slots"),
        )
        .with_columns(*[_positive(f"s{k}") for k in range(SLOTS)], _positive("contract0"))
        .with_columns(
            nw.col("s0").sum().over("siren").cast(nw.Int64).alias("all0"),
            nw.col("s1").sum().over("siren").cast(nw.Int64).alias("all1"),
        )
        .with_columns(
            nw.when(nw.col("all0") > 0)
            .then(
                (nw.col("s0").cast(nw.Float64) * PPM / nw.col("all0").cast(nw.Float64) + 0.5)
                .floor()
                .cast(nw.Int64)
            )
            .alias("share0_ppm")
        )
    )


def _cells(lines: Frame) -> Frame:
    return (
        lines.filter(~nw.col("slot").is_null() & (nw.col("slot") < 3))
        .group_by("siren", "funder", "programme", "purpose_key")
        .agg(*_slot_sums("grant_cents", "q", 3))
        .with_columns(*[_positive(f"q{k}") for k in range(3)])
        .with_columns(nw.concat_str(["programme", "purpose_key"], separator="|").alias("cell"))
    )


def lost(now: str, before: str) -> nw.Expr:
    """Return whether over half of the amount of the slot before is gone."""
    return (nw.col(before) > 0) & (nw.col(now) * 2 < nw.col(before))


def flag(condition: nw.Expr) -> nw.Expr:
    """Return 1 where the condition holds, else 0."""
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0))


def _programmes(cells: Frame) -> Frame:
    return (
        cells.group_by("siren", "funder", "programme")
        .agg(*[nw.col(f"q{k}").sum().cast(nw.Int64).alias(f"p{k}") for k in range(3)])
        .with_columns(
            flag(nw.col("p1") > 0).alias("had1"),
            flag(lost("p0", "p1")).alias("lost1"),
            flag(nw.col("p2") > 0).alias("had2"),
            flag(lost("p1", "p2")).alias("lost2"),
        )
    )


def main_cell(cells: Frame, amount: str, name: str) -> Frame:
    """Return each structure's largest programme and purpose (ties: first in alphabetical order)."""
    top = cells.filter(nw.col(amount) > 0).filter(
        nw.col(amount) == nw.col(amount).max().over("siren")
    )
    return top.group_by("siren").agg(nw.col("cell").min().alias(name))


def _structures(facts: Facts, as_of: date) -> Frame:
    """Return one row a structure: what each source said last, the latest of those that say it.

    A source that does not know a column never erases what another knows; its own last word, even
    to say nothing more, replaces its earlier ones.
    """
    now = known(facts.structures, as_of)
    day = nw.col("known_day")
    last = now.filter(day == day.max().over("siren", "source")).with_columns(
        nw.when(nw.col("esus"))
        .then(nw.lit(1))
        .when(~nw.col("esus"))
        .then(nw.lit(0))
        .cast(nw.Int64)
        .alias("esus"),
    )
    columns = set(last.collect_schema().names()) - {"siren", "source", "known_day"}
    said = last.with_columns(
        nw.when(~nw.col(c).is_null()).then(day).max().over("siren").alias(f"{c}_said")
        for c in sorted(columns)
    )
    return said.group_by("siren").agg(
        day.max().alias("known_day"),
        *(nw.when(day == nw.col(f"{c}_said")).then(nw.col(c)).max() for c in sorted(columns)),
    )


def _ended(facts: Facts, as_of: date) -> Frame:
    kinds = ["safeguard", "receivership", "liquidation", "dissolution", "cessation", "merger"]
    return (
        standing(facts.events, as_of)
        .filter(nw.col("kind").is_in(kinds))
        .select("siren", nw.lit(1).alias("ended"))
        .unique()
    )


@dataclass(frozen=True)
class Day:
    """Frames of some structures, whole or a shard of them, as known on one day.

    Each is computed when it is first asked for, and kept. `slots` are those of `features.coverage`
    for all funders. `columns` are those of the lines that are read, all if none are given.
    """

    facts: Facts
    as_of: date
    slots: pl.DataFrame
    columns: frozenset[str] = frozenset()

    @cached_property
    def lines(self) -> Frame:
        """Grant lines known; `slot` and `funder` are null outside the covered windows."""
        return _lines(self)

    @cached_property
    def funders(self) -> Frame:
        """Structure × funder: s0…s5 (cents by slot), contract0, n_slots, share0_ppm."""
        return self.facts.engine.keep(_funders(self.lines))

    @cached_property
    def cells(self) -> Frame:
        """Structure × funder × programme × purpose: q0, q1, q2 (cents by slot)."""
        return self.facts.engine.keep(_cells(self.lines))

    @cached_property
    def programmes(self) -> Frame:
        """Structure × funder × programme: funder_id, p0, p1, p2, had1, lost1, had2, lost2."""
        return self.facts.engine.keep(self.named(_programmes(self.cells)))

    def named(self, rows: Frame) -> Frame:
        """Return rows with the name of their funder, `funder_id`, beside its number, `funder`."""
        names = self.facts.engine.small(funder_names(self.facts))
        return rows.join(names, on="funder", how="left")

    @cached_property
    def structures(self) -> Frame:
        """Return one row a structure described by some directory."""
        return self.facts.engine.keep(_structures(self.facts, self.as_of))

    @cached_property
    def ended(self) -> Frame:
        """Structure: `ended` 1 after a failure, merger or cessation known by the day."""
        return self.facts.engine.keep(_ended(self.facts, self.as_of))
