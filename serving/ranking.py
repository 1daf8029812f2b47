"""The ranked list: filters, sort, pages, over the columns of a publication. No HTTP here.

A publication never changes, so a page is continued from a place in a total order that every reader
shares: no row comes twice, none is lost, whatever the ties, and counting costs no more than the
filters.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from serving.access.principal import Territory
from serving.bits import Bits, count, first, pack, unpack
from serving.cursor import RankingError, read_cursor, write_cursor
from serving.publication import Publication
from serving.publication_build import CODED
from serving.selecting import among, holding, one_of

__all__ = [
    "MAX_LIMIT",
    "Filters",
    "Page",
    "RankingError",
    "Sort",
    "check_horizon",
    "counts",
    "query",
    "whole_list",
]

MAX_LIMIT = 200
#: no structure employs as many: a larger number asked is this one, which the columns can hold
_MOST = 2**31 - 1
_CHUNK = 8192


class Sort(StrEnum):
    """Sort keys; `-` means descending. Ties are broken by the rank of risk, then the SIREN."""

    P_DESC = "-p"
    P = "p"
    RANK = "rank"
    RANK_DESC = "-rank"
    EMPLOYEES_DESC = "-employees"
    EMPLOYEES = "employees"
    NAME = "name"
    NAME_DESC = "-name"


@dataclass(frozen=True)
class Filters:
    """What the list is restricted to; several values of one filter are alternatives.

    `q` is a SIREN, or a part of a name, accents and case aside. `min_employees` leaves out the
    structures whose size is unknown. `horizon_months` is the main horizon when None. `only`: the
    SIREN (as numbers) kept, asked for by `only_asked`; those kept may change from page to page.
    """

    horizon_months: int | None = None
    levels: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    departements: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    ess_families: tuple[str, ...] = ()
    min_employees: int | None = None
    q: str = ""
    only: frozenset[int] | None = None
    only_asked: str = ""

    def codes(self) -> dict[str, tuple[str, ...]]:
        """Return the filters by exact value: column -> values."""
        given = (self.levels, self.regions, self.departements, self.sectors, self.ess_families)
        return dict(zip(CODED, given, strict=True))


@dataclass(frozen=True)
class Page:
    """One page: row numbers of the publication in the order asked, exact total, way on."""

    publication: Publication
    positions: list[int]
    total: int
    next_cursor: str | None
    horizon_months: int

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of scores.parquet, p, low and high being those at the horizon asked."""
        return self.publication.take(self.positions, self.horizon_months)


def query(
    publication: Publication,
    filters: Filters,
    *,
    sort: Sort = Sort.P_DESC,
    limit: int = 50,
    cursor: str | None = None,
    territory: Territory = Territory.NATIONAL,
) -> Page:
    """Return one page of the list.

    Parameters
    ----------
    publication : Publication
        What is listed.
    filters, sort, limit, cursor
        What is asked; `limit` from 1 to 200; `cursor` is the `next_cursor` of the page before.
    territory : Territory
        What the reader may see: rows outside it are neither listed nor counted.

    Raises
    ------
    RankingError
        `unknown-horizon`; `cursor-invalid`; `cursor-other-list`: the cursor was made with other
        filters; `cursor-expired`: it was made on another publication.
    """
    horizon = check_horizon(publication, filters.horizon_months)
    size = max(1, min(limit, MAX_LIMIT))
    seal = _seal(filters, sort, territory)
    start = read_cursor(cursor, publication.id, seal) if cursor else 0
    bits = _chosen(publication, filters, territory)
    order = _Order(publication, sort, horizon)
    total = publication.rows if bits is None else count(bits)
    places, positions = _collect(order, bits, start, size + 1, total)
    more = len(positions) > size
    onward = write_cursor(publication.id, seal, places[size]) if more else None
    return Page(publication, positions[:size], total, onward, horizon)


def whole_list(
    publication: Publication, filters: Filters, *, sort: Sort, territory: Territory
) -> npt.NDArray[np.int32]:
    """Return the rows of the whole list, int32 in the order asked; as `query` page after page."""
    horizon = check_horizon(publication, filters.horizon_months)
    bits = _chosen(publication, filters, territory)
    rows = _Order(publication, sort, horizon).at(0, publication.rows)
    return rows if bits is None else rows[unpack(bits, publication.rows)[rows]]


def counts(
    publication: Publication,
    column: str,
    filters: Filters,
    *,
    territory: Territory = Territory.NATIONAL,
) -> dict[str, dict[str, int]]:
    """Count the structures by value of a filter column and level: {value: {level: n}}.

    `column` is one of level, region, departement, sector, ess_family; values without any
    structure are left out; the empty string stands for an unknown value.
    """
    codes, levels = publication.array(f"_c_{column}"), publication.array("_c_level")
    bits = _chosen(publication, filters, territory)
    values, level_names = publication.codes[column], publication.codes["level"]
    pairs = codes.astype(np.int64) * len(level_names) + levels
    found = np.bincount(
        pairs if bits is None else pairs[unpack(bits, publication.rows)],
        minlength=len(values) * len(level_names),
    ).reshape(len(values), len(level_names))
    return {
        value: {level: int(n) for level, n in zip(level_names, row, strict=True)}
        for value, row in zip(values, found, strict=True)
        if row.any()
    }


class _Order:
    """A total order of the rows: `at(start, stop)` gives the rows of these places."""

    def __init__(self, publication: Publication, sort: Sort, horizon: int) -> None:
        key = sort.value.removeprefix("-")
        descending = sort.value.startswith("-")
        self.rows = publication.rows
        name = f"_o_p_{horizon}m" if key == "p" else f"_o_{key}"
        self.order = publication.array(name)
        # Stored descending for p and employees, ascending for rank and name.
        self.reversed = descending != (key in {"p", "employees"})
        #: the rows are written in this very order: place and row are the same number
        self.written = key == "p" and horizon == publication.main_horizon and not self.reversed

    def at(self, start: int, stop: int) -> npt.NDArray[np.int32]:
        stop = min(stop, self.rows)
        part: npt.NDArray[np.int32]
        if self.reversed:
            part = self.order[self.rows - stop : self.rows - start][::-1]
        else:
            part = self.order[start:stop]
        return part


def _collect(
    order: _Order, bits: Bits | None, start: int, wanted: int, total: int
) -> tuple[list[int], list[int]]:
    """Return the places and the rows of the next `wanted` structures, from place `start` on."""
    if bits is None:
        rows = order.at(start, start + wanted)
        return list(range(start, start + len(rows))), rows.tolist()
    if order.written:
        found = first(bits, start, wanted).tolist()
        return found, found
    places: list[int] = []
    positions: list[int] = []
    mask = unpack(bits, order.rows)
    place, step = start, _CHUNK
    while place < order.rows and len(positions) < wanted and total:
        rows = order.at(place, place + step)
        kept = np.flatnonzero(mask[rows])[: wanted - len(positions)]
        places += (kept + place).tolist()
        positions += rows[kept].tolist()
        place += step
        step *= 2
    return places, positions


def check_horizon(publication: Publication, horizon: int | None) -> int:
    """Return the horizon asked, the main one when None; RankingError `unknown-horizon`."""
    if horizon is None:
        return publication.main_horizon
    if horizon not in publication.horizons:
        raise RankingError(
            "Cet horizon n'est pas dans la publication.",
            code="unknown-horizon",
            where="horizon",
            received=horizon,
            expected=" | ".join(str(h) for h in publication.horizons) + " (mois)",
            todo="Choisissez un des horizons publiés.",
        )
    return horizon


def _chosen(publication: Publication, filters: Filters, territory: Territory) -> Bits | None:
    """Return the rows that are in the territory and pass every filter; None for all of them."""
    parts: list[Bits] = []
    if not territory.national:
        inside = one_of(publication, "region", sorted(territory.regions))
        if territory.departements:
            inside = inside | one_of(publication, "departement", sorted(territory.departements))
        parts.append(inside)
    parts += [one_of(publication, c, values) for c, values in filters.codes().items() if values]
    if filters.min_employees is not None:
        # An unknown size is not in.
        known = publication.frame["employees"] >= min(filters.min_employees, _MOST)
        parts.append(pack(known.fill_null(value=False).to_numpy()))
    if filters.only is not None:
        parts.append(among(publication, filters.only))
    if filters.q.strip():
        parts.append(holding(publication, filters.q))
    chosen: Bits | None = None
    for part in parts:
        chosen = part if chosen is None else chosen & part
    return chosen


def _seal(filters: Filters, sort: Sort, territory: Territory) -> str:
    asked: dict[str, Any] = vars(filters) | {"sort": sort.value, "only": None}
    asked["territory"] = [
        sorted(territory.regions),
        sorted(territory.departements),
        territory.national,
    ]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
