"""The rows of one day: structure × indicators, in two steps that a shard can stop between.

`begin` gives all that some structures say by themselves; `finish` adds the figures that all
structures share. `compute_day` does both for all structures at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import polars as pl

from features import budgets, coverage, debts, dues, payments
from features.asof import to_day
from features.engines.base import Engine, Frame
from features.facts import Facts
from features.frames import Day, covered, known, main_cell
from features.shared import Shared, Sums, share, sums
from features.wanted import Wanted, wanted

#: a structure is in the panel if it got a grant in this many latest slots, or is in the directory
RECENT_SLOTS = 3
#: grain -> its frame of a day
FRAMES: dict[str, Callable[[Day], Frame]] = {
    "line": lambda day: day.lines,
    "funder": lambda day: day.funders,
    "programme": lambda day: day.programmes,
    "payment": payments.states,
    "delay": payments.delays,
    "debt": debts.debts,
    "account": dues.accounts,
    "alert": dues.alerts,
}
_PROGRAMMES = ("siren", "funder_id", "programme", "p0", "p1")


@dataclass(frozen=True)
class Begun:
    """Some structures on one day: their own figures, and their part in what all share.

    `rows` has one row a structure; `programmes` is None where no indicator reads it.
    """

    rows: Frame
    programmes: Frame | None
    sums: Sums | None


def population(day: Day) -> Frame:
    """Return the structures (`siren`) that belong to the panel of a day."""
    funded = (
        day.lines.filter(~nw.col("slot").is_null() & (nw.col("slot") < RECENT_SLOTS))
        .select("siren")
        .unique()
    )
    listed = day.structures.filter(nw.col("ceased_day").is_null()).select("siren")
    return (
        nw.concat([funded, listed], how="vertical").unique().join(day.ended, on="siren", how="anti")
    )


def _main_purpose(day: Day) -> Frame:
    by_kind = (
        day.lines.filter((nw.col("slot") == 0) & (nw.col("grant_cents") > 0))
        .group_by("siren", "purpose_kind")
        .agg(nw.col("grant_cents").sum().alias("cents"))
    )
    top = by_kind.filter(nw.col("cents") == nw.col("cents").max().over("siren"))
    return top.group_by("siren").agg(nw.col("purpose_kind").min().alias("_main_purpose"))


def _main_programme(day: Day) -> Frame:
    top = day.programmes.filter(nw.col("p0") > 0).filter(
        nw.col("p0") == nw.col("p0").max().over("siren")
    )
    named = top.with_columns(
        nw.when(nw.col("programme") == "?")
        .then(nw.col("funder_id"))
        .otherwise(nw.col("programme"))
        .alias("named")
    )
    return named.group_by("siren").agg(nw.col("named").min().alias("_main_programme"))


def begin(
    facts: Facts,
    as_of: date,
    slots: pl.DataFrame,
    wants: Wanted,
    members: Frame | None = None,
) -> Begun:
    """Return what structures say by themselves on one day.

    Parameters
    ----------
    facts : Facts
        All facts, or those of a shard of structures.
    as_of : datetime.date
        The day.
    slots : polars.DataFrame
        Slots of all funders on that day (`features.coverage`).
    wants : Wanted
        What is to be computed.
    members : narwhals.LazyFrame, optional
        The structures (`siren`); those that belong to the panel on that day if not given. Chosen
        ones have no part in what all structures share.
    """
    day = Day(facts, as_of, slots, wants.line_columns)
    rows = population(day) if members is None else members
    for grain, frame_of in FRAMES.items():
        exprs = wants.aggregates(grain)
        if exprs:
            rows = rows.join(frame_of(day).group_by("siren").agg(*exprs), on="siren", how="left")
    own = [i.expr.alias(i.name) for i in wants.of("structure")]
    rows = rows.join(
        day.structures.with_columns(*own) if own else day.structures, on="siren", how="left"
    )
    if "_main_purpose" in wants.columns:
        rows = rows.join(_main_purpose(day), on="siren", how="left")
    if "_main_programme" in wants.columns:
        rows = rows.join(_main_programme(day), on="siren", how="left")
    if "peer" in wants.grains:
        rows = rows.join(main_cell(day.cells, "q0", "_cell"), on="siren", how="left")
    return Begun(
        rows=rows,
        programmes=day.programmes.select(*_PROGRAMMES) if "budget" in wants.grains else None,
        sums=sums(day) if wants.shared and members is None else None,
    )


def complete(
    begun: Begun, shared: Shared | None, engine: Engine, as_of: date, wants: Wanted
) -> Frame:
    """Return the rows of `begun` with all that the expressions of grain "panel" read."""
    rows = begun.rows.with_columns(nw.lit(to_day(as_of)).alias("_as_of_day"))
    if shared is not None:
        if begun.programmes is not None:
            exposed = budgets.exposures(begun.programmes, engine.small(shared.programmes))
            budget = exposed.group_by("siren").agg(*wants.aggregates("budget"))
            rows = rows.join(budget, on="siren", how="left")
        if "peer" in wants.grains:
            cells = engine.small(
                shared.cells.rename({"cell": "_cell", "peer_loss_ppm": "_peer_loss_ppm"})
            )
            rows = rows.join(cells, on="_cell", how="left")
        for by in ("sector", "departement") if "place" in wants.grains else ():
            rows = rows.join(engine.small(getattr(shared, by)), on=by, how="left")
    return engine.keep(rows)


def finish(
    begun: Begun, shared: Shared | None, engine: Engine, as_of: date, wants: Wanted
) -> Frame:
    """Return `structure_id` and the indicators wanted, in order, of the structures begun."""
    return complete(begun, shared, engine, as_of, wants).select(
        nw.col("siren").alias("structure_id"),
        *[
            (i.expr if i.grain == "panel" else nw.col(i.name))
            .cast(nw.Float64 if i.kind == "numeric" else nw.String)
            .alias(i.name)
            for i in wants.indicators
        ],
    )


def compute_day(facts: Facts, as_of: date, only: Collection[str] | None = None) -> pl.DataFrame:
    """Return the panel rows of one day: `structure_id`, `as_of`, then every indicator in order.

    Structures that ended, as known by `as_of` (failure, merger, cessation), are left out. `only`
    names the indicators to compute, all of the catalogue if None.
    """
    wants, engine = wanted(only), facts.engine
    slots = coverage.slots(covered(facts.grants, facts.lists, engine, as_of))
    begun = begin(facts, as_of, slots, wants)
    shared = None
    if begun.sums is not None:
        shared = share([begun.sums], engine.collect(known(facts.budgets, as_of)), as_of)
    rows = engine.collect(finish(begun, shared, engine, as_of, wants))
    return dated(rows.sort("structure_id"), as_of)


def dated(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the rows of `finish`, sorted by structure, as those of a panel: `as_of` added."""
    return rows.select("structure_id", pl.lit(as_of).alias("as_of"), pl.exclude("structure_id"))
