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
#: a size or a funding that is not known on either side counts as this distance
_NOT_KNOWN = 1.0
#: columns of the profiles that likeness compares: public ones
FUNDING = ("grants_eur", "funders_count")
#: another département of the same région counts as this distance
_ELSEWHERE = 0.5

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Near:
    """Rows of the publication, the nearest first; `total` is how many there are in all.

    `total` is None where none is seen and the reader may not see them all.
    """

    positions: list[int]
    total: int | None


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
        return Near([], None)
    alike = {sector, *catalogue.related(sector)}
    whole = False
    for column, code in (("departement", departement), ("region", region)):
        found = _rows(publication, column, code, territory, position)
        found = found[_among(publication, found, "sector", alike)]
        whole = territory.contains(region, departement if column == "departement" else None)
        if len(found):
            order = np.lexsort(
                (
                    publication.array("_siren")[found],
                    _apart(publication.frame["employees"], found, position),
                    ~_among(publication, found, "sector", {sector}),
                    _elsewhere(publication, row, found),
                )
            )
            return Near(found[order][:limit].tolist(), len(found))
    return Near([], 0 if whole else None)


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
    found = _rows(publication, "region", row["region"], territory, position)
    found = found[_among(publication, found, "sector", {row["sector"]})]
    compared = [publication.frame["employees"]]
    if publication.profiles is not None:
        compared += [publication.profiles[column] for column in FUNDING]
    distance = np.zeros(len(found))
    for column in compared:
        distance += _apart(column, found, position)
    near = _among(publication, found, "departement", {row["departement"]})
    distance += np.where(near, 0.0, _ELSEWHERE)
    order = np.lexsort((publication.array("_siren")[found], distance))
    return Similar(found[order][:limit].tolist(), tuple(column.name for column in compared))


def _rows(
    publication: Publication, column: str, code: str | None, territory: Territory, but: int
) -> Rows:
    """Return the rows of a place that are in the territory, one left out."""
    known = publication.codes[column]
    if code not in known:
        return np.zeros(0, dtype=np.intp)
    found: Rows = np.flatnonzero(publication.array(f"_c_{column}") == known.index(code))
    found = found[found != but]
    if territory.national:
        return found
    regions = _among(publication, found, "region", territory.regions)
    inside = regions | _among(publication, found, "departement", territory.departements)
    kept: Rows = found[inside]
    return kept


def _among(
    publication: Publication, rows: Rows, column: str, values: Iterable[str | None]
) -> npt.NDArray[np.bool_]:
    """Return which of these rows have one of these values; an unknown value is none of them."""
    wanted = {value for value in values if value}
    chosen = np.array([code in wanted for code in publication.codes[column]], dtype=np.bool_)
    found: npt.NDArray[np.bool_] = chosen[publication.array(f"_c_{column}")[rows]]
    return found


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
