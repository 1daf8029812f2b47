"""The note of a run that nobody gave one: what it was trained on."""

from __future__ import annotations

import polars as pl

from training.dataset import Labelled
from training.fit import Recipe


def automatic_note(data: Labelled, labels: pl.DataFrame, recipe: Recipe, *, synthetic: bool) -> str:
    """Return one French sentence: rows, structures, events at the main horizon, days, indicators.

    Parameters
    ----------
    labels : polars.DataFrame
        As `training.labels` gives them: what is learnt from.
    """
    main = labels.filter(pl.col("horizon_months") == data.target.main_horizon_months)
    said = [
        f"{data.target.title} : {main.height} lignes étiquetées",
        f"{main['structure_id'].n_unique()} structures",
        f"{int(main['event'].sum())} événements",
        f"{len(recipe.features)} indicateurs",
    ]
    if data.dated:
        days = main["as_of"].unique().sort().to_list()
        said.append(f"du {days[0]} au {days[-1]}")
    return ", ".join(said) + (" (données synthétiques)." if synthetic else ".")
