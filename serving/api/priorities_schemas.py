"""What the priorities answer. New keys may be added; none is removed or changes meaning in v1."""

from __future__ import annotations

from datetime import date

from serving.api.schemas import Answer, StructureRow


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
