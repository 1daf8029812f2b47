"""The line: published file → lake → panel → model → publication, one function a step.

Every function takes the settings and plain values and returns plain results, so that the command
line, notebooks and tests compose the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from data.errors import VeilleError
from data.lake import Lake
from data.manifest import Manifest
from data.sources import SOURCES
from data.sources.base import ReadOptions
from features.asof import as_of_days
from features.engines import ENGINES, SparkEngine
from features.explained import Explanation, explain
from features.job import Asked, build
from features.lake_facts import LakeFacts
from features.panels import PanelManifest, input_hash, read_manifest
from features.progress import Progress, quiet
from veille.intake import AUTO, Outcome, take

SYNTHETIC = "synthetic"
ENGINE = "polars"


def unknown_source(received: str, where: str) -> VeilleError:
    """Return the error of a source that does not exist."""
    return VeilleError(
        "Source inconnue.",
        code="unknown-source",
        where=where,
        received=received,
        expected=", ".join(SOURCES),
        todo="« veille sources » décrit chacune",
    )


def ingest(
    home: Path,
    source: str,
    files: Sequence[Path],
    *,
    known_on: date | None = None,
    extra: dict[str, str] | None = None,
    progress: Progress = quiet,
) -> list[Manifest]:
    """Read published files into the lake; a file already there with these options is not read.

    Raises
    ------
    VeilleError
        The source is unknown, a file is missing or cannot be read as this source; files before
        it stay ingested, that one changes nothing.
    """
    outcomes = intake(home, source, files, known_on=known_on, extra=extra, progress=progress)
    return [found.manifest for found in outcomes if found.manifest is not None]


def intake(
    home: Path,
    source: str,
    files: Sequence[Path],
    *,
    known_on: date | None = None,
    extra: dict[str, str] | None = None,
    progress: Progress = quiet,
) -> list[Outcome]:
    """Read published files into the lake; say what became of each, with `source` "auto" too.

    Raises
    ------
    VeilleError
        As `ingest`; with "auto", only where the source is refused as a whole.
    """
    if source not in SOURCES and source != AUTO:
        raise unknown_source(source, "SOURCE")
    lake = Lake(home)
    if {m.source for m in lake.manifests()} == {SYNTHETIC}:
        raise VeilleError(
            "Ce dossier contient la France synthétique : des faits réels n'y entrent pas.",
            code="synthetic-home",
            where=str(home),
            todo="choisir un autre dossier avec --home",
        )
    options = ReadOptions(known_on=known_on, extra=extra or {})
    return list(take(lake, source, files, options, progress))


def is_synthetic(home: Path) -> bool:
    """Return whether the facts of a home are simulated."""
    return SYNTHETIC in Lake(home).sources()


def features(
    home: Path,
    as_of: date,
    *,
    since: date | None = None,
    every: str = "quarter",
    engine: str = ENGINE,
    master: str | None = None,
    progress: Progress = quiet,
) -> PanelManifest:
    """Compute the panel of one or several observation days; `master` is where Spark runs.

    Raises
    ------
    VeilleError
        The engine or the step is unknown, or nothing is known at these days.
    """
    if engine not in ENGINES:
        raise VeilleError(
            "Moteur de calcul inconnu.",
            code="unknown-engine",
            where="--engine",
            received=engine,
            expected=", ".join(ENGINES),
        )
    lake = Lake(home)
    days = as_of_days(as_of, since=since, every=every)
    known = [m.known_to for m in lake.manifests() if m.known_to]
    if master is not None and engine != "spark":
        raise VeilleError(
            "Ce moteur ne tourne pas sur un cluster.",
            code="one-option",
            where="--master",
            received=f"--engine {engine}",
            expected="--engine spark",
            todo="retirer --master, ou choisir --engine spark",
        )
    with SparkEngine(master) if master else ENGINES[engine]() as running:
        return build(
            LakeFacts(lake),
            lake.hash(),
            home,
            Asked(days),
            running,
            engine,
            synthetic=is_synthetic(home),
            known_to=max(known, default=None),
            progress=progress,
        )


def explained(
    home: Path, indicator: str, siren: str, as_of: date, *, progress: Progress = quiet
) -> Explanation:
    """Return the facts that made one number (see `features.explained`)."""
    return explain(LakeFacts(Lake(home)), home, indicator, siren, as_of, progress)


def panels(home: Path) -> list[PanelManifest]:
    """Return the panels of a home, the latest written last."""
    # A name that starts with a point is a panel that was being written when its command died.
    folders = sorted(
        (home / "panels").glob("[!.]*/manifest.json"), key=lambda p: p.stat().st_mtime_ns
    )
    found = ((path.parent, read_manifest(path.parent)) for path in folders)
    # The folder may have moved with its home since the manifest was written.
    return [replace(m, panel=str(at / "panel.parquet")) for at, m in found if m is not None]


def find_panel(home: Path, as_of: date, digest: str | None = None) -> PanelManifest | None:
    """Return the latest panel that has this day and input hash, None if there is none.

    Without `digest`, the one that the facts of the lake give as they are now.
    """
    lake_hash = Lake(home).hash()
    for manifest in reversed(panels(home)):
        days = [date.fromisoformat(day) for day in manifest.as_of]
        if as_of in days and manifest.input_hash == (digest or input_hash(lake_hash, days)):
            return manifest
    return None


def latest_panel(home: Path, *, min_days: int = 1) -> tuple[PanelManifest, pl.DataFrame]:
    """Return the last panel computed with at least `min_days` observation days, and its rows.

    Raises
    ------
    VeilleError
        There is none.
    """
    for manifest in reversed(panels(home)):
        if len(manifest.as_of) >= min_days:
            return manifest, pl.read_parquet(manifest.panel)
    raise VeilleError(
        "Aucun panel n'a été calculé.",
        code="no-panel",
        where=str(home / "panels"),
        expected=f"un panel d'au moins {min_days} date(s) d'observation",
        todo="« veille features --as-of JOUR --since JOUR --every quarter »",
    )
