"""The boosted part: LightGBM from a given score, on rows stacked one per observed horizon."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.spec import FeatureSpec, FitParams

    Floats = NDArray[np.float64]

# Threads that spin while they wait steal the other core of a small machine: 17 s against 32-77 s
# for 30 trees. Read by OpenMP when LightGBM is first loaded, hence before its import.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

NEWTON_STEPS, LEVEL = 6, 1e-8
#: a category with more levels is read by the linear part alone, each level shrunk by the penalty:
#: trees learn such levels by heart, and they change from one year to the next
MANY_LEVELS = 32


class Stack:
    """Rows of the trees: one per observed (row, horizon), the horizon being the last column.

    Parameters
    ----------
    codes : ndarray (n, features)
        Matrix made by `Encoding.codes`.
    targets : ndarray (n, horizons) of int8
        1 event, 0 none, -1 not observed (no row then).
    horizons : sequence of int
        Months, increasing.
    features : sequence of FeatureSpec
        In the order of the columns.
    params, num_threads
        See `FitParams`; the threads never change the result.
    like : Stack, optional
        Training stack whose bins are used, for a hold-out.
    """

    def __init__(
        self,
        codes: Floats,
        targets: NDArray[np.int8],
        horizons: Sequence[int],
        features: Sequence[FeatureSpec],
        params: FitParams,
        *,
        num_threads: int,
        like: Stack | None = None,
    ) -> None:
        import lightgbm as lgb

        seen = targets >= 0
        self.rows = [np.flatnonzero(seen[:, h]) for h in range(targets.shape[1])]
        self.labels: NDArray[np.int8] = np.concatenate(
            [targets[at, h] for h, at in enumerate(self.rows)]
        )
        self.options = lightgbm_options(features, params, len(self.labels), num_threads=num_threads)
        self.data: Any = lgb.Dataset(
            _stacked(codes, self.rows, horizons, features),
            label=self.labels.astype(np.float32),
            params=self.options,
            categorical_feature=[i for i, f in enumerate(features) if f.kind == "categorical"],
            reference=None if like is None else like.data,
            free_raw_data=True,
        )

    def spread(self, values: Floats) -> Floats:
        """Return values of shape (n,) or (n, horizons) in the order of the stack."""
        if values.ndim == 1:
            return np.concatenate([values[at] for at in self.rows])
        return np.concatenate([values[at, h] for h, at in enumerate(self.rows)])


def lightgbm_options(
    features: Sequence[FeatureSpec], params: FitParams, rows: int, *, num_threads: int
) -> dict[str, Any]:
    """Return LightGBM's parameters; small panels get smaller groups, never a reweighting."""
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "boost_from_average": False,
        "num_leaves": params.num_leaves,
        "max_depth": params.max_depth,
        "learning_rate": params.learning_rate,
        "feature_fraction": params.feature_fraction,
        "lambda_l2": params.lambda_l2,
        "min_sum_hessian_in_leaf": params.min_leaf_weight,
        "min_data_in_leaf": min(50, max(5, rows // 100)),
        "max_bin": 127,
        "cat_smooth": 20.0,
        "cat_l2": 20.0,
        "max_cat_threshold": 32,
        "min_data_per_group": min(100, max(5, rows // 50)),
        "monotone_constraints": [*(f.sign for f in features), 1],
        "seed": params.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": num_threads,
        "verbosity": -1,
    }


def learning_curve(
    train: Stack,
    hold: Stack,
    params: FitParams,
    offsets: tuple[Floats, Floats],
    weights: tuple[Floats, Floats],
) -> tuple[Floats, Any]:
    """Boost until the hold-out stops improving.

    Parameters
    ----------
    train, hold : Stack
        Fitting part and hold-out.
    params : FitParams
        Largest number of rounds and patience.
    offsets : tuple of ndarray
        Scores in log-odds (n, horizons) from which the trees start, for both parts.
    weights : tuple of ndarray
        Weight of each row (n,), for both parts.

    Returns
    -------
    curve : ndarray
        Levelled log-loss on the hold-out (see `levelled`) after 1, 2… trees.
    booster : lightgbm.Booster
    """
    import lightgbm as lgb

    train.data.set_init_score(train.spread(offsets[0]))
    hold.data.set_init_score(hold.spread(offsets[1]))
    train.data.set_weight(train.spread(weights[0]))
    held = hold.spread(weights[1])
    history: dict[str, dict[str, list[float]]] = {}
    parts = [len(at) for at in hold.rows]

    def loss(probabilities: Floats, _data: object) -> tuple[str, float, bool]:
        score = levelled(_logit(probabilities), hold.labels, held, parts)
        return "levelled", float(held @ log_losses(score, hold.labels) / held.sum()), False

    booster = lgb.train(
        {**train.options, "metric": "None"},
        train.data,
        params.max_rounds,
        valid_sets=[hold.data],
        valid_names=["hold"],
        feval=loss,
        callbacks=[
            lgb.early_stopping(params.patience, verbose=False),
            lgb.record_evaluation(history),
        ],
    )
    return np.array(history["hold"]["levelled"]), booster


def levelled(
    score: Floats, labels: NDArray[np.int8], weights: Floats, parts: Sequence[int]
) -> Floats:
    """Return log-odds shifted, part by part, so that they expect the events that happened.

    The level of a coming year cannot be learnt from the years before; the calibration sees to
    it. Choosing a form or a number of trees must not be ruled by it.

    Parameters
    ----------
    score : ndarray (n,)
        Log-odds, the rows of one horizon after those of another.
    labels : ndarray (n,)
        0 or 1.
    weights : ndarray (n,)
        Weight of each row.
    parts : sequence of int
        Rows of each horizon, in order.
    """
    out = score.copy()
    start = 0
    for size in parts:
        at = slice(start, start + size)
        start += size
        if not 0 < labels[at].sum() < size:
            continue
        w = weights[at]
        events = float(w @ labels[at])
        for _ in range(NEWTON_STEPS):
            p = 1.0 / (1.0 + np.exp(-out[at]))
            step = (events - w @ p) / max(float(w @ (p * (1 - p))), 1e-9)
            out[at] += np.clip(step, -2.0, 2.0)
            if abs(step) < LEVEL:
                break
    return out


def _logit(p: Floats) -> Floats:
    kept = np.clip(p, 1e-12, 1 - 1e-12)
    out: Floats = np.log(kept) - np.log1p(-kept)
    return out


def fit_member(stack: Stack, rounds: int, weights: Floats, offset: Floats) -> str:
    """Fit one member and return its trees as LightGBM text.

    Parameters
    ----------
    stack : Stack
        All training rows; its bins are shared by the members.
    rounds : int
        Number of trees.
    weights : ndarray (n,)
        Bootstrap weight of each row.
    offset : ndarray (n, horizons)
        Score in log-odds from which the trees start.
    """
    import lightgbm as lgb

    stack.data.set_weight(stack.spread(weights))
    stack.data.set_init_score(stack.spread(offset))
    text = str(lgb.train(stack.options, stack.data, rounds).model_to_string())
    # What follows the trees is a list of options, the number of threads among them: the same
    # model must give the same bytes on a machine with more cores.
    return text.split("end of trees", 1)[0] + "end of trees\n"


def _stacked(
    codes: Floats,
    rows: list[NDArray[np.intp]],
    horizons: Sequence[int],
    features: Sequence[FeatureSpec],
) -> pa.Table:
    """Return the stack as Arrow chunks, so that a complete horizon shares the columns' memory."""
    names = [*(f"f{i}" for i in range(len(features))), "horizon_months"]
    many = [f.kind == "categorical" for f in features] & (np.fmax.reduce(codes) > MANY_LEVELS)
    if many.any():  # one value: no split
        codes = np.where(many, 0.0, codes)
    columns = [pa.array(codes[:, j]) for j in range(codes.shape[1])]
    parts = []
    for at, months in zip(rows, horizons, strict=True):
        whole = len(at) == len(codes)
        kept = columns if whole else [pa.array(codes[at, j]) for j in range(codes.shape[1])]
        parts.append(pa.table([*kept, pa.array(np.full(len(at), float(months)))], names=names))
    return pa.concat_tables(parts)


def log_losses(score: Floats, labels: NDArray[np.int8]) -> Floats:
    """Return the log-loss of each row for scores in log-odds and labels 0/1."""
    out: Floats = np.logaddexp(0.0, score) - labels * score
    return out
