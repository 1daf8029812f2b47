"""The demonstration: a synthetic France, from its facts to a list that can be opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data.errors import VeilleError
from data.lake import Lake
from data.sources.base import ReadOptions
from data.synthetic import simulate
from data.synthetic.publish import describe, write
from features.asof import add_months
from features.progress import Progress, quiet
from veille import line, modelling, scoring
from veille.home import Home
from veille.line import SYNTHETIC

DECLARATION = Path("oracle") / "synthetic.json"
#: observation days: half-years from here, when debts and alerts begin to be told, to the end of the
#: simulated period
SINCE = date(2015, 12, 31)
LAST = date(2024, 12, 31)


@dataclass(frozen=True)
class Demo:
    """What the demonstration made, by target: publication ids."""

    publications: dict[str, str]


def facts(folder: Path, structures: int, seed: int, progress: Progress = quiet) -> None:
    """Simulate the facts and commit them to the lake; the oracle goes to its own file.

    The simulation is declared by a small file (number, seed) whose hash names the ingest, so
    that the same France is never added twice.

    Raises
    ------
    VeilleError
        The folder holds real facts, or another simulated France.
    """
    lake = Lake(folder)
    present = lake.sources()
    world = simulate(structures, seed=seed, end=LAST, progress=lambda s, x: progress(s, 0.4 * x))
    wanted = describe(world)
    declared = folder / DECLARATION
    known = json.loads(declared.read_text("utf-8")) if declared.exists() else None
    if present - {SYNTHETIC} or (present and known != wanted):
        raise VeilleError(
            "Ce dossier contient déjà d'autres faits.",
            code="home-not-empty",
            where=str(folder),
            received=", ".join(sorted(present)),
            expected="un dossier vide, ou la même France synthétique",
            todo="choisir un autre dossier avec --home",
        )
    if known is not None and lake.find(SYNTHETIC, declared, ReadOptions()) is not None:
        progress("déjà là", 1.0)
        return
    # The last days whose 12-month label is observed: those that evaluations test on.
    days = [add_months(LAST, -6 * k) for k in range(2, 7)]
    parsed = write(folder, world, days, progress=lambda s, x: progress(s, 0.4 + 0.4 * x))
    progress("lac", 0.9)
    lake.commit(parsed, source=SYNTHETIC, file=declared, options=ReadOptions())
    progress("lac", 1.0)


def run(
    home: Home,
    structures: int,
    seed: int,
    steps: dict[str, Progress],
    *,
    targets: tuple[str, ...] = ("failure", "funding_loss"),
) -> Demo:
    """Run the whole line on a synthetic France; each step reports to `steps[name]`."""
    facts(home.folder, structures, seed, steps["facts"])
    # Small enough for memory, where Polars is the quicker of the two engines.
    line.features(
        home.folder, LAST, since=SINCE, every="half", engine="polars", progress=steps["features"]
    )
    made = {}
    for target in targets:
        if not [m for m in home.registry.list_models(target) if "champion" in m.aliases]:
            modelling.train(
                home, target, note="démonstration, données synthétiques", progress=steps["train"]
            )
        made[target] = str(
            scoring.score(home, target, as_of=LAST, progress=steps["score"])["publication"]
        )
    return Demo(made)
