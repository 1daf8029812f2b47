"""How a model is fitted: hold-out of the latest days, choice of the form, then the bag."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from models.boosting import Stack, fit_member, log_losses, search_rounds
from models.encoding import Encoding
from models.linear import LinearPart, fit_linear, prior_intercepts
from models.spec import FeatureSpec, FitParams, ModelError
from models.trees import forest_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.encoding import Design

    Floats = NDArray[np.float64]
    Targets = NDArray[np.int8]

MIN_EVENTS = 8  # structures with an event, on each side of a hold-out, under which nothing is tuned
CAUTIOUS_L2 = 100.0
BLENDS = (0.0, 0.25, 0.5, 0.75)  # shares of the linear part tried beside trees grown alone
MORE_ROUNDS = 1.1  # the final fit has more rows than the one that chose the rounds


@dataclass(frozen=True)
class Choice:
    """What the hold-out decided.

    Attributes
    ----------
    form : {"linear", "boosted", "blend"}
        Linear alone; trees on top of the linear score; weighted mean of linear and trees.
    l2 : float
        Penalty of the linear part.
    rounds : int
        Trees a member.
    share : float
        Weight of the linear part (1 unless blended).
    holdout : str
        "time" or "structure", or "none" where events are too few to tune anything.
    losses : dict
        Log-loss on the hold-out of each candidate.
    """

    form: str
    l2: float
    rounds: int
    share: float
    holdout: str
    losses: dict[str, float]


@dataclass(frozen=True)
class Bag:
    """The fitted members."""

    linear: tuple[LinearPart, ...]
    trees: tuple[str, ...]
    scale: float


@dataclass(frozen=True)
class Sample:
    """Training rows ready for the fit: everything the room knows, in numbers."""

    codes: Floats
    design: Design
    targets: Targets
    structures: NDArray[np.intp]
    days: NDArray[np.datetime64]


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
    keys = ["structure_id", "as_of"]
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


def split_holdout(
    sample: Sample, horizons: Sequence[int], params: FitParams
) -> tuple[str, Targets, Targets]:
    """Return the kind of hold-out, then the targets of the fitting part and of the hold-out.

    The latest days are held out. A label of the fitting part is kept only if its window ends by
    the first held-out day: with held-out days from 2022-07-01 on, the 12-month label of
    2021-10-01, known on 2022-10-01, is left out, its 6-month label is kept. Where that leaves too
    few events, structures are held out instead, with all their days.
    """
    targets = sample.targets
    days = np.unique(sample.days)
    if len(days) > 1:
        first = days[-max(1, round(params.holdout_share * len(days)))]
        late = sample.days >= first
        ends = np.column_stack([_months_later(sample.days, m) for m in horizons])
        fitting = np.where(ends <= first, targets, -1).astype(np.int8)
        held = np.where(late[:, None], targets, -1).astype(np.int8)
        if _enough(fitting, sample.structures) and _enough(held, sample.structures):
            return "time", fitting, held
    count = int(sample.structures.max()) + 1
    drawn = np.random.default_rng(params.seed).random(count) < params.holdout_share
    out = drawn[sample.structures][:, None]
    fitting = np.where(out, -1, targets).astype(np.int8)
    held = np.where(out, targets, -1).astype(np.int8)
    kind = "structure"
    if not (_enough(fitting, sample.structures) and _enough(held, sample.structures)):
        kind = "none"
    return kind, fitting, held


def choose(
    sample: Sample,
    encoding: Encoding,
    horizons: Sequence[int],
    params: FitParams,
    *,
    num_threads: int,
) -> Choice:
    """Choose penalty, form and number of trees by log-loss on the hold-out."""
    kind, fitting, held = split_holdout(sample, horizons, params)
    if kind == "none":
        return Choice("linear", CAUTIOUS_L2, 0, 1.0, kind, {})
    a, b = (fitting >= 0).any(1), (held >= 0).any(1)
    fit_design, hold_design = sample.design.take(a), sample.design.take(b)
    fitting, held = fitting[a], held[b]
    l2, part, losses = _search_l2(fit_design, fitting, hold_design, held, encoding, params)
    features = [c.spec for c in encoding.columns]
    train = Stack(sample.codes[a], fitting, horizons, features, params, num_threads=num_threads)
    hold = Stack(
        sample.codes[b], held, horizons, features, params, num_threads=num_threads, like=train
    )
    prior = prior_intercepts(fitting, np.ones(len(fitting)))
    starts = {"boosted": (_scores(part, fit_design), _scores(part, hold_design))}
    starts["alone"] = (np.tile(prior, (len(fitting), 1)), np.tile(prior, (len(held), 1)))
    best = Choice("linear", l2, 0, 1.0, kind, losses)
    lowest = losses["linear"]
    for form, offsets in starts.items():
        rounds, text = search_rounds(train, hold, params, offsets)
        if not rounds:
            continue
        margin = _margins(text, sample.codes[b], horizons)
        for share in (1.0,) if form == "boosted" else BLENDS:
            line = starts["boosted"][1]
            score = line + margin if form == "boosted" else (
                share * line + (1 - share) * (offsets[1] + margin)
            )
            loss = _mean_loss(score, held)
            losses[form if form == "boosted" else f"blend_{share}"] = loss
            if loss < lowest:
                lowest = loss
                name = "boosted" if form == "boosted" else "blend"
                best = Choice(name, l2, round(rounds * MORE_ROUNDS), share, kind, losses)
    return best


def fit_bag(
    sample: Sample,
    encoding: Encoding,
    horizons: Sequence[int],
    params: FitParams,
    choice: Choice,
    *,
    num_threads: int,
) -> Bag:
    """Fit every member on all rows, each with its own Bayesian bootstrap of the structures."""
    count = int(sample.structures.max()) + 1
    rng = np.random.default_rng([params.seed, 1])
    draws = rng.exponential(size=(params.members, count)) if params.members > 1 else np.ones((1, count))
    weights = [draw[sample.structures] for draw in draws]
    signs, slots = encoding.signs(), encoding.level_slots()
    whole = fit_linear(
        sample.design,
        sample.targets,
        np.ones(len(sample.targets)),
        signs=signs,
        slots=slots,
        l2=choice.l2,
    )

    def member(w: Floats) -> LinearPart:
        return fit_linear(
            sample.design,
            sample.targets,
            w,
            signs=signs,
            slots=slots,
            l2=choice.l2,
            start=whole,
        )

    # One BLAS thread a member: sums in an order that does not depend on the machine's cores.
    with threadpool_limits(1), ThreadPoolExecutor(max(1, num_threads)) as pool:
        lines = list(pool.map(member, weights)) if params.members > 1 else [whole]
    if not choice.rounds:
        return Bag(tuple(lines), tuple("" for _ in lines), 0.0)
    features = [c.spec for c in encoding.columns]
    stack = Stack(
        sample.codes, sample.targets, horizons, features, params, num_threads=num_threads
    )
    trees, parts = [], []
    for w, line in zip(weights, lines, strict=True):
        prior = prior_intercepts(sample.targets, w)
        offset = _scores(line, sample.design) if choice.form == "boosted" else np.tile(
            prior, (len(w), 1)
        )
        trees.append(fit_member(stack, choice.rounds, w, offset))
        parts.append(line.scaled(choice.share, prior))
    scale = 1.0 if choice.form == "boosted" else 1.0 - choice.share
    return Bag(tuple(parts), tuple(trees), scale)


def _search_l2(
    fit_design: Design,
    fitting: Targets,
    hold_design: Design,
    held: Targets,
    encoding: Encoding,
    params: FitParams,
) -> tuple[float, LinearPart, dict[str, float]]:
    found: dict[float, tuple[float, LinearPart]] = {}
    part: LinearPart | None = None
    with threadpool_limits(1):
        for l2 in sorted(params.l2_grid, reverse=True):  # from the stiffest: each starts the next
            part = fit_linear(
                fit_design,
                fitting,
                np.ones(len(fitting)),
                signs=encoding.signs(),
                slots=encoding.level_slots(),
                l2=l2,
                start=part,
            )
            found[l2] = (_mean_loss(_scores(part, hold_design), held), part)
    best = min(found, key=lambda k: (found[k][0], -k))
    losses = {f"l2_{k:g}": loss for k, (loss, _) in found.items()}
    return best, found[best][1], {**losses, "linear": found[best][0]}


def _scores(part: LinearPart, design: Design) -> Floats:
    out: Floats = part.shared(design)[:, None] + part.intercepts[None, :]
    return out


def _margins(text: str, codes: Floats, horizons: Sequence[int]) -> Floats:
    return np.column_stack(
        [forest_at([text], m, codes.shape[1], 1.0).members(codes)[:, 0] for m in horizons]
    )


def _mean_loss(scores: Floats, targets: Targets) -> float:
    seen = targets >= 0
    return float(log_losses(scores[seen], targets[seen]).mean())


def _enough(targets: Targets, structures: NDArray[np.intp]) -> bool:
    return len(np.unique(structures[(targets == 1).any(1)])) >= MIN_EVENTS


def _months_later(days: NDArray[np.datetime64], months: int) -> NDArray[np.datetime64]:
    later = pl.Series(days.astype("datetime64[D]")).dt.offset_by(f"{months}mo")
    return later.to_numpy()
