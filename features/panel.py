"""The panel: structure × as_of × indicators, computed day by day and written once.

A panel is a folder ``<home>/panels/<input hash>``: ``panel.parquet`` and ``manifest.json``. The
hash covers the lake, the catalogue, the days and the feature code's version, so that the same
inputs give the same folder; the engine and its options are not part of it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import narwhals as nw
import polars as pl

from data.errors import VeilleError
from features import budgets, debts, dues, funding, funding_mix, payments, structures
from features.asof import to_day
from features.catalogue import INDICATORS, catalogue_hash
from features.engines.base import Engine, Frame
from features.facts import FactFiles, Facts, prepare
from features.frames import Day, observe
from features.indicator import Indicator

FEATURES_VERSION = 1
#: a structure is in the panel if it got a grant in this many latest slots, or is in the directory
RECENT_SLOTS = 3


@dataclass(frozen=True)
class PanelManifest:
    """What a panel was computed from."""

    panel: str
    rows: int
    indicators: int
    as_of: list[str]
    input_hash: str
    engine: str
    synthetic: bool
    known_to: str | None


def _names(grain: str) -> list[Indicator]:
    return [i for i in INDICATORS.values() if i.grain == grain]


def _aggregate(frame: Frame, grain: str) -> Frame:
    shared = {
        name: expr
        for module in (funding, funding_mix, payments, debts, dues)
        for name, expr in module.INGREDIENTS.get(grain, {}).items()
    }
    return frame.group_by("siren").agg(
        *[expr.alias(name) for name, expr in shared.items()],
        *[i.expr.cast(nw.Float64).alias(i.name) for i in _names(grain)],
    )


def _population(day: Day) -> Frame:
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


def compute_day(facts: Facts, as_of: date) -> pl.DataFrame:
    """Return the panel rows of one day: `structure_id`, `as_of`, then every indicator in order.

    Structures that ended, as known by `as_of` (failure, merger, cessation), are left out.
    """
    day = observe(facts, as_of)
    frame = _population(day)
    for part, grain in (
        (day.lines, "line"),
        (day.funders, "funder"),
        (day.programmes, "programme"),
        (payments.states(day), "payment"),
        (payments.delays(day), "delay"),
        (budgets.exposures(day), "budget"),
        (debts.debts(day), "debt"),
        (dues.accounts(day), "account"),
        (dues.alerts(day), "alert"),
    ):
        frame = frame.join(_aggregate(part, grain), on="siren", how="left")
    described = structures.described(day).with_columns(
        *[i.expr.alias(i.name) for i in _names("structure")]
    )
    peers = day.peers.select("siren", nw.col("peer_loss_ppm").alias("_peer_loss_ppm"))
    for part in (described, peers, _main_purpose(day), _main_programme(day)):
        frame = frame.join(part, on="siren", how="left")
    frame = facts.engine.keep(frame.with_columns(nw.lit(to_day(as_of)).alias("_as_of_day")))
    result = frame.select(
        nw.col("siren").alias("structure_id"),
        *[
            i.expr.alias(i.name) if i.grain == "panel" else nw.col(i.name)
            for i in INDICATORS.values()
        ],
    )
    return (
        facts.engine.collect(result)
        .select(
            "structure_id",
            pl.lit(as_of).alias("as_of"),
            *[
                pl.col(i.name).cast(pl.Float64 if i.kind == "numeric" else pl.String)
                for i in INDICATORS.values()
            ],
        )
        .sort("structure_id")
    )


def input_hash(lake_hash: str, days: Sequence[date]) -> str:
    """Return the hash of everything that can change a panel."""
    content = [FEATURES_VERSION, lake_hash, catalogue_hash(), [d.isoformat() for d in days]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def build(
    files: FactFiles,
    lake_hash: str,
    home: Path,
    days: Sequence[date],
    engine: Engine,
    engine_name: str,
    *,
    synthetic: bool,
    known_to: str | None,
    progress: Callable[[str], None] = lambda _: None,
) -> PanelManifest:
    """Compute and write the panel of `days`, or return the one that these inputs gave already.

    Raises
    ------
    VeilleError
        No structure is known on any of the days.
    """
    digest = input_hash(lake_hash, days)
    folder = home / "panels" / digest[:16]
    existing = read_manifest(folder)
    if existing is not None:
        return existing
    facts = prepare(files, engine)
    frames = []
    for as_of in days:
        frames.append(compute_day(facts, as_of))
        progress(as_of.isoformat())
    panel = pl.concat(frames)
    if panel.is_empty():
        raise VeilleError(
            "Aucune structure n'est connue à ces dates.",
            code="empty-panel",
            where=", ".join(str(d) for d in days),
            todo="vérifier « veille sources » et les dates de connaissance des fichiers ingérés",
        )
    manifest = PanelManifest(
        panel=str(folder / "panel.parquet"),
        rows=panel.height,
        indicators=len(INDICATORS),
        as_of=[d.isoformat() for d in days],
        input_hash=digest,
        engine=engine_name,
        synthetic=synthetic,
        known_to=known_to,
    )
    _write(folder, panel, manifest)
    return manifest


def _write(folder: Path, panel: pl.DataFrame, manifest: PanelManifest) -> None:
    pending = folder.parent / f".pending-{uuid.uuid4().hex[:8]}"
    pending.mkdir(parents=True)
    panel.write_parquet(pending / "panel.parquet", compression="zstd")
    (pending / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1), "utf-8")
    try:
        pending.rename(folder)
    except OSError:
        shutil.rmtree(pending)
        if read_manifest(folder) is None:
            raise
        # else written by another process meanwhile: same inputs, same content


def read_manifest(folder: Path) -> PanelManifest | None:
    """Return the manifest of a panel folder, or None."""
    path = folder / "manifest.json"
    return PanelManifest(**json.loads(path.read_text("utf-8"))) if path.exists() else None
