"""What the API answers of the barometer and of the priorities, as its client reads it.

The same classes as `serving/api/barometer_schemas.py` and `priorities_schemas.py`; a test compares
them.
"""

from __future__ import annotations

from datetime import date

from veille.client.answers import Answer, StructureRow


class GroupEstimate(Answer):
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


class Movement(Answer):
    """Expected failures within a horizon, now and in the publication before."""

    horizon_months: int
    now: float
    before: float


class Stayed(Answer):
    """The structures that were in the group on both days."""

    structures: int
    expected: list[Movement]


class GroupChange(Answer):
    """Since the publication before; `structures` is the difference of their numbers."""

    publication: str
    as_of: date
    structures: int
    expected: list[Movement]
    same: Stayed | None


class Practice(Answer):
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


class BarometerLine(Answer):
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


class Barometer(Answer):
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


class PriorityRow(StructureRow):
    """A structure by priority. `value` is what the plan counts for it; docs/priorities.md.

    `stake` = jobs_at_stake x urgency x rarity; `full` are the rules of capacity that kept it from
    `best_scheme`.
    """

    priority: int
    jobs_counted: float
    employees_known: bool
    jobs_at_stake: float
    lead_months: int | None
    last_in: str | None
    stage: str
    urgency: float
    rarity: float
    stake: float
    scheme: str | None
    value: float
    best_scheme: str | None
    full: list[str]
    sentence: str


class CapacityRule(Answer):
    """A rule of capacity; `next_priority` is whom the next place would go to, if you may see it."""

    name: str
    schemes: list[str]
    region: str | None
    departement: str | None
    places: int
    used: int
    full: bool
    next_priority: int | None


class Priorities(Answer):
    """Whom to help first. `policies`: policy -> objective -> value, over the whole country."""

    publication: str
    target: str
    as_of: date
    horizon_months: int
    synthetic: bool
    objective: str
    to_confirm: bool
    period: str
    total: int
    limit: int
    next_after: int | None
    policies: dict[str, dict[str, float]]
    capacities: list[CapacityRule]
    items: list[PriorityRow]
