"""Rows ready for a fit: labels as a matrix, and the latest days held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from models.encoding import Encoding
from models.spec import SMALL_ROWS, FeatureSpec, FitParams, ModelError
from models.thinning import KEYS, WEIGHT, thinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.encoding import Design

    Floats = NDArray[np.float64]
    Targets = NDArray[np.int8]

MIN_EVENTS = 8  # structures with an event, on each side of a hold-out, under which nothing is tuned

#: days held out at least, over the blocks together
HELD_DAYS = 3


@dataclass(frozen=True)
class Sample:
    """Training rows ready for the fit: everything the room knows, in numbers."""

    codes: Floats
    design: Design
    targets: Targets
    structures: NDArray[np.intp]
    days: NDArray[np.datetime64]
    weights: Floats

    @property
    def structures_with_event(self) -> int:
        """Return how many structures have an event, at the horizon that has most."""
        return int(_events(self.targets, self.structures).max())

    def summary(self, horizons: Sequence[int]) -> dict[str, Any]:
        """Return what is written beside the model: rows, structures, events, first and last day.

        `stands_for_rows` are those of the panel: more than `rows` when they were drawn.
        """
        events = (self.targets == 1).sum(axis=0).tolist()
        return {
            "rows": len(self.targets),
            "stands_for_rows": round(float(self.weights.sum())),
            "structures": int(self.structures.max()) + 1,
            "events": {str(h): count for h, count in zip(horizons, events, strict=True)},
            "first_as_of": str(self.days.min()),
            "last_as_of": str(self.days.max()),
        }


def prepare(
    rows: pl.DataFrame,
    labels: pl.DataFrame,
    horizons: Sequence[int],
    features: Sequence[FeatureSpec],
    params: FitParams,
    target: str,
) -> tuple[Sample, Encoding]:
    """Return the labelled rows as numbers, and the transform learnt on them.

    Of more rows than `params.max_rows`, some are drawn (`models.thinning`).

    Raises
    ------
    ModelError
        `no-events`, and those of `align` and `Encoding.fit`.
    """
    labels = thinned(labels, params)
    targets = align(rows, labels, horizons)
    kept = observed(targets)
    rows, targets = rows.filter(pl.Series(kept)), targets[kept]
    weights = weights_of(rows, labels)
    _require_events(targets, target)
    encoding = Encoding.fit(rows, features, params)
    codes = encoding.codes(rows)
    days = rows.get_column("as_of").cast(pl.Date).to_numpy()
    design = encoding.design(codes)
    return Sample(codes, design, targets, numbered(rows), days, weights), encoding


def weights_of(rows: pl.DataFrame, labels: pl.DataFrame) -> Floats:
    """Return how many rows each row stands for: 1, or what `models.thinning` gave it."""
    if WEIGHT not in labels.columns:
        return np.ones(rows.height)
    given = labels.select([*KEYS, WEIGHT]).unique(subset=list(KEYS))
    found = rows.select(KEYS).join(given, on=list(KEYS), how="left", maintain_order="left")
    return found.get_column(WEIGHT).to_numpy()


def align(rows: pl.DataFrame, labels: pl.DataFrame, horizons: Sequence[int]) -> Targets:
    """Return the labels as (n, horizons): 1 event, 0 none, -1 not observed.

    Parameters
    ----------
    rows : DataFrame
        structure_id, as_of.
    labels : DataFrame
        structure_id, as_of, horizon_months, event; censored rows are absent.
    horizons : sequence of int
        Months; labels of other horizons are an error.

    Raises
    ------
    ModelError
        `unknown-horizon` or `duplicate-label`.
    """
    other = sorted(set(labels.get_column("horizon_months").unique()) - set(horizons))
    if other:
        raise ModelError(
            "Des étiquettes portent un horizon que le modèle n'a pas.",
            code="unknown-horizon",
            received=str(other),
            expected=str(list(horizons)),
        )
    keys = list(KEYS)
    if labels.select([*keys, "horizon_months"]).is_duplicated().any():
        raise ModelError(
            "Plusieurs étiquettes pour la même structure, la même date et le même horizon.",
            code="duplicate-label",
            expected="une ligne par structure_id, as_of et horizon_months",
        )
    out = np.full((rows.height, len(horizons)), -1, dtype=np.int8)
    for h, months in enumerate(horizons):
        at = labels.filter(pl.col("horizon_months") == months).select([*keys, "event"])
        found = rows.select(keys).join(at, on=keys, how="left", maintain_order="left")
        out[:, h] = found.get_column("event").cast(pl.Int8).fill_null(-1).to_numpy()
    return out


def observed(targets: Targets) -> NDArray[np.bool_]:
    """Return the rows observed at one horizon at least."""
    return np.asarray((targets >= 0).any(axis=1))


def split_holdout(
    sample: Sample, horizons: Sequence[int], params: FitParams
) -> tuple[str, list[tuple[Targets, Targets]]]:
    """Return the kind of hold-out, then targets of fitting parts and of their hold-outs.

    "time": the latest days are held out, in blocks of `holdout_share` of the days; a yearly panel
    holds out `HELD_DAYS` single years in turn, because one year alone says more of that year than
    of the model. A label of a fitting part is kept only if its window ends by the first day of
    its hold-out: with held-out days from 2022-07-01 on, the 12-month label of 2021-10-01, known
    on 2022-10-01, is left out, its 6-month label is kept.
    "structure": where that leaves too few events at some horizon, structures are held out with
    all their days; a small panel is cut in folds, each held out in turn.
    "none": too few events for either.
    """
    targets, structures = sample.targets, sample.structures
    days = np.unique(sample.days)
    block = max(1, round(params.holdout_share * len(days)))
    ends = np.column_stack([_months_later(sample.days, m) for m in horizons])
    pairs = []
    for k in range(-(-HELD_DAYS // block)):
        at = days[max(0, len(days) - block * (k + 1)) : len(days) - block * k]
        if len(at) == 0 or at[0] == days[0]:
            break
        late = (sample.days >= at[0]) & (sample.days <= at[-1])
        fitting = np.where(ends <= at[0], targets, -1).astype(np.int8)
        held = np.where(late[:, None], targets, -1).astype(np.int8)
        if _events(fitting, structures).min() >= MIN_EVENTS <= _events(held, structures).max():
            pairs.append((fitting, held))
    if pairs:
        return "time", pairs
    if _events(targets, structures).max() < 2 * MIN_EVENTS:
        return "none", []
    fold = _folds(sample, params.seed, max(2, round(1 / params.holdout_share)))
    used = range(int(fold.max()) + 1) if len(targets) <= SMALL_ROWS else range(1)
    for k in used:
        out = (fold == k)[structures][:, None]
        pairs.append(
            (
                np.where(out, -1, targets).astype(np.int8),
                np.where(out, targets, -1).astype(np.int8),
            )
        )
    return "structure", pairs


def _folds(sample: Sample, seed: int, count: int) -> NDArray[np.intp]:
    """Return the fold of each structure; structures with an event are spread evenly."""
    total = int(sample.structures.max()) + 1
    hit = np.zeros(total, dtype=bool)
    hit[sample.structures[(sample.targets == 1).any(axis=1)]] = True
    shuffled = np.random.default_rng(seed).permutation(total)
    fold = np.empty(total, dtype=np.intp)
    for group in (shuffled[hit[shuffled]], shuffled[~hit[shuffled]]):
        fold[group] = np.arange(len(group)) % count
    return fold


def _events(targets: Targets, structures: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return, for each horizon, how many structures have an event."""
    return np.array([len(np.unique(structures[column == 1])) for column in targets.T])


def _months_later(days: NDArray[np.datetime64], months: int) -> NDArray[np.datetime64]:
    later = pl.Series(days.astype("datetime64[D]")).dt.offset_by(f"{months}mo")
    return later.to_numpy()


def numbered(rows: pl.DataFrame) -> NDArray[np.intp]:
    """Return the number of each row's structure, in the order of the identifiers."""
    rank = rows.get_column("structure_id").cast(pl.String).rank("dense") - 1
    return cast("NDArray[np.intp]", rank.to_numpy().astype(np.intp))


def _require_events(targets: NDArray[np.int8], target: str) -> None:
    events, others = int((targets == 1).sum()), int((targets == 0).sum())
    if not events or not others:
        raise ModelError(
            "Il faut au moins un événement et un non-événement observés pour apprendre.",
            code="no-events",
            where=f"cible {target}",
            received=f"{events} événement(s), {others} non-événement(s)",
            todo="Élargissez la cohorte ou les dates d'observation, ou vérifiez les étiquettes.",
        )
