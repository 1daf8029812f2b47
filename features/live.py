"""Live: the indicators of any structures from their own facts, as the panel of a day has them.

What a structure's indicators need beyond its own facts (which funders are covered when, rates of
programmes, peers, sectors, places, delays that funders publish) is small, and kept by the job for
each day it computes. With it, the same steps as the job's (`features.panel`) give the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path

import narwhals as nw
import polars as pl

from data.coverage import PARTIAL_SOURCES
from data.drafts import with_machine_columns
from data.whole import whole_folder
from features.asof import to_day
from features.budgets import voted
from features.engines.polars_engine import PolarsEngine
from features.facts import BY_FUNDER, LIST, MemoryFacts, prepare
from features.frames import placed
from features.line_days import event_day
from features.panel import Begun, begin, dated, finish
from features.shared import Shared
from features.wanted import wanted

_SHARED = tuple(field.name for field in fields(Shared))
_OTHERS = ("slots", "funder_delays")
#: files of a context, all of them always there
CONTEXT_FILES = tuple(f"{name}.arrow" for name in (*_SHARED, *_OTHERS))


def folder_of(home: Path, key: str) -> Path:
    """Return where the job keeps what all structures share on a day, by the name of the day."""
    return home / "features" / "shared" / key


@dataclass(frozen=True)
class Context:
    """What all structures share on a day.

    Attributes
    ----------
    as_of : datetime.date
        The day.
    slots : polars.DataFrame
        `features.coverage.slots`: the covered windows of each list of each funder.
    shared : Shared
        Rates of programmes, peers, sectors and places.
    funder_delays : polars.DataFrame
        The delays that funders publish, known by the day.
    """

    as_of: date
    slots: pl.DataFrame
    shared: Shared
    funder_delays: pl.DataFrame

    def save(self, folder: Path) -> None:
        """Write the context into `folder`, whole or not at all; one that is there is kept."""
        if folder.exists():
            return
        with whole_folder(folder) as pending:
            for name in _SHARED:
                getattr(self.shared, name).write_ipc(pending / f"{name}.arrow")
            for name in _OTHERS:
                getattr(self, name).write_ipc(pending / f"{name}.arrow")

    @classmethod
    def load(cls, folder: Path, as_of: date) -> Context:
        """Return the context that `save` wrote."""
        found = {name: pl.read_ipc(folder / f"{name}.arrow") for name in (*_SHARED, *_OTHERS)}
        shared = Shared(**{name: found[name] for name in _SHARED})
        return cls(as_of, found["slots"], shared, found["funder_delays"])

    def told(self, budgets: pl.DataFrame, delays: pl.DataFrame) -> Context:
        """Return the context with facts of funders added, in their canonical columns.

        A budget that is told (voted, cancelled) replaces what was known of the programme, or of the
        funder where the programme is empty; rates of what structures received do not change.
        """
        day = to_day(self.as_of)
        shared, known_delays = self.shared, self.funder_delays
        if delays.height:
            columns = BY_FUNDER["funder_delays"]
            said = with_machine_columns(delays).select(columns)
            known_delays = pl.concat([known_delays, said.filter(pl.col("known_day") <= day)])
        if budgets.height:
            rows = with_machine_columns(budgets).select(BY_FUNDER["budgets"])
            rows = rows.rename({"amount_cents": "cents"}).filter(pl.col("known_day") <= day)
            shared = replace(shared, programmes=_with_budgets(shared.programmes, rows, self.as_of))
        return replace(self, shared=shared, funder_delays=known_delays)

    def slotted(self, lines: pl.LazyFrame) -> pl.LazyFrame:
        """Return the grant lines of covered windows, with `event_day`, `window` and `slot`.

        `lines` has `funder_id`, `stage`, `source`, `fiscal_year`, `decided_day`, `known_day`.
        """
        partial = pl.col("source").is_in(PARTIAL_SOURCES).alias("partial")
        numbered = nw.from_native(lines.with_columns(partial)).with_columns(event_day())
        there: pl.LazyFrame = placed(numbered, self.as_of).to_native()
        return there.join(self.slots.lazy(), on=[*LIST, "window"], maintain_order="left")

    def rows(
        self,
        tables: Mapping[str, pl.DataFrame],
        sirens: Collection[str],
        given_back: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Return `structure_id`, `as_of`, then every indicator, of the structures asked.

        Parameters
        ----------
        tables : mapping
            Canonical tables (`data.contracts`) of `features.facts.BY_STRUCTURE`: the facts of these
            structures, those known by the day being kept; absent tables are empty.
        sirens : collection of str
            The structures; one without any fact has null indicators.
        given_back : polars.DataFrame, optional
            `siren`, `funder_id`, `programme`, `back_cents`: what was taken off grants of the latest
            slot, for a what-if. The budget indicators weigh a programme with it: one that is cut
            whole would weigh nothing, and its cut with it.

        Returns
        -------
        polars.DataFrame
            Sorted by structure. For the facts of the lake, the rows of its panel to the last bit.
        """
        engine, wants = PolarsEngine(), wanted()
        # Public budgets are in `shared` already.
        files = MemoryFacts({**tables, "funder_delays": self.funder_delays})
        facts = prepare(files, engine)
        members = engine.small(pl.DataFrame({"siren": sorted(set(sirens))}, {"siren": pl.String}))
        begun = begin(facts, self.as_of, self.slots, wants, members)
        if given_back is not None:
            begun = _with_weights(begun, engine, given_back)
        found = engine.collect(finish(begun, self.shared, engine, self.as_of, wants))
        return dated(found.sort("structure_id"), self.as_of)


def _with_weights(begun: Begun, engine: PolarsEngine, given_back: pl.DataFrame) -> Begun:
    """Return rows begun, `p0` of their programmes what it was before `given_back` was taken."""
    if begun.programmes is None:
        return begun
    key = ["siren", "funder_id", "programme"]
    back = begun.programmes.join(engine.small(given_back), on=key, how="left").with_columns(
        nw.col("p0") + nw.col("back_cents").fill_null(0)
    )
    return replace(begun, programmes=back.drop("back_cents"))


def _with_budgets(programmes: pl.DataFrame, rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the figures of programmes with those of newer budgets instead of the known ones."""
    figures = ["voted_ppm", "cancelled_ppm"]
    said = voted(rows, as_of).rename({name: f"new_{name}" for name in figures})
    whole = said.filter(pl.col("programme") == "").drop("programme")
    key = ["funder_id", "programme"]
    return (
        programmes.join(said, on=key, how="left", maintain_order="left")
        .join(whole, on="funder_id", how="left", suffix="_whole", maintain_order="left")
        .with_columns(
            pl.coalesce(f"new_{name}", f"new_{name}_whole", name).alias(name) for name in figures
        )
        .select(programmes.columns)
    )
