"""Geometry of the drawings, in percent of their width: the macros only write it as SVG.

Percent coordinates keep the text at its size and the drawing at the width of the page, without a
script. Everything drawn is also said in text beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.single import sigmoid
from serving.web import formats
from serving.web.words import FUNDER_LEVELS, reason_value

_TICKS = (0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
_MAX_TICKS = 6
_MARGIN = 0.06
SHOWN_REASONS = 8


def logit(probability: float) -> float:
    """Return log(p / (1 - p)); p is kept away from 0 and 1, which no estimate reaches."""
    kept = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(kept / (1 - kept))


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: place in percent, text."""

    at: float
    text: str


@dataclass(frozen=True)
class Step:
    """One row of the waterfall: where its bar stands (percent), what it says."""

    kind: str  # base | up | down | rest | score
    label: str
    detail: str
    start: float
    width: float
    origin: float  # where the bar leaves from
    end: float  # where it arrives: the next one leaves from there
    effect: float | None
    probability: float


@dataclass(frozen=True)
class Waterfall:
    """From the base value to the score: rows top to bottom, and the axis in probabilities."""

    steps: tuple[Step, ...]
    ticks: tuple[Tick, ...]


def waterfall(base_value: float, score: float, reasons: Sequence[Mapping[str, Any]]) -> Waterfall:
    """Return the waterfall of one structure.

    Parameters
    ----------
    base_value, score : float
        Log-odds of the model before any indicator, and of the structure.
    reasons : sequence of mapping
        label, contribution (log-odds), value, unit, text; strongest first. All but the first
        `SHOWN_REASONS` are drawn as one row, which also closes the sum exactly.
    """
    shown = list(reasons[:SHOWN_REASONS])
    bars: list[tuple[str, str, str, float]] = []
    for reason in shown:
        effect = float(reason["contribution"])
        detail = reason_value(reason)
        label = str(reason.get("label") or reason["indicator"])
        bars.append(("up" if effect > 0 else "down", label, detail, effect))
    rest = score - base_value - sum(effect for *_, effect in bars)
    hidden = len(reasons) - len(shown)
    if hidden or abs(rest) > 0.005:
        title = formats.plural(hidden, "autre indicateur", "autres indicateurs")
        bars.append(("rest", title if hidden else "Autres indicateurs", "effet cumulé", rest))
    levels = [base_value]
    for *_, effect in bars:
        levels.append(levels[-1] + effect)
    scale = _Scale(min(*levels, score), max(*levels, score))
    steps = [_mark("base", "Point de départ", "structure moyenne", base_value, scale)]
    for (kind, label, detail, effect), before, after in zip(bars, levels, levels[1:], strict=False):
        left, right = sorted((scale.at(before), scale.at(after)))
        steps.append(
            Step(
                kind,
                label,
                detail,
                left,
                round(max(right - left, 0.4), 2),
                scale.at(before),
                scale.at(after),
                effect,
                sigmoid(after),
            )
        )
    steps.append(_mark("score", "Risque estimé", "toutes raisons comptées", score, scale))
    return Waterfall(tuple(steps), scale.ticks())


class _Scale:
    """Log-odds to percent of the width."""

    def __init__(self, low: float, high: float) -> None:
        room = max(high - low, 0.5) * _MARGIN
        self.low, self.high = low - room, high + room

    def at(self, score: float) -> float:
        return round(100 * (score - self.low) / (self.high - self.low), 2)

    def ticks(self) -> tuple[Tick, ...]:
        inside = [p for p in _TICKS if self.low < logit(p) < self.high]
        step = math.ceil(len(inside) / _MAX_TICKS) or 1
        kept = inside[::step]
        return tuple(Tick(self.at(logit(p)), _short_percent(p)) for p in kept)


def _mark(kind: str, label: str, detail: str, score: float, scale: _Scale) -> Step:
    at = scale.at(score)
    return Step(kind, label, detail, at, 0.0, at, at, None, sigmoid(score))


def _short_percent(probability: float) -> str:
    digits = 2 if probability < 0.001 else 1 if probability < 0.01 or probability > 0.99 else 0
    return f"{formats.number(100 * probability, digits)}{formats.NBSP}%"


@dataclass(frozen=True)
class Gauge:
    """A risk and its interval on the scale of the list (square root: 0 % to 100 %), in percent."""

    at: float
    start: float
    width: float


#: marks of the scale of the list, to be said in its legend
GAUGE_TICKS: tuple[float, ...] = (0.01, 0.1, 0.5)


def gauge(probability: float | None, low: float | None, high: float | None) -> Gauge | None:
    """Return the small bar of the list, None without a probability.

    The square root lets 1 % and 50 % be seen on one bar; the scale is the same on every page.
    """
    if probability is None:
        return None
    at = root(probability)
    start, end = (
        root(probability if low is None else low),
        root(probability if high is None else high),
    )
    return Gauge(at, start, max(round(end - start, 2), 1.0))


def root(share: float) -> float:
    """Return the place of a share of 1 on the square-root scale, in percent."""
    return round(100 * math.sqrt(share), 2)


@dataclass(frozen=True)
class Block:
    """One funder level in one year: percent of the width, pixels of the height."""

    level: str
    x: float
    width: float
    y: float
    height: float
    title: str


@dataclass(frozen=True)
class YearBar:
    """One year of the history."""

    year: int
    middle: float
    total: float
    top: float
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class History:
    """Public funding by year and funder level, drawn and in figures."""

    height: int
    base: int
    levels: tuple[str, ...]
    years: tuple[YearBar, ...]
    ticks: tuple[Tick, ...]  # `at` in pixels from the top
    amounts: dict[int, dict[str, float]]


_PLOT_TOP, _PLOT_BASE, _PLOT_HEIGHT = 30, 220, 250


def history(lines: Iterable[Mapping[str, Any]]) -> History | None:
    """Return the drawing of the public funding of a structure, None when nothing is known.

    Parameters
    ----------
    lines : iterable of mapping
        fiscal_year, funder_level, amount_eur (euros). A negative amount (a recovery) is taken off
        the level of its year; a level below zero is in the table but cannot be drawn.
    """
    amounts: dict[int, dict[str, float]] = {}
    for line in lines:
        level = line["funder_level"] if line["funder_level"] in FUNDER_LEVELS else "unknown"
        year = amounts.setdefault(int(line["fiscal_year"]), {})
        year[level] = year.get(level, 0.0) + float(line["amount_eur"])
    if not amounts:
        return None
    first, last = min(amounts), max(amounts)
    for year_number in range(first, last + 1):
        amounts.setdefault(year_number, {})
    amounts = dict(sorted(amounts.items()))
    levels = tuple(code for code in FUNDER_LEVELS if any(code in y for y in amounts.values()))
    highest = max(sum(max(a, 0.0) for a in y.values()) for y in amounts.values())
    step = _nice(max(highest / 4, 1.0))  # an axis finer than the euro says nothing
    top = step * max(math.ceil(highest / step), 1)
    scale = (_PLOT_BASE - _PLOT_TOP) / top
    slot = 100 / len(amounts)
    years = tuple(
        _year(year, amounts[year], levels, (index * slot, slot, scale))
        for index, year in enumerate(amounts)
    )
    marks = [step * n for n in range(round(top / step) + 1)]
    ticks = tuple(Tick(round(_PLOT_BASE - m * scale, 1), formats.short_euros(m)) for m in marks)
    return History(_PLOT_HEIGHT, _PLOT_BASE, levels, years, ticks, amounts)


def _year(
    year: int,
    amounts: Mapping[str, float],
    levels: Sequence[str],
    place: tuple[float, float, float],
) -> YearBar:
    left, slot, scale = place
    width = min(slot * 0.62, 12.0)
    x = left + (slot - width) / 2
    y = float(_PLOT_BASE)
    blocks: list[Block] = []
    for level in levels:
        amount = amounts.get(level, 0.0)
        if amount > 0:
            height = amount * scale
            y -= height
            title = f"{year}, {FUNDER_LEVELS[level]} : {formats.euros(amount)}"
            size = (round(x, 2), round(width, 2), round(y, 1), round(height, 1))
            blocks.append(Block(level, *size, title))
    return YearBar(
        year, round(left + slot / 2, 2), sum(amounts.values()), round(y, 1), tuple(blocks)
    )


def _nice(size: float) -> float:
    power = 10.0 ** math.floor(math.log10(size))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= size * (1 - 1e-9))
