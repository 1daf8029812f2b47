"""The bag: members fitted on all rows, each with its own bootstrap of the structures."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.boosting import Stack, fit_member
from models.linear import LinearPart, fit_linear, prior_intercepts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.choice import Choice
    from models.encoding import Encoding
    from models.sample import Sample
    from models.spec import FitParams

    Floats = NDArray[np.float64]


#: of the weights of a member's trees, the part that is drawn. Trees fitted on a whole draw see half
#: of the rows, so to speak, and their mean is further from the truth: against the oracle of the
#: synthetic France, 0.0004 to 0.0006 of expected AUC with eight members (`docs/experiments.md`)
DRAWN = 0.5


@dataclass(frozen=True)
class Bag:
    """The fitted members.

    Attributes
    ----------
    linear : tuple[LinearPart, ...]
        Linear parts.
    trees : tuple[str, ...]
        Trees as LightGBM text.
    scale : float
        Factor of the trees' leaves.
    stretch : float
        What the spread of the trees is multiplied by, to be that of whole draws.
    """

    linear: tuple[LinearPart, ...]
    trees: tuple[str, ...]
    scale: float
    stretch: float = 1.0


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
    draws = np.ones((1, count))
    if params.members > 1:
        draws = rng.exponential(size=(params.members, count))
    weights = [draw[sample.structures] * sample.weights for draw in draws]
    lines = _linear_members(sample, encoding, params, choice, weights, num_threads)
    if not choice.rounds:
        return Bag(tuple(lines), tuple("" for _ in lines), 0.0)
    features = [c.spec for c in encoding.columns]
    stack = Stack(sample.codes, sample.targets, horizons, features, params, num_threads=num_threads)
    # Trees that start from their member's line make up for what it strays: they need its whole draw
    drawn = DRAWN if choice.form == "blend" else 1.0
    trees, parts = [], []
    for draw, line in zip(draws, lines, strict=True):
        w = (1.0 + drawn * (draw - 1.0))[sample.structures] * sample.weights
        prior = prior_intercepts(sample.targets, w)
        offset = np.tile(prior, (len(w), 1))
        if choice.form == "boosted":
            offset = line.shared(sample.design)[:, None] + line.intercepts[None, :]
        trees.append(fit_member(stack, choice.rounds, w, offset))
        parts.append(line.scaled(choice.share, prior))
    scale = 1.0 if choice.form == "boosted" else 1.0 - choice.share
    return Bag(tuple(parts), tuple(trees), scale, 1.0 / drawn)


def _linear_members(
    sample: Sample,
    encoding: Encoding,
    params: FitParams,
    choice: Choice,
    weights: list[Floats],
    num_threads: int,
) -> list[LinearPart]:
    """Return linear parts whose mean is the fit on all rows and whose spread is its doubt.

    Refitting on bootstrap weights shows what the rows leave open. What the penalty decided (a
    level seen ten times stays near zero in every refit) is shown by pulling each member towards
    its own draw of the penalty's prior instead of towards zero: for a linear model the spread is
    then that of the Bayesian posterior.
    """
    signs, slots = encoding.signs(), encoding.level_slots()
    size = len(signs) + sum(slots)
    rng = np.random.default_rng([params.seed, 2])
    pulls = list(rng.normal(size=(len(weights), size)) / np.sqrt(choice.l2))

    def member(w: Floats, pull: Floats | None, start: LinearPart | None) -> LinearPart:
        return fit_linear(
            sample.design,
            sample.targets,
            w,
            signs=signs,
            slots=slots,
            l2=choice.l2,
            start=start,
            towards=pull,
        )

    # One BLAS thread a member: sums in an order that does not depend on the machine's cores.
    with threadpool_limits(1), ThreadPoolExecutor(max(1, num_threads)) as pool:
        whole = member(sample.weights, None, None)
        if len(weights) == 1:
            return [whole]
        starts = [whole] * len(weights)
        lines = list(pool.map(member, weights, pulls, starts))
    return [_shifted(line, lines, whole) for line in lines]


def _shifted(line: LinearPart, lines: list[LinearPart], whole: LinearPart) -> LinearPart:
    """Return `line` moved so that the members' mean is `whole`."""
    count = len(lines)
    return LinearPart(
        line.dense + whole.dense - sum(p.dense for p in lines) / count,
        tuple(
            own + full - sum(p.levels[k] for p in lines) / count
            for k, (own, full) in enumerate(zip(line.levels, whole.levels, strict=True))
        ),
        line.intercepts + whole.intercepts - sum(p.intercepts for p in lines) / count,
    )
