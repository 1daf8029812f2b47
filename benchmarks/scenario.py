"""A scenario beside the same by hand: ``python -m benchmarks.scenario [--structures N]``.

One programme is cut by 30 % on an invented country. By hand: the touched structures are selected,
their rows computed again from their lowered facts, and scored again; nothing is counted, kept nor
shown. Both in one process, in turn; the command fails if they do not touch the same structures.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.generated import write
from data.contracts import TABLES
from data.drafts import with_machine_columns
from data.lake import Lake
from data.manifest import Manifest
from features.catalogue import INDICATORS
from features.engines import PolarsEngine
from features.job import Asked, build, context
from features.lake_facts import LakeFacts
from features.live import Context
from models.risk_model import RiskModel
from models.spec import FeatureSpec, FitParams
from serving.cell.scenarios.document import Scenario
from serving.cell.scenarios.projection import BATCH, DESCRIBED, Ground, project
from serving.cell.scenarios.telling import facts_of
from serving.levels import level_expr
from serving.publication import Publication, write_publication
from serving.publication_files import (
    HISTORY_COLUMNS,
    MODEL_FOLDER,
    REASON_COLUMNS,
    SHARED_FOLDER,
    UNKNOWN_COLUMNS,
)
from veille.publish import scores

DAY, PROGRAMME, PERCENT = date(2024, 12, 31), "163", 30.0
AIM = 1.5
_FIT_ROWS, _THREADS = 20_000, 2
_HORIZONS = (6, 12, 18)


def country(home: Path, structures: int) -> None:
    """Write the lake of an invented country: 20 grant lines and 10 payments a structure."""
    folder = home / "lake" / "ingests" / "synthetic" / "country"
    write(folder, structures, structures * 20, structures * 10)
    counts = {}
    for table in ("grants", "payments"):
        (folder / table).mkdir()
        (folder / f"{table}.parquet").rename(folder / table / "000000.parquet")
        counts[table] = structures
    described = (
        pl.scan_parquet(folder / "grants" / "*.parquet")
        .filter(pl.col("siren").is_not_null())
        .select("siren", pl.col("departement").cast(pl.String))
        .group_by("siren")
        .agg(pl.col("departement").drop_nulls().first())
        .sort("siren")
        .with_columns(
            sector=pl.lit("culture"), employees_band=pl.lit("11"), known_on=date(2016, 1, 1)
        )
        .collect()
    )
    empty = TABLES["structures"].empty()
    rows = pl.concat([empty, described], how="diagonal_relaxed").select(
        pl.col(name).cast(dtype) for name, dtype in empty.schema.items()
    )
    rows = rows.with_columns(source=pl.lit("synthetic"), source_row=pl.int_range(pl.len()))
    (folder / "structures").mkdir()
    with_machine_columns(rows).write_parquet(folder / "structures" / "000000.parquet")
    made = Manifest(
        "country", "synthetic", "country", "0" * 64, {}, 1, 1, 0, {}, counts,
        "2016-01-01", "2026-01-01", "2025-01-01T00:00:00+00:00",
    )  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(dataclasses.asdict(made)), "utf-8")


def published(home: Path) -> Ground:
    """Publish a list of the country: a model learnt on a small part of it, all scored."""
    lake = Lake(home)
    facts = LakeFacts(lake)
    with PolarsEngine() as engine:
        panel = build(
            facts, lake.hash(), home, Asked([DAY]), engine, "polars", synthetic=True, known_to=None
        )
    rows = pl.read_parquet(panel.panel)
    model = _model(rows.head(_FIT_ROWS))
    levels = {"high": 0.2, "moderate": 0.1, "horizon": 12}
    described = rows.select(
        pl.col("structure_id").alias("siren"),
        *(pl.lit(None, pl.String).alias(n) for n in ("name", "ess_family", "naf", "commune")),
        pl.lit("culture").alias("sector"),
        pl.lit("Culture").alias("sector_label"),
        pl.lit("59").alias("departement"),
        pl.lit("32").alias("region"),
        pl.lit("11").alias("employees_band"),
        pl.lit(14, pl.Int32).alias("employees"),
    )
    predicted = model.predict(rows, num_threads=_THREADS)
    table = scores(predicted, rows, described, main=12, thresholds=levels)
    empty = [
        pl.DataFrame(schema={n: dtype for n, (dtype, _) in columns.items()})
        for columns in (REASON_COLUMNS, HISTORY_COLUMNS, UNKNOWN_COLUMNS)
    ]
    with tempfile.TemporaryDirectory() as kept:
        model.save(Path(kept))
        write_publication(
            home,
            "failure",
            {
                "as_of": DAY,
                "horizons_months": list(_HORIZONS),
                "model": {"name": "mesure", "version": "1", "run_id": "mesure"},
                "input_hash": panel.input_hash,
                "synthetic": True,
                "base_values": {str(h): -3.0 for h in _HORIZONS},
                "thresholds": levels,
            },
            table,
            *empty,
            folders={MODEL_FOLDER: Path(kept), SHARED_FOLDER: context(facts, home, DAY)},
        )
    publication = Publication.load(home, "failure", check=False)
    shared = Context.load(publication.folder / SHARED_FOLDER, DAY)
    return Ground(lake, shared, model, publication, _THREADS)


def _model(rows: pl.DataFrame) -> RiskModel:
    rng = np.random.default_rng(1)
    change = rows["grants_change_1y_ratio"].fill_null(0.0).to_numpy().clip(-1, 1)
    risk = 1 / (1 + np.exp(2.5 + 1.5 * change))
    draw = rng.random(rows.height)
    labels = pl.concat(
        rows.select("structure_id", "as_of").with_columns(
            pl.lit(h, pl.Int32).alias("horizon_months"),
            pl.Series("event", (draw < risk * h / 18).astype(np.int8)),
        )
        for h in _HORIZONS
    )
    features = [FeatureSpec(i.name, i.kind, i.direction) for i in INDICATORS.values()]
    return RiskModel.fit(
        rows,
        labels,
        None,
        None,
        target="failure",
        features=features,
        horizons_months=_HORIZONS,
        params=FitParams(members=8, max_rounds=100),
    )


def by_scenario(ground: Ground) -> pl.DataFrame:
    """Return the probabilities of the touched structures: the act, its figures and its file."""
    from serving.access.principal import Territory
    from serving.cell.scenarios.act import Runner, identifier

    scenario = _scenario()
    home = ground.lake.root.parent
    runner = Runner(home, _THREADS)
    runner.run(scenario, ground.publication, ground.model, ground.context)
    _forget(home / "scenarios" / identifier(scenario, ground.publication, Territory.NATIONAL))
    return pl.DataFrame()


def _forget(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def _scenario() -> Scenario:
    cut = {"funder": "etat", "programme": PROGRAMME, "percent": PERCENT}
    return Scenario.model_validate({"name": "mesure", "cuts": [cut]})


def by_hand(ground: Ground) -> pl.DataFrame:
    """Return the same by hand: select, lower, compute, score."""
    reached = (pl.col("funder_id") == "etat") & (pl.col("programme") == PROGRAMME)
    reached &= pl.col("instrument") == "grant"
    lines = ground.lake.scan("grants").filter(reached & (pl.col("known_on") <= DAY))
    lines = ground.context.slotted(lines).filter(pl.col("slot") <= 1)
    sums = lines.group_by("siren", "slot").agg(pl.col("amount_cents").sum())
    listed = ground.publication.frame.select("siren").lazy()
    touched = sums.filter(pl.col("amount_cents") > 0).select("siren").unique()
    sirens = touched.join(listed, on="siren", how="semi").collect()["siren"].sort()
    facts = facts_of(ground.lake, ground.context, sirens)
    latest = ground.context.slots.filter((pl.col("funder_id") == "etat") & (pl.col("slot") == 0))
    ends = {row["window"] for row in latest.to_dicts()}
    year = pl.col("fiscal_year").is_in([DAY.year - w for w in ends])
    kept = pl.when(reached & year).then(1 - PERCENT / 100).otherwise(1.0)
    lowered = (pl.col("amount_cents") * kept).round(0).cast(pl.Int64)
    facts["grants"] = facts["grants"].with_columns(lowered)
    pieces = []
    for start in range(0, sirens.len(), BATCH):
        some = sirens.slice(start, BATCH)
        members = pl.DataFrame({"siren": some})
        part = {name: t.join(members, on="siren", how="semi") for name, t in facts.items()}
        rows = ground.context.rows(part, some.to_list())
        scored = ground.model.predict(rows, num_threads=_THREADS)
        pieces.append(
            rows.hstack(scored.drop("structure_id", "as_of")).select(
                "structure_id", "p_12m", level_expr(12, ground.publication.manifest.thresholds)
            )
        )
    return pl.concat(pieces)


def _cost(side: Callable[[Ground], pl.DataFrame], ground: Ground) -> tuple[float, float, int]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = side(ground)
    return time.process_time() - cpu, time.perf_counter() - wall, found.height


def main() -> int:
    """Measure both sides in turn and print the ratios; 1 when they do not touch the same."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scenario", description=__doc__)
    parser.add_argument("--structures", type=int, default=1_000_000, help="structures (1000000)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each side, in turn (3)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as name:
        home = Path(name)
        country(home, asked.structures)
        ground = published(home)
        inside = ground.publication.frame.select(*DESCRIBED)
        touched = project(ground, _scenario(), inside).rows
        by_hand(ground)  # both have run once: nothing is compiled nor read for the first time
        print(f"{ground.publication.rows} structures listed, {touched.height} touched", flush=True)
        ratios = []
        for _ in range(asked.repeats):
            ours, hand = _cost(by_scenario, ground), _cost(by_hand, ground)
            ratios.append((ours[0] / hand[0], ours[1] / hand[1]))
            print(
                f"  scenario CPU {ours[0]:6.2f} s wall {ours[1]:6.2f} s   by hand CPU "
                f"{hand[0]:6.2f} s wall {hand[1]:6.2f} s   ratio CPU {ratios[-1][0]:.2f} "
                f"wall {ratios[-1][1]:.2f} (aim {AIM})",
                flush=True,
            )
        cpu, wall = np.median(np.array(ratios), axis=0)
        print(f"median: CPU {cpu:.2f}, wall {wall:.2f} (aim {AIM})")
        return int(touched.height != hand[2])


if __name__ == "__main__":
    sys.exit(main())
