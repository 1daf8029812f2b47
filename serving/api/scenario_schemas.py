"""What the API answers about scenarios (`serving/cell/scenarios`)."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, Field


class Interval(BaseModel):
    """An expected number and its interval (`docs/scenarios.md` says which)."""

    expected: float
    low: float
    high: float


class Compared(BaseModel):
    """Without the scenario, with it, and the difference."""

    without: Interval
    with_scenario: Interval = Field(alias="with")
    difference: Interval


class ScenarioHorizon(BaseModel):
    """Expected cases and jobs at stake (probability × employees) at one horizon."""

    horizon_months: int
    cases: Compared
    jobs: Compared


class ScenarioFigures(BaseModel):
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


class LevelChange(BaseModel):
    """How many structures go from one level to another; None: fewer than five."""

    from_level: str = Field(alias="from")
    to: str
    structures: int | None


class ExposedStructure(BaseModel):
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


class MeasureInfo(BaseModel):
    """A measure, and the number of touched structures that it is for."""

    kind: str
    percent: float
    structures: int


class ScenarioTerritory(BaseModel):
    """The structures that the scenario is about."""

    national: bool
    regions: list[str]
    departements: list[str]


class Exposure(BaseModel):
    """Mean of the budget indicator over the touched structures that have one."""

    indicator: str
    mean: float | None
    known: int


class ScenarioResult(BaseModel):
    """The result of a scenario: a model's projection, not a causal proof.

    `most_exposed` is null for who may see no name. `with_measures`: `without` is with the scenario,
    `with` is with the scenario and its measures.
    """

    id: str
    publication: str
    target: str
    as_of: date
    synthetic: bool
    main_horizon_months: int
    territory: ScenarioTerritory
    scenario: dict[str, Any]
    statement: str
    notes: list[str]
    exposure: Exposure
    total: ScenarioFigures
    by: dict[str, list[ScenarioGroup]]
    changes: list[LevelChange]
    most_exposed: list[ExposedStructure] | None
    measures: list[MeasureInfo]
    with_measures: ScenarioFigures | None


class ScenarioDifference(BaseModel):
    """What the second scenario expects more than the first at one horizon, on the whole list."""

    horizon_months: int
    cases: float
    jobs: float


class ScenarioComparison(BaseModel):
    """Two scenarios side by side; horizons that only one of them has are not compared."""

    statement: str
    first: ScenarioResult
    second: ScenarioResult
    difference: list[ScenarioDifference]
