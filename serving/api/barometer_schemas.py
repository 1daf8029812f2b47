"""What the barometer answers. New keys may be added; none is removed or changes meaning in v1."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel


class GroupEstimate(BaseModel):
    """What is expected of a group within a horizon.

    `low` and `high`: 90 % of what chance alone gives, the probabilities being exact. `model_low`
    and `model_high`: the sums of the bounds of the structures. `jobs_at_stake`: the sum of
    probability x employees over the structures of known size.
    """

    horizon_months: int
    expected_failures: float | None
    low: int | None
    high: int | None
    model_low: float | None
    model_high: float | None
    jobs_at_stake: float | None
    jobs_low: float | None
    jobs_high: float | None


class Movement(BaseModel):
    """Expected failures within a horizon, now and in the publication before."""

    horizon_months: int
    now: float
    before: float


class Stayed(BaseModel):
    """The structures that were in the group on both days."""

    structures: int
    expected: list[Movement]


class GroupChange(BaseModel):
    """Since the publication before; `structures` is the difference of their numbers."""

    publication: str
    as_of: date
    structures: int
    expected: list[Movement]
    same: Stayed | None


class Practice(BaseModel):
    """A practice of a funder, its 90 % interval, and the mean of the funders of its level."""

    practice: str
    label: str
    unit: str
    structures: int
    value: float
    low: float | None
    high: float | None
    peers: int
    peers_value: float | None


class BarometerLine(BaseModel):
    """The figures of one group; null where they are hidden."""

    key: str
    label: str | None
    region: str | None
    funder_level: str | None
    hidden: bool
    structures: int | None
    unknown_size: int | None
    levels: dict[str, int | None]
    shares: dict[str, float | None]
    estimates: list[GroupEstimate]
    change: GroupChange | None
    practices: list[Practice]


class Barometer(BaseModel):
    """The barometer of a publication, by one dimension; `total` is the whole list."""

    publication: str
    target: str
    as_of: date
    synthetic: bool
    by: str
    main_horizon: int
    hidden_under: int
    rounded_to: int | None
    hidden: int
    total: BarometerLine
    items: list[BarometerLine]
