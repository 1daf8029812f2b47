"""The groups of the barometer that overlap: funders and programmes. Rounded, never exact.

Who is funded by whom is public. Two funders that differ by one structure would give its risk by
difference: every figure of these groups is rounded, coarsely enough for any such difference to
be lost in the rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from serving.cell.barometer.figures import Ints, Sums, Weights, sums
from serving.publication import Publication
from serving.publication_files import HISTORY

BAROMETER_FOLDER = "barometer"
PROGRAMMES = "programmes.parquet"
PRACTICES = "practices.parquet"
#: fiscal years looked at: that of the observation day and the one before
YEARS = 2
#: under so many structures a funder or a programme has no line
LEAST = 10
#: structures are rounded to the nearest multiple of this, expected failures to that
COUNT_STEP, FAILURE_STEP = 5, 1.0
_LEAST_JOBS_STEP = 10.0


@dataclass(frozen=True)
class Groups:
    """Groups, each with its key, label and level; `rows` and `group` pair the members."""

    keys: list[str]
    labels: list[str | None]
    levels: list[str | None]
    rows: Ints
    group: Ints
    sums: Sums


def funders(publication: Publication, weights: Weights) -> Groups:
    """Return the funders of the last two fiscal years known, the largest number funded first."""
    lines = (
        pl.scan_parquet(publication.folder / HISTORY)
        .filter(
            (pl.col("fiscal_year") > publication.manifest.as_of.year - YEARS)
            & (pl.col("amount_eur") > 0)
            & pl.col("funder_id").is_not_null()
        )
        .select("siren", key="funder_id", label="funder_name", level="funder_level")
        .collect()
    )
    return _grouped(publication, weights, lines)


def programmes(publication: Publication, weights: Weights) -> Groups:
    """Return the programmes of the same years; none for a publication made before this file."""
    path = folder_of(publication) / PROGRAMMES
    if not path.is_file():
        none = pl.DataFrame(schema=dict.fromkeys(("siren", "key", "label", "level"), pl.String))
        return _grouped(publication, weights, none)
    absent = pl.lit(None, pl.String)
    lines = pl.read_parquet(path).select("siren", key="programme", label=absent, level=absent)
    return _grouped(publication, weights, lines)


def folder_of(publication: Publication) -> Path:
    """Return the folder of the publication that holds what is known of the funders."""
    return publication.folder / BAROMETER_FOLDER


def step_of_jobs(largest: float) -> float:
    """Return the rounding of jobs: the power of ten above the largest structure's, 10 at least."""
    return max(_LEAST_JOBS_STEP, float(10.0 ** math.ceil(math.log10(max(largest, 1.0)))))


def rounded(value: float, step: float) -> float:
    """Return the nearest multiple of `step`, halves up."""
    return float(np.floor(value / step + 0.5) * step)


def _grouped(publication: Publication, weights: Weights, lines: pl.DataFrame) -> Groups:
    place = pl.DataFrame(
        {"siren": publication.frame["siren"], "row": np.arange(publication.rows, dtype=np.int64)}
    )
    last = pl.col("label", "level").drop_nulls().last()
    named = lines.group_by("key", maintain_order=True).agg(last)
    members = lines.select("siren", "key").unique(maintain_order=True)
    wide = (
        members.group_by("key")
        .len("n")
        .filter(pl.col("n") >= LEAST)
        .sort("n", "key", descending=[True, False])
        .join(named, on="key", how="left", maintain_order="left")
        .with_row_index("group")
    )
    pairs = members.join(wide, on="key").join(place, on="siren").sort("group", "row")
    rows = pairs["row"].to_numpy().astype(np.int64)
    group = pairs["group"].to_numpy().astype(np.int64)
    return Groups(
        keys=wide["key"].to_list(),
        labels=wide["label"].to_list(),
        levels=wide["level"].to_list(),
        rows=rows,
        group=group,
        sums=sums(weights, rows, group, wide.height),
    )
