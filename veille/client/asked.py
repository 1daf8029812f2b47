"""What a caller may ask for: the words and the parameters of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

Level = Literal["high", "moderate", "low", "unknown"]
Sort = Literal["-p", "p", "rank", "-rank", "-employees", "employees", "name", "-name"]
Format = Literal["csv", "xlsx", "parquet"]
Dialect = Literal["excel", "standard"]
By = Literal["region", "departement", "sector", "ess_family", "funder", "programme"]
Objective = Literal["benefit", "risk", "risk_jobs"]


class Filters(TypedDict, total=False):
    """The filters and the sort of a list, as in docs/api.md; several values are alternatives."""

    target: str
    horizon: int
    level: Level | Sequence[Level]
    region: str | Sequence[str]
    departement: str | Sequence[str]
    sector: str | Sequence[str]
    ess_family: str | Sequence[str]
    min_employees: int
    q: str
    sort: Sort


class Told(TypedDict, total=False):
    """A structure to score: `histories` (rows by table) or `indicators` (values by name).

    Days may be dates, amounts decimals; `id` is given back as it is.
    """

    id: str
    histories: Mapping[str, Sequence[Mapping[str, object]]]
    indicators: Mapping[str, str | float | bool | None]
