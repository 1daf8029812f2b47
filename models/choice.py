"""What the hold-out decides: penalty of the linear part, trees or not, how many, in what form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from models.boosting import Stack, learning_curve, levelled, log_losses
from models.linear import LinearPart, fit_linear, prior_intercepts
from models.sample import Sample, observed, split_holdout
from models.trees import forest_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from models.encoding import Design, Encoding
    from models.sample import Targets
    from models.spec import FitParams

    Floats = NDArray[np.float64]

CAUTIOUS_L2 = 16.0
BLENDS = (0.0, 0.25, 0.5, 0.75)  # shares of the linear part tried beside trees grown alone
CLEARLY_WORSE = 1e-5  # log-loss a label
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

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> Choice:
        """Return the choice that a model's summary tells."""
        return cls(
            form=summary["form"],
            l2=summary["l2"],
            rounds=summary["rounds"],
            share=summary["linear_share"],
            holdout=summary["holdout"],
            losses=dict(summary["holdout_losses"]),
        )

    def summary(self) -> dict[str, Any]:
        """Return what is written beside the model."""
        return {
            "form": self.form,
            "l2": self.l2,
            "rounds": self.rounds,
            "linear_share": self.share,
            "holdout": self.holdout,
            "holdout_losses": self.losses,
        }


class _Fold:
    """One fitting part with its hold-out."""

    def __init__(
        self, sample: Sample, encoding: Encoding, targets: tuple[Targets, Targets]
    ) -> None:
        self.kept, self.held = observed(targets[0]), observed(targets[1])
        self.fitting, self.target = targets[0][self.kept], targets[1][self.held]
        self.fit_design = sample.design.take(self.kept)
        self.hold_design = sample.design.take(self.held)
        self.structures = sample.structures[self.held]
        self.fit_weights, self.hold_weights = (
            sample.weights[self.kept],
            sample.weights[self.held],
        )
        self.encoding = encoding
        self.prior = prior_intercepts(self.fitting, self.fit_weights)

    def linear(self, l2: float, start: LinearPart | None) -> LinearPart:
        return fit_linear(
            self.fit_design,
            self.fitting,
            self.fit_weights,
            signs=self.encoding.signs(),
            slots=self.encoding.level_slots(),
            l2=l2,
            start=start,
        )

    def losses(self, scores: Floats) -> Floats:
        """Return the levelled, weighted log-loss of each held-out row, summed over its horizons."""
        shifted = scores.copy()
        for h in range(scores.shape[1]):
            seen = self.target[:, h] >= 0
            shifted[seen, h] = levelled(
                scores[seen, h], self.target[seen, h], self.hold_weights[seen], [int(seen.sum())]
            )
        each = np.where(self.target >= 0, log_losses(shifted, self.target), 0.0)
        out: Floats = self.hold_weights * each.sum(axis=1)
        return out

    @property
    def labels(self) -> float:
        """Return the weight of the held-out labels."""
        return float(self.hold_weights @ (self.target >= 0).sum(axis=1))


def choose(
    sample: Sample,
    encoding: Encoding,
    horizons: Sequence[int],
    sizes: Mapping[str, FitParams],
    *,
    num_threads: int,
) -> tuple[Choice, FitParams]:
    """Choose penalty, form, size and number of trees by log-loss on the hold-out.

    `sizes` are parameters that differ by the size of the trees, the usual one first. Trees are kept
    only if they lower the loss by more than half its standard error (by structure), another size
    only if it does so again: with few events the linear part alone is the safer score.
    """
    params = next(iter(sizes.values()))
    kind, pairs = split_holdout(sample, horizons, params)
    if not pairs:
        return Choice("linear", CAUTIOUS_L2, 0, 1.0, kind, {}), params
    folds = [_Fold(sample, encoding, pair) for pair in pairs]
    labels = sum(f.labels for f in folds)
    l2, lines, losses = _search_l2(folds, params, labels)
    linear = [f.losses(_scores(p, f.hold_design)) for f, p in zip(folds, lines, strict=True)]
    best, chosen = Choice("linear", l2, 0, 1.0, kind, losses), params
    lowest, simple = float(np.concatenate(linear).sum()), linear
    for size, tried in sizes.items():
        kept = simple
        for form, rounds, share, found in _grown(
            sample, folds, lines, horizons, tried, num_threads
        ):
            total = float(np.concatenate(found).sum())
            name = form if form == "boosted" else f"blend_{share}"
            losses[f"{size}_{name}" if size else name] = total / labels
            if total < lowest and _beyond_noise(folds, simple, found):
                lowest, chosen, kept = total, tried, found
                best = Choice(form, l2, max(1, round(rounds * MORE_ROUNDS)), share, kind, losses)
        simple = kept  # what the next size has to be better than
    return best, chosen


def _grown(
    sample: Sample,
    folds: list[_Fold],
    lines: list[LinearPart],
    horizons: Sequence[int],
    params: FitParams,
    num_threads: int,
) -> Iterator[tuple[str, int, float, list[Floats]]]:
    """Yield form, trees a member, share of the linear part, losses on the folds of each trial."""
    for form, shares in (("boosted", (1.0,)), ("blend", BLENDS)):
        rounds, margins = _boost(sample, folds, lines, form, horizons, params, num_threads)
        for share in shares:
            found = [
                f.losses(_combined(f, p, m, form, share))
                for f, p, m in zip(folds, lines, margins, strict=True)
            ]
            yield form, rounds, share, found


def _search_l2(
    folds: list[_Fold], params: FitParams, labels: float
) -> tuple[float, list[LinearPart], dict[str, float]]:
    found: dict[float, tuple[float, list[LinearPart]]] = {}
    lines: list[LinearPart | None] = [None] * len(folds)
    with threadpool_limits(1):
        for l2 in sorted(params.l2_grid, reverse=True):  # from the stiffest: each starts the next
            parts = [f.linear(l2, start) for f, start in zip(folds, lines, strict=True)]
            loss = sum(
                float(f.losses(_scores(p, f.hold_design)).sum())
                for f, p in zip(folds, parts, strict=True)
            )
            found[l2] = (loss / labels, parts)
            lines = list(parts)
            if loss / labels > min(value for value, _ in found.values()) + CLEARLY_WORSE:
                break  # looser penalties only get worse, and are the slowest to fit
    best = min(found, key=lambda k: (found[k][0], -k))
    losses = {f"l2_{k:g}": loss for k, (loss, _) in found.items()}
    return best, found[best][1], {**losses, "linear": found[best][0]}


def _boost(
    sample: Sample,
    folds: list[_Fold],
    lines: list[LinearPart],
    form: str,
    horizons: Sequence[int],
    params: FitParams,
    num_threads: int,
) -> tuple[int, list[Floats]]:
    """Return the best number of trees over the folds, and what they add on each hold-out."""
    features = [c.spec for c in folds[0].encoding.columns]
    curves, boosters = [], []
    for fold, line in zip(folds, lines, strict=True):
        train = Stack(
            sample.codes[fold.kept],
            fold.fitting,
            horizons,
            features,
            params,
            num_threads=num_threads,
        )
        hold = Stack(
            sample.codes[fold.held],
            fold.target,
            horizons,
            features,
            params,
            num_threads=num_threads,
            like=train,
        )
        if form == "boosted":
            offsets = _scores(line, fold.fit_design), _scores(line, fold.hold_design)
        else:
            offsets = _constant(fold, len(fold.fitting)), _constant(fold, len(fold.target))
        weights = fold.fit_weights, fold.hold_weights
        curve, booster = learning_curve(train, hold, params, offsets, weights)
        curves.append(curve * fold.labels)
        boosters.append(booster)
    length = min(map(len, curves))
    rounds = int(np.argmin(np.sum([c[:length] for c in curves], axis=0))) + 1
    margins = []
    for fold, booster in zip(folds, boosters, strict=True):
        text, codes = booster.model_to_string(num_iteration=rounds), sample.codes[fold.held]
        at = [forest_at([text], m, codes.shape[1], 1.0).members(codes)[:, 0] for m in horizons]
        margins.append(np.column_stack(at))
    return rounds, margins


def _combined(fold: _Fold, line: LinearPart, margin: Floats, form: str, share: float) -> Floats:
    score = _scores(line, fold.hold_design)
    if form == "boosted":
        return score + margin
    return share * score + (1 - share) * (_constant(fold, len(margin)) + margin)


def _constant(fold: _Fold, rows: int) -> Floats:
    return np.tile(fold.prior, (rows, 1))


def _beyond_noise(folds: list[_Fold], simple: list[Floats], other: list[Floats]) -> bool:
    """Tell whether `other` is better than `simple` by more than half a standard error.

    A whole one loses the trees of panels with few events, and gains nothing elsewhere.
    """
    gains = [np.bincount(f.structures, a - b) for f, a, b in zip(folds, simple, other, strict=True)]
    each = np.concatenate(gains)
    each = each[each != 0]
    return (
        bool(each.sum() > 0.5 * np.sqrt(((each - each.mean()) ** 2).sum())) if len(each) else False
    )


def _scores(part: LinearPart, design: Design) -> Floats:
    out: Floats = part.shared(design)[:, None] + part.intercepts[None, :]
    return out
