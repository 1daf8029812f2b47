"""Temporal splits, computed backwards from the last label, with an embargo of the horizon.

Worked example, yearly panel 2014-12-31 … 2021-12-31, horizon 12 months, labels known until the
end of 2021: the last labelled day is 2020-12-31 (its window is (2020-12-31, 2021-12-31]), so the
test days are 2020-12-31 and 2019-12-31. For the test day 2019-12-31 a training row must have its
whole window seen by then: as_of + 12 months <= 2019-12-31, that is as_of <= 2018-12-31.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from data.errors import VeilleError
from features.asof import add_months


@dataclass(frozen=True)
class Fold:
    """One test day, and the last day a training row of each horizon may have."""

    test_as_of: date
    train_until: dict[int, date]


def folds(
    labels: pl.DataFrame, horizons_months: Sequence[int], *, main: int, count: int = 2
) -> list[Fold]:
    """Return up to `count` folds, oldest first, 12 months apart, the last on the last labelled day.

    Parameters
    ----------
    labels : polars.DataFrame
        `as_of`, `horizon_months`, `event` of every label known today.
    main : int
        The horizon whose last labelled day anchors the folds.

    Raises
    ------
    VeilleError
        There is no label, or no training day is left before the first test day.
    """
    days = labels.filter(pl.col("horizon_months") == main)["as_of"].unique().sort().to_list()
    if not days:
        raise VeilleError(
            "Aucune étiquette n'est observée : rien à entraîner ni à évaluer.",
            code="no-label",
            expected=f"des événements connus au moins {main} mois après une date d'observation",
            todo="ajouter des dates plus anciennes (« veille features --since ») ou des événements",
        )
    available = set(days)
    found: list[Fold] = []
    for step in range(count):
        test = add_months(days[-1], -12 * step)
        until = {h: _last_start(test, h) for h in horizons_months}
        if test in available and days[0] <= until[main]:
            found.append(Fold(test, until))
    if not found:
        raise VeilleError(
            "Pas assez de dates pour tester hors du temps d'apprentissage.",
            code="too-few-days",
            received=", ".join(str(d) for d in days),
            expected=f"au moins deux dates étiquetées, séparées de {main} mois",
            todo="ajouter des dates plus anciennes (« veille features --since »)",
        )
    return found[::-1]


def _last_start(test: date, months: int) -> date:
    """Return the last day whose window of `months` ends by `test`."""
    start = add_months(test, -months)
    # 30 August less 6 months is 28 February, a month end, whose window ends on 31 August.
    return start if add_months(start, months) <= test else start - timedelta(days=1)


def train_labels(labels: pl.DataFrame, fold: Fold) -> pl.DataFrame:
    """Return the labels whose whole window was seen by the test day (the embargo)."""
    allowed = pl.DataFrame(
        {
            "horizon_months": list(fold.train_until),
            "_until": list(fold.train_until.values()),
        },
        schema={"horizon_months": pl.Int32, "_until": pl.Date},
    )
    return (
        labels.join(allowed, on="horizon_months", how="inner", maintain_order="left")
        .filter(pl.col("as_of") <= pl.col("_until"))
        .drop("_until")
    )


def check_fold(train: pl.DataFrame, fold: Fold) -> None:
    """Re-check, independently of how the fold was made, that no window passes the test day.

    Raises
    ------
    VeilleError
        A training label's window ends after the test day: an error in this module.
    """
    ends = train.select("as_of", "horizon_months").unique().rows()
    late = [(day, h) for day, h in ends if add_months(day, h) > fold.test_as_of]
    if late:
        raise VeilleError(
            "Une étiquette d'apprentissage regarde au-delà de la date de test.",
            code="leaking-split",
            received=late[:3],
            expected=f"as_of + horizon <= {fold.test_as_of}",
            todo="signaler cette erreur : le découpage temporel est en défaut",
        )


def structure_folds(labels: pl.DataFrame) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Return (fit, held) labels of a cross-section: each structure is held out in one of them.

    Structures with an event are spread evenly; none where they are too few. It says nothing of
    time: whoever reads the figures is told so.
    """
    hit = labels.group_by("structure_id").agg(pl.col("event").max()).sort("event", "structure_id")
    if hit["event"].sum() < MIN_EVENTS:
        return []
    count = STRUCTURE_FOLDS if hit.height <= MANY_STRUCTURES else 2
    numbers = np.random.default_rng(0).permutation(hit.height)
    order = pl.Series(np.argsort(np.lexsort((numbers, hit["event"].to_numpy()))))
    dealt = hit.select("structure_id", (order % count).alias("_fold"))
    placed = labels.join(dealt, on="structure_id", how="left", maintain_order="left")
    return [
        (
            placed.filter(pl.col("_fold") != k).drop("_fold"),
            placed.filter(pl.col("_fold") == k).drop("_fold"),
        )
        for k in range(count)
    ]


def calibration_blocks(
    labels: pl.DataFrame, *, main: int
) -> list[tuple[pl.DataFrame, pl.DataFrame]]:
    """Return (fit, calibration) labels, the latest block first; none when too few events are left.

    A block is 12 months of days; blocks are added until `CALIBRATION_DAYS` days are covered, so
    that a yearly panel is calibrated on several years and not on the accidents of one. A label of
    the fit side must be seen by the block's first day.
    """
    found = []
    covered = 0
    days = labels.filter(pl.col("horizon_months") == main)["as_of"].unique().sort().to_list()
    while days and covered < CALIBRATION_DAYS:
        start = add_months(days[-1], -12)
        block = [day for day in days if day > start]
        until = {
            months: _last_start(block[0], months)
            for months in labels["horizon_months"].unique().to_list()
        }
        fit = train_labels(labels, Fold(block[0], until))
        held = labels.filter(pl.col("as_of").is_between(block[0], block[-1]))
        if fit.filter(pl.col("horizon_months") == main)["event"].sum() < MIN_EVENTS:
            break
        found.append((fit, held))
        covered += len(block)
        days = [day for day in days if day <= start]
    return found


#: folds of a cross-section, fewer where they would cost much and say little
STRUCTURE_FOLDS, MANY_STRUCTURES = 5, 50_000
#: days of calibration wanted, over the blocks together
CALIBRATION_DAYS = 3
#: fewer events than this on the fit side: no row is spared for calibration
MIN_EVENTS = 30
