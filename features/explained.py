"""The very facts that made one number, and the steps between.

A fact is *decisive* if the number would be another without it. It *counts* if it is decisive, or if
the number follows when its amount or its day moves by one (a mean of equal delays is the same
without any of them). Where these facts alone would not give the number (the only funder's share is
100 % whichever line is left out), all facts that can change it count.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl

from data.errors import VeilleError
from features.budgets import exposures
from features.catalogue import catalogue_hash
from features.engines.base import Engine, Frame
from features.engines.polars_engine import PolarsEngine
from features.facts import BY_FUNDER, BY_STRUCTURE, funder_names, prepare
from features.frames import Day
from features.indicator import Indicator
from features.job import alone
from features.lake_facts import LakeFacts
from features.panel import FRAMES, population
from features.progress import Progress
from features.shards import Shards
from features.variants import Value, Variants
from features.wanted import columns, wanted

Row = dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """One number and what made it.

    `facts`: by table, the facts known by the day of the structure, and of its funders, that could
    matter, with `file`, `source_row`, `counts` and `decisive`. `inputs`: what a formula on the
    whole structure reads. `steps`: by grain, the rows that aggregates run on; amounts are in cents,
    shares and rates in parts per million. `in_panel`: whether the day's panel has the structure.
    """

    indicator: Indicator
    siren: str
    as_of: date
    value: Value
    in_panel: bool
    facts: dict[str, pl.DataFrame]
    inputs: dict[str, Value]
    steps: dict[str, pl.DataFrame]


@dataclass(frozen=True)
class _One:
    """The facts of one structure."""

    files: LakeFacts
    siren: str

    def load(self, engine: Engine, table: str) -> Frame:
        """Return table `table`, in `engine`."""
        rows = self.files.load(engine, table)
        return rows.filter(nw.col("siren") == self.siren) if table in BY_STRUCTURE else rows


def explain(
    files: LakeFacts, home: Path, indicator: str, siren: str, as_of: date, progress: Progress
) -> Explanation:
    """Return what made the number of a structure on a day.

    Raises
    ------
    VeilleError
        The indicator does not exist, or nothing is known of the structure by that day.
    """
    wants = wanted([indicator])
    known = {table: files.known(table, as_of, siren) for table in BY_STRUCTURE}
    if all(rows.is_empty() for rows in known.values()):
        raise VeilleError(
            "Le lac ne sait rien de cette structure.",
            code="nothing-known",
            where="--explain",
            received=f"{siren}, au {as_of}",
            expected="le SIREN d'une structure connue à cette date",
            todo=f"« veille quality --structure {siren} » dit ce que l'on sait d'elle",
        )
    content = json.dumps([catalogue_hash(), indicator, as_of.isoformat(), files.known_hash(as_of)])
    key = hashlib.sha256(f"explain {content}".encode()).hexdigest()[:24]
    with alone(home):
        shards = Shards(files, home, wants)
        shards.begin({as_of: key}, progress)
        known |= {table: files.known(table, as_of) for table in BY_FUNDER}
        variants = Variants(indicator, as_of, known, shards)
        own = variants.rows_of(BY_STRUCTURE)
        progress("lignes", 0.85)
        made = variants.table([own]).row(0, named=True)
        counts, decisive = _made(variants, own)
        steps = _steps(variants, own, made)
        shards.clear(as_of)
    engine = PolarsEngine()
    today = Day(prepare(_One(files, siren), engine), as_of, shards.slots[as_of])
    read = sorted(columns(variants.indicator.expr)) if variants.indicator.grain == "panel" else []
    return Explanation(
        indicator=variants.indicator,
        siren=siren,
        as_of=as_of,
        value=made[indicator],
        in_panel=not engine.collect(population(today)).is_empty(),
        facts=_marked(variants, counts, decisive),
        inputs={name: made[name] for name in read if name in made and name != "_as_of_day"},
        steps=steps,
    )


def _made(variants: Variants, own: frozenset[int]) -> tuple[set[int], set[int]]:
    """Return the facts that count, and those that are decisive."""
    (value, *without) = variants.values(
        [own, *(own - variants.rows_of([table]) for table in BY_STRUCTURE)]
    )
    used = [t for t, found in zip(BY_STRUCTURE, without, strict=True) if found != value]
    rows = sorted(variants.rows_of(used))
    alone_out = variants.values([own - {row} for row in rows])
    decisive = {row for row, found in zip(rows, alone_out, strict=True) if found != value}
    moves = [(new, row) for new, row in variants.moves.items() if row in set(rows)]
    moved = variants.values([own - {row} | {new} for new, row in moves])
    counts = decisive | {
        row for (_, row), found in zip(moves, moved, strict=True) if found != value
    }
    rest = own - set(rows)
    if variants.values([rest | counts]) != [value]:
        counts |= _that_can(variants, rows, rest)
    said = _of_funders(variants, own, value)
    return counts | said, decisive | said


def _that_can(variants: Variants, rows: list[int], rest: frozenset[int]) -> set[int]:
    """Return the facts that change the number in one context or another, added one by one."""
    found = set()
    for order in variants.orders(rows):
        prefixes = [rest | frozenset(order[:k]) for k in range(len(order) + 1)]
        values = variants.values(prefixes)
        found |= {row for k, row in enumerate(order) if values[k + 1] != values[k]}
    return found


def _of_funders(variants: Variants, own: frozenset[int], value: Value) -> set[int]:
    """Return the facts of funders that made the number: enough to give it, none too many."""
    if not variants.wants.grains & {"budget", "delay"}:
        return set()
    rows = _candidates(variants).sort("known_day", descending=True)["_row"]
    if variants.table([own], rows)[variants.indicator.name].to_list() == [value]:
        return set()
    gone: set[int] = set()
    kept: set[int] = set()
    # of a figure told twice, the first known is kept
    for row in rows:
        without = variants.table([own], gone | {row})
        if without[variants.indicator.name].to_list() == [value]:
            gone.add(row)
        else:
            kept.add(row)
    return kept


def _candidates(variants: Variants) -> pl.DataFrame:
    """Return the facts (`_row`, `known_day`) of the structure's funders and programmes."""
    lines = variants.facts["grants"]
    funders = lines.select("funder_id").unique()
    programmes = lines.select("programme").unique()
    budgets = variants.facts["budgets"].join(funders, on="funder_id", how="semi")
    pieces = [
        budgets.filter(
            pl.col("programme").is_null()
            | pl.col("programme").is_in(programmes["programme"].to_list())
        ),
        variants.facts["funder_delays"].join(funders, on="funder_id", how="semi"),
    ]
    return pl.concat(piece.select("_row", "known_day") for piece in pieces)


def _marked(variants: Variants, counts: set[int], decisive: set[int]) -> dict[str, pl.DataFrame]:
    """Return the facts of the tables that matter, those that count first."""
    near = set(_candidates(variants)["_row"]) if counts else set()
    found = {}
    for table, every in variants.facts.items():
        rows = every.filter(pl.col("_row").is_in(list(near))) if table in BY_FUNDER else every
        if not counts & set(rows["_row"]):
            continue
        found[table] = (
            rows.with_columns(
                pl.col("_row").is_in(list(counts)).alias("counts"),
                pl.col("_row").is_in(list(decisive)).alias("decisive"),
            )
            .sort("counts", "known_on", "_row", descending=[True, False, False])
            .drop("_row")
        )
    return found


def _steps(variants: Variants, own: frozenset[int], made: Row) -> dict[str, pl.DataFrame]:
    """Return, by grain, the rows of the structure that aggregates run on, and what all share."""
    day, collect = variants.day([own]), variants.engine.collect
    grains = variants.wants.grains
    found = {grain: collect(of(day)) for grain, of in FRAMES.items() if grain in grains}
    lists, names = day.facts.lists.select("list", "funder_id"), funder_names(day.facts)
    for grain, number, funders in (
        ("line", "list", lists),
        ("funder", "funder", names),
        ("delay", "funder", names),
    ):
        if grain in found:
            found[grain] = found[grain].join(funders, on=number, how="left", maintain_order="left")
    shared, total = variants.shared(), variants.totals()
    if "budget" in grains and shared is not None:
        key = ["funder_id", "programme"]
        sums = total["programmes"].select(*key, pl.exclude(key).name.prefix("all_"))
        exposed = exposures(day.programmes, variants.engine.small(shared.programmes))
        found["budget"] = collect(exposed).join(sums, on=key, how="left")
    if "peer" in grains and shared is not None:
        mine = pl.col("cell") == pl.lit(made["_cell"], pl.String)
        found["peer"] = shared.cells.join(total["cells"], on="cell").filter(mine)
    for by in ("sector", "departement") if "place" in grains else ():
        rates: pl.DataFrame = getattr(shared, by)
        found[by] = rates.join(total[by], on=by).filter(pl.col(by) == pl.lit(made[by], pl.String))
    numbers = ["siren", "list", "funder"]
    return {grain: rows.drop(numbers, strict=False) for grain, rows in found.items()}
