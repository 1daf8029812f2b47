"""What live scoring answers, as its client reads it: the same as `serving/live/answer.py`."""

from __future__ import annotations

from datetime import date

from veille.client.answers import Answer


class Estimate(Answer):
    """A probability at a horizon, with its interval."""

    horizon_months: int
    p: float
    low: float
    high: float


class LiveReason(Answer):
    """What one indicator adds to the log-odds."""

    indicator: str
    theme: str
    label: str
    unit: str
    value: float | None
    text: str | None
    contribution: float
    sentence: str | None


class LiveReasons(Answer):
    """Base + contributions = score_logit, the log-odds of the probability at this horizon."""

    horizon_months: int
    base_value: float
    score_logit: float
    reasons: list[LiveReason]


class Scored(Answer):
    """A structure scored from what the call gave."""

    id: str
    level: str
    coverage: float
    already_ended: bool
    estimates: list[Estimate]
    unseen_missing: list[str]
    reasons: LiveReasons | None


class Scores(Answer):
    """The scores of a call, structures in its order."""

    publication: str
    target: str
    as_of: date
    synthetic: bool
    model: str
    model_version: str
    items: list[Scored]
