"""The result of a scenario, as its client reads it: as `serving/api/scenario_schemas.py`."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from veille.client.answers import Answer


class Interval(Answer):
    """An expected number and its interval (`docs/scenarios.md` says which)."""

    expected: float
    low: float
    high: float


class Compared(Answer):
    """Without the scenario, with it, and the difference."""

    without: Interval
    with_scenario: Interval = Field(alias="with")
    difference: Interval


class ScenarioHorizon(Answer):
    """Expected cases and jobs at stake (probability × employees) at one horizon."""

    horizon_months: int
    cases: Compared
    jobs: Compared


class ScenarioFigures(Answer):
    """Figures of all structures or of a group; a hidden group has none."""

    structures: int | None
    touched: int | None
    cut_eur: float | None
    up: int | None
    down: int | None
    jobs_unknown: int | None
    hidden: bool
    horizons: list[ScenarioHorizon]


class ScenarioGroup(ScenarioFigures):
    """Figures of one région, département or sector; None: the place or sector is not known."""

    code: str | None


class LevelChange(Answer):
    """How many structures go from one level to another; None: fewer than five."""

    from_level: str = Field(alias="from")
    to: str
    structures: int | None


class ExposedStructure(Answer):
    """One of the hundred structures whose probability rises most, at the main horizon."""

    siren: str
    name: str | None
    sector: str | None
    departement: str | None
    region: str | None
    employees: int | None
    level: str
    new_level: str
    p: float | None
    new_p: float | None
    cut_eur: float


class ScenarioResult(Answer):
    """The result of a scenario: a model's projection, not a causal proof."""

    id: str
    publication: str
    target: str
    as_of: date
    synthetic: bool
    main_horizon_months: int
    territory: dict[str, Any]
    scenario: dict[str, Any]
    statement: str
    notes: list[str]
    exposure: dict[str, Any]
    total: ScenarioFigures
    by: dict[str, list[ScenarioGroup]]
    changes: list[LevelChange]
    most_exposed: list[ExposedStructure] | None
    measures: list[dict[str, Any]]
    with_measures: ScenarioFigures | None


class ScenarioDifference(Answer):
    """What the second scenario expects more than the first at one horizon, on the whole list."""

    horizon_months: int
    cases: float
    jobs: float


class ScenarioComparison(Answer):
    """Two scenarios side by side; horizons that only one of them has are not compared."""

    statement: str
    first: ScenarioResult
    second: ScenarioResult
    difference: list[ScenarioDifference]
