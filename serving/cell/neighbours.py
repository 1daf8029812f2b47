"""Structures near another one: to share with it, or like it. Never chosen nor ordered by risk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from data.reference.schemes import Catalogue
from serving.access.principal import Territory
from serving.publication import Publication

#: candidates shown at most
CANDIDATES = 10
#: a size or a funding that is not known on both sides counts as this distance
_NOT_KNOWN = 1.0
_FUNDING = ("grants_eur", "funders_count")
#: another département of the same région counts as this distance
_ELSEWHERE = 0.5

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Near:
    """Rows of the publication, the nearest first; `total` is how many there are in all.

    `total` is None where none is seen and the reader may not see them all. `area` is the code of
    the département or the région looked at.
    """

    positions: list[int]
    total: int | None
    area: str | None


@dataclass(frozen=True)
class Similar:
    """Rows of the publication, the most alike first, and what they are compared on."""

    positions: list[int]
    compared_on: tuple[str, ...]


def neighbours(
    publication: Publication,
    position: int,
    territory: Territory,
    catalogue: Catalogue,
    *,
    limit: int = CANDIDATES,
) -> Near:
    """Return structures of the same or a complementary sector, in the département, else the région.

    Only those of the reader's territory. Same commune first, then same sector, then size, then
    SIREN.
    """
    row = publication.row(position)
    sector, departement, region = row["sector"], row["departement"], row["region"]
    if sector is None or (departement is None and region is None):
        return Near([], None, None)
    alike = _one_of(publication, "sector", {sector, *catalogue.related(sector)})
    alike &= _inside(publication, territory)
    alike[position] = False
    for column, code in (("departement", departement), ("region", region)):
        found = np.flatnonzero(alike & _one_of(publication, column, {code} if code else set()))
        whole = territory.contains(region, departement if column == "departement" else None)
        if len(found):
            order = np.lexsort(
                (
                    publication.array("_siren")[found],
                    _apart(publication.frame["employees"], found, position),
                    ~_one_of(publication, "sector", {sector})[found],
                    _elsewhere(publication, row, found),
                )
            )
            return Near(found[order][:limit].tolist(), len(found), code)
    return Near([], 0 if whole else None, region)


def similar(
    publication: Publication, position: int, territory: Territory, *, limit: int
) -> Similar:
    """Return structures of the same sector and région, near in size and in funding.

    Only those of the reader's territory; the same département counts as nearer. Size is the number
    of employees, funding the grants of the last year and the number of funders (where the
    publication has them), each compared by ratio.
    """
    row = publication.row(position)
    if row["sector"] is None or row["region"] is None:
        return Similar([], ())
    alike = _one_of(publication, "sector", {row["sector"]})
    alike &= _one_of(publication, "region", {row["region"]}) & _inside(publication, territory)
    alike[position] = False
    found = np.flatnonzero(alike)
    compared = [publication.frame["employees"]]
    if publication.profiles is not None:
        compared += [publication.profiles[column] for column in _FUNDING]
    distance = np.zeros(len(found))
    for column in compared:
        distance += _apart(column, found, position)
    near = _one_of(publication, "departement", {row["departement"] or ""})
    distance += np.where(near[found], 0.0, _ELSEWHERE)
    order = np.lexsort((publication.array("_siren")[found], distance))
    return Similar(found[order][:limit].tolist(), tuple(column.name for column in compared))


def _one_of(publication: Publication, column: str, values: Iterable[str]) -> npt.NDArray[np.bool_]:
    known = publication.codes[column]
    wanted = [known.index(value) for value in values if value and value in known]
    return np.isin(publication.array(f"_c_{column}"), wanted)


def _inside(publication: Publication, territory: Territory) -> npt.NDArray[np.bool_]:
    if territory.national:
        return np.ones(publication.rows, dtype=np.bool_)
    regions = _one_of(publication, "region", territory.regions)
    return regions | _one_of(publication, "departement", territory.departements)


def _apart(column: pl.Series, found: Rows, position: int) -> npt.NDArray[np.float64]:
    """Return how far each value is from that of `position`, as the logarithm of their ratio."""
    size = column.gather(np.append(position, found)).cast(pl.Float64).clip(lower_bound=0).log1p()
    apart: npt.NDArray[np.float64] = (size - size[0]).abs().fill_null(_NOT_KNOWN).to_numpy()[1:]
    return apart


def _elsewhere(publication: Publication, row: dict[str, Any], found: Rows) -> npt.NDArray[np.bool_]:
    if row["commune"] is None:
        return np.ones(len(found), dtype=np.bool_)
    communes = publication.frame["commune"].gather(found)
    elsewhere: npt.NDArray[np.bool_] = (communes != row["commune"]).fill_null(value=True).to_numpy()
    return elsewhere
