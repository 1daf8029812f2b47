"""What the API answers on schemes, orientation, history and likeness, as its client reads it.

The same classes as `serving/api/orientation_schemas.py`; a test compares them.
"""

from __future__ import annotations

from datetime import date

from veille.client.answers import Answer, Reserved, StructureRow, TrendPoint


class CriterionResult(Answer):
    """A criterion: `result` is met, not_met or unknown; `value` is what decided, in French."""

    kind: str
    label: str
    result: str
    fact: str
    value: str


class Candidate(Answer):
    """A structure to share with: never its risk. For an analyst, its pseudonym."""

    siren: str | None
    pseudonym: str | None
    name: str | None
    sector: str | None
    sector_label: str | None
    commune: str | None
    departement: str | None
    region: str | None
    employees_band: str | None


class SchemeOrientation(Answer):
    """One scheme for the structure: verdict fits, to_check or does_not_fit; priority from 1."""

    id: str
    label: str
    means: str
    stage: str | None
    verdict: str
    priority: int | None
    why: str
    drivers: list[str]
    criteria: list[CriterionResult]
    decided_by: list[CriterionResult]
    bring: list[str]
    contact: str
    source: str
    source_on: date | None
    to_confirm: bool
    note: str
    candidates: list[Candidate]


class StructureOrientation(Answer):
    """The stage of a structure, and every scheme, first to turn to first."""

    publication: str
    target: str
    as_of: date
    synthetic: bool
    siren: str | None
    pseudonym: str | None
    catalogue: str
    stage: str | None
    stage_label: str
    stage_why: str
    reserved: list[Reserved]
    schemes: list[SchemeOrientation]


class FunderAmount(Answer):
    """What one funder gave in a year."""

    funder_id: str | None
    funder_name: str | None
    funder_level: str | None
    amount_eur: float


class FundingYear(Answer):
    """The public funding of one year, the largest funder first."""

    fiscal_year: int
    total_eur: float
    funders: list[FunderAmount]


class StructureHistory(Answer):
    """Funding by year, the last first, and the trend; `next_before` asks for the years before."""

    publication: str
    target: str
    as_of: date
    synthetic: bool
    siren: str | None
    pseudonym: str | None
    horizon_months: int
    years: list[FundingYear]
    next_before: int | None
    trend: list[TrendPoint]


class SimilarStructures(Answer):
    """Structures like this one in the reader's territory, the most alike first."""

    publication: str
    target: str
    as_of: date
    synthetic: bool
    siren: str | None
    pseudonym: str | None
    horizon_months: int
    compared_on: list[str]
    items: list[StructureRow]


class AlternativeInfo(Answer):
    """One condition of a list of alternatives."""

    kind: str
    label: str
    values: list[str]
    number: float | None


class CriterionInfo(AlternativeInfo):
    """A condition of a scheme: codes or a limit it compares with, or alternatives."""

    of: list[AlternativeInfo]


class SchemeInfo(Answer):
    """One scheme of the catalogue; `regions` is empty for the whole country."""

    id: str
    label: str
    means: str
    stages: list[str]
    regions: list[str]
    criteria: list[CriterionInfo]
    drivers: list[str]
    contact: str
    bring: list[str]
    source: str
    source_on: date | None
    to_confirm: bool
    note: str
    own: bool


class SchemeList(Answer):
    """The catalogue of schemes; `catalogue` changes with it."""

    catalogue: str
    items: list[SchemeInfo]
