"""What a call of live scoring gets back."""

from __future__ import annotations

import msgspec

from features.catalogue import INDICATORS
from features.wording import category, sentence
from models.single import Value


class Estimate(msgspec.Struct):
    """A probability at a horizon, with its interval."""

    horizon_months: int
    p: float
    low: float
    high: float


class Reason(msgspec.Struct):
    """What one indicator adds to the log-odds."""

    indicator: str
    theme: str
    label: str
    unit: str
    value: float | None
    text: str | None
    contribution: float
    sentence: str | None


class Reasons(msgspec.Struct):
    """Base + contributions = score_logit, the log-odds of the probability at this horizon."""

    horizon_months: int
    base_value: float
    score_logit: float
    reasons: list[Reason]


class Scored(msgspec.Struct):
    """One structure scored.

    `coverage`: share of the catalogue's indicators that are known. `unseen_missing`: indicators
    that are missing and never were in training: their usual value stands for them.
    `already_ended`: a failure, merger or cessation is told by its histories; lists leave it out.
    """

    id: str
    level: str
    coverage: float
    already_ended: bool
    estimates: list[Estimate]
    unseen_missing: list[str]
    reasons: Reasons | None = None


class Answer(msgspec.Struct):
    """What a call gets back, structures in its order."""

    publication: str
    target: str
    as_of: str
    synthetic: bool
    model: str
    model_version: str
    items: list[Scored]


def reason_of(name: str, value: Value, contribution: float) -> Reason:
    """Return the reason of an indicator: its words, its value, what it adds to the log-odds."""
    indicator = INDICATORS[name]
    number = value if isinstance(value, (int, float)) else None
    word = value if isinstance(value, str) else None
    return Reason(
        indicator=name,
        theme=indicator.theme,
        label=indicator.label,
        unit=indicator.unit,
        value=None if number is None else float(number),
        text=None if word is None else category(indicator, word),
        contribution=contribution,
        sentence=sentence(indicator, number, word),
    )
