"""The demonstration: a synthetic France, from its facts to a list that can be opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data.errors import VeilleError
from data.lake import Lake
from data.rejects import empty_rejects
from data.sources.base import Parsed, ReadOptions
from data.synthetic import simulate
from features.asof import add_months
from veille import line, modelling
from veille.line import SYNTHETIC, Progress, quiet
from veille.modelling import ORACLE, Home

#: observation days: half-years from here to the end of the simulated period
SINCE = date(2017, 12, 31)
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
    declaration = folder / "synthetic.json"
    text = json.dumps({"simulation": "France synthétique", "structures": structures, "seed": seed})
    present = lake.sources()
    if present - {SYNTHETIC} or (
        present and declaration.exists() and declaration.read_text("utf-8") != text
    ):
        raise VeilleError(
            "Ce dossier contient déjà d'autres faits.",
            code="home-not-empty",
            where=str(folder),
            received=", ".join(sorted(present)),
            expected="un dossier vide, ou la même France synthétique",
            todo="choisir un autre dossier avec --home",
        )
    folder.mkdir(parents=True, exist_ok=True)
    declaration.write_text(text, "utf-8")
    if lake.find(SYNTHETIC, declaration, ReadOptions()) is not None and (folder / ORACLE).exists():
        return
    world = simulate(structures, seed=seed, end=LAST, progress=lambda s, x: progress(s, 0.5 * x))
    tables = world.tables()
    progress("oracle", 0.6)
    # The last days whose 12- and 18-month labels are observed: those that evaluations test on.
    days = [add_months(LAST, -6 * k) for k in range(2, 7)]
    (folder / ORACLE).parent.mkdir(parents=True, exist_ok=True)
    pending = folder / ORACLE.with_suffix(".pending")
    world.oracle(days).write_parquet(pending)
    pending.replace(folder / ORACLE)
    progress("lac", 0.9)
    lake.commit(
        Parsed(sum(t.height for t in tables.values()), tables, empty_rejects()),
        source=SYNTHETIC,
        file=declaration,
        options=ReadOptions(),
    )
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
    line.features(home.folder, LAST, since=SINCE, every="half", progress=steps["features"])
    made = {}
    for target in targets:
        if not [m for m in home.registry.list_models(target) if "champion" in m.aliases]:
            modelling.train(
                home, target, note="démonstration, données synthétiques", progress=steps["train"]
            )
        made[target] = str(
            modelling.score(home, target, as_of=LAST, progress=steps["score"])["publication"]
        )
    return Demo(made)
