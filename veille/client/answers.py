"""What the API answers, as its client reads it: a key that is new here is kept, not refused.

The same classes as `serving/api/schemas.py`, which cannot be loaded without the server; a test
compares them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Any answer: what is not declared is kept."""

    model_config = ConfigDict(protected_namespaces=(), frozen=True, extra="allow")


class AlertMark(Answer):
    """The standing alerts of a structure that you may read: the worst one, the last one's day."""

    count: int
    severity: int
    last_on: date


class StructureRow(Answer):
    """A structure in a list. For an analyst `pseudonym` replaces siren, name and commune."""

    rank: int | None
    siren: str | None
    pseudonym: str | None
    name: str | None
    ess_family: str | None
    sector: str | None
    sector_label: str | None
    naf: str | None
    commune: str | None
    departement: str | None
    region: str | None
    employees_band: str | None
    employees: int | None
    level: str
    horizon_months: int
    p: float | None
    low: float | None
    high: float | None
    coverage: float | None
    alert: AlertMark | None = None


class StructureList(Answer):
    """One page of the ranked list; `total` is the exact number of structures of the whole list."""

    publication: str
    target: str
    as_of: date
    horizon_months: int
    synthetic: bool
    sort: str
    total: int
    limit: int
    next_cursor: str | None
    items: list[StructureRow]


class HorizonScore(Answer):
    """Probability within `horizon_months` and its interval; `base_value` is in log-odds."""

    horizon_months: int
    p: float | None
    low: float | None
    high: float | None
    base_value: float | None
    base_p: float | None


class Reason(Answer):
    """What one indicator adds to the risk (log-odds; positive is riskier)."""

    indicator: str
    label: str | None
    unit: str | None
    value: float | None
    text: str | None
    contribution: float
    sentence: str | None


class ThemeReasons(Answer):
    """The reasons of one theme and their sum."""

    theme: str
    label: str
    contribution: float
    reasons: list[Reason]


class Reasons(Answer):
    """Why: base_value + the contributions + other_contribution = score_logit, in log-odds.

    `other_contribution` is what the indicators that are not listed add up to.
    """

    horizon_months: int
    base_value: float | None
    score_logit: float | None
    other_contribution: float | None
    sentences: list[str]
    themes: list[ThemeReasons]


class Unknown(Answer):
    """Something that is not known about the structure."""

    theme: str | None
    message: str


class Funding(Answer):
    """Public funding of one year by one funder, known at the observation date."""

    fiscal_year: int
    funder_id: str | None
    funder_name: str | None
    funder_level: str | None
    amount_eur: float


class TrendPoint(Answer):
    """The same structure in one publication."""

    publication: str
    as_of: date
    p: float | None
    level: str
    rank: int | None


class Reserved(Answer):
    """A source that the reader has no right to; the same whatever it holds of the structure."""

    source: str
    label: str
    message: str


class OrientationLine(Answer):
    """A scheme in a few words: its stage here, fits | to_check | does_not_fit, from 1, and why."""

    id: str
    label: str
    stage: str | None
    verdict: str
    priority: int | None
    why: str


class StructureDetail(Answer):
    """All that is said about one structure."""

    publication: str
    target: str
    as_of: date
    synthetic: bool
    structures: int
    structure: StructureRow
    horizons: list[HorizonScore]
    reasons: Reasons
    unknown: list[Unknown]
    reserved: list[Reserved]
    history: list[Funding]
    trend: list[TrendPoint]
    orientation: list[OrientationLine]


class ModelInfo(Answer):
    """The model behind the current publication of a target."""

    target: str
    publication: str
    as_of: date
    synthetic: bool
    name: str
    version: str | int | None
    run_id: str | None
    horizons_months: list[int]
    base_values: dict[int, float]
    levels: dict[str, Any]
    thresholds: dict[str, Any]
    input_hash: str


class PublicationInfo(Answer):
    """One publication."""

    publication: str
    target: str
    as_of: date
    created_at: datetime
    rows: int
    synthetic: bool
    current: bool
    model_name: str
    model_version: str | int | None


class PublicationList(Answer):
    """The publications of a target, the latest first."""

    target: str
    items: list[PublicationInfo]


class IndicatorInfo(Answer):
    """One indicator of the catalogue."""

    name: str
    theme: str
    theme_label: str
    kind: str
    unit: str
    direction: int
    label: str
    sentence: str
    missing: str
    why: str


class IndicatorList(Answer):
    """The catalogue."""

    items: list[IndicatorInfo]


class Health(Answer):
    """State of the server; `targets` gives the publication served, or the code of the problem."""

    status: str
    targets: dict[str, str] = {}
