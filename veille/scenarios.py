"""A scenario file run on the current list of a home, for the whole country or a territory."""

from __future__ import annotations

import os
from pathlib import Path

from features.progress import Progress, quiet
from serving.access.principal import Territory
from serving.cell.scenarios.act import Result, Runner
from serving.cell.scenarios.document import read_file
from serving.live.scorer import LiveScorer
from serving.publication import Publication
from veille.home import Home


def run(
    home: Home,
    file: Path,
    target: str | None = None,
    progress: Progress = quiet,
    territory: Territory = Territory.NATIONAL,
) -> Result:
    """Return the result of a scenario file; `target` takes the place of that of the file.

    Raises
    ------
    VeilleError
        The file is refused (`ScenarioError`), or the list cannot be scored again.
    """
    scenario = read_file(file)
    if target is not None:
        scenario = scenario.model_copy(update={"target": target})
    publication = Publication.load(home.folder, scenario.target)
    scorer = LiveScorer.load(publication)
    runner = Runner(home.folder, os.cpu_count() or 1)
    return runner.run(scenario, publication, scorer.model, scorer.context, territory, progress)
