"""The touched structures, computed and scored again by the features' code and published model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from data.lake import Lake
from features.live import Context
from features.progress import Progress, quiet
from models.risk_model import RiskModel
from serving.cell.scenarios.document import Cut, Delay, Measure, Scenario
from serving.cell.scenarios.scope import Hit, hit
from serving.cell.scenarios.telling import Relief, Tables, facts_of, lowered, moved, told
from serving.levels import level_expr
from serving.publication_read import Publication

#: structures computed at once: what bounds the memory
BATCH = 40_000
EXPOSURE = "cancelled_share_ratio"
DESCRIBED = ("siren", "name", "sector", "departement", "region", "employees", "level")


@dataclass(frozen=True)
class Ground:
    """What a scenario is projected on: the facts, what all share, the model, the list."""

    lake: Lake
    context: Context
    model: RiskModel
    publication: Publication
    num_threads: int = 1


@dataclass(frozen=True)
class Projected:
    """The touched structures with a scenario, and with its measures where they have some.

    `rows`, `relieved`: `siren`, `p_<h>m`, `low_<h>m`, `high_<h>m`, `level`, `exposure`, `cut_eur`.
    `helped`: number of structures of each measure.
    """

    rows: pl.DataFrame
    relieved: pl.DataFrame | None
    helped: tuple[int, ...]


def project(
    ground: Ground, scenario: Scenario, inside: pl.DataFrame, progress: Progress = quiet
) -> Projected:
    """Return the touched structures of a territory with the scenario.

    Parameters
    ----------
    inside : polars.DataFrame
        `DESCRIBED` columns of the structures of the territory. What a cut is of its scope is
        computed on the whole publication.
    """
    everyone = ground.publication.frame.select("siren", "region", "sector")
    parts: list[Cut | Delay] = [*scenario.cuts, *scenario.delays]
    hits = [hit(ground.lake, ground.context, everyone, part) for part in parts]
    hits = [h for h in hits if h.share or getattr(h.part, "days", 0)]
    progress("structures touchées", 0.1)
    touched = pl.concat([pl.Series("siren", [], pl.String), *(h.touched["siren"] for h in hits)])
    there = inside.filter(pl.col("siren").is_in(touched.unique().implode())).sort("siren")
    tables = facts_of(ground.lake, ground.context, there["siren"])
    progress("faits", 0.3)
    rows = _scored(ground, hits, there, tables, None, lambda s, x: progress(s, 0.3 + 0.5 * x))
    if not scenario.measures:
        return Projected(rows, None, ())
    relief, helped = _relief(there, scenario.measures)
    eased = there.join(relief.parts, on="siren", how="semi", maintain_order="left")
    again = _scored(ground, hits, eased, tables, relief, lambda s, x: progress(s, 0.8 + 0.2 * x))
    rest = rows.join(again, on="siren", how="anti")
    return Projected(rows, pl.concat([again, rest]).sort("siren"), helped)


def _relief(there: pl.DataFrame, measures: Sequence[Measure]) -> tuple[Relief, tuple[int, ...]]:
    """Return what the measures make up for: an advance for delays, a loan for both."""
    pieces, helped = [], []
    for one in measures:
        asked = (
            ("level", one.levels),
            ("region", one.regions),
            ("departement", one.departements),
            ("sector", one.sectors),
        )
        kept = there.filter(*[pl.col(name).is_in(values) for name, values in asked if values])
        left = 1 - one.percent / 100
        loan = one.kind == "bridging_loan"
        helped.append(kept.height)
        pieces.append(kept.select("siren", cut=pl.lit(left if loan else 1.0), delay=pl.lit(left)))
    parts = (
        pl.concat(pieces)
        .group_by("siren")
        .agg(
            (1 - pl.col("cut").product()).alias("cut"),
            (1 - pl.col("delay").product()).alias("delay"),
        )
    )
    return Relief(parts.sort("siren")), tuple(helped)


def _groups(hits: Sequence[Hit], there: pl.DataFrame) -> Iterator[tuple[list[Hit], pl.DataFrame]]:
    """Yield the structures with the cuts that are told to them.

    A cut of one place or sector is not told to the others, who get money of the same programme.
    """
    limited = [k for k, h in enumerate(hits) if h.part.region or h.part.sector]
    flags = [
        pl.col("siren").is_in(hits[k].touched["siren"].implode()).alias(f"_h{k}") for k in limited
    ]
    names = [f"_h{k}" for k in limited]
    if not limited:
        yield list(hits), there
        return
    marked = there.with_columns(flags)
    for found in marked.partition_by(names, maintain_order=True):
        of_all = {k for k in range(len(hits)) if k not in limited}
        told_them = of_all | {k for k in limited if found[f"_h{k}"][0]}
        yield [hits[k] for k in sorted(told_them)], found.drop(names)


def _scored(
    ground: Ground,
    hits: Sequence[Hit],
    there: pl.DataFrame,
    tables: Tables,
    relief: Relief | None,
    progress: Progress,
) -> pl.DataFrame:
    pieces, done = [], 0
    for heard, members in _groups(hits, there):
        context = told(ground.lake, ground.context, heard)
        for start in range(0, members.height, BATCH):
            some = members["siren"].slice(start, BATCH)
            pieces.append(_batch(ground, context, heard, some, tables, relief))
            done += some.len()
            progress("indicateurs et probabilités", done / max(1, there.height))
    if not pieces:
        nobody = there.clear()["siren"]
        pieces.append(_batch(ground, ground.context, (), nobody, tables, relief))
    return pl.concat(pieces).sort("siren")


def _batch(
    ground: Ground,
    context: Context,
    hits: Sequence[Hit],
    sirens: pl.Series,
    tables: Tables,
    relief: Relief | None,
) -> pl.DataFrame:
    members = pl.DataFrame({"siren": sirens})
    facts = {name: rows.join(members, on="siren", how="semi") for name, rows in tables.items()}
    facts["grants"], back = lowered(facts["grants"], context, hits, relief)
    facts["payments"] = moved(facts["payments"], context, hits, relief)
    rows = context.rows(facts, sirens.to_list(), back)
    model, main = ground.model, ground.publication.main_horizon
    predicted = model.predict(rows, num_threads=ground.num_threads)
    scored = predicted.drop("as_of").rename({"structure_id": "siren"})
    lost = back.group_by("siren").agg((pl.col("back_cents").sum() / 100).alias("cut_eur"))
    thresholds = ground.publication.manifest.thresholds
    return (
        rows.hstack(predicted.drop("structure_id", "as_of"))
        .select(
            pl.col("structure_id").alias("siren"),
            level_expr(main, thresholds).alias("level"),
            pl.col(EXPOSURE).alias("exposure"),
        )
        .join(scored, on="siren", maintain_order="left")
        .join(lost, on="siren", how="left", maintain_order="left")
        .with_columns(pl.col("cut_eur").fill_null(0.0))
    )
