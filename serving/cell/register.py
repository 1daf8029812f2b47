"""Which structure is meant by a SIREN, an RNA number or an exact name: one for certain, or none.

Looked for among the structures of the lake, a public register, and among those of the publication
that the reader may see. Nothing is guessed: an unknown identifier, or a name that several bear,
designates nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import polars as pl

from data import identity, names
from data.lake import Lake
from data.reference.territories import region_of
from serving.access.principal import Principal, Territory
from serving.cell.errors import CellError
from serving.cell.rights import own_place, require_place
from serving.publication import PublicationError
from serving.services import Services

_COLUMNS = ("siren", "rna", "name", "departement", "region")


@dataclass(frozen=True)
class Named:
    """A structure as someone names it; `departement` and `region` say where a name is borne."""

    siren: str | None = None
    rna: str | None = None
    name: str | None = None
    departement: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Found:
    """The structure meant; without one, `unattached` is `unknown` or `ambiguous`."""

    siren: str | None = None
    name: str | None = None
    departement: str | None = None
    region: str | None = None
    matched_by: str | None = None
    unattached: str | None = None


def resolve(known: Services, territory: Territory, given: Sequence[Named]) -> list[Found]:
    """Return the structure that each one names, in order; one reading of the register for all.

    Parameters
    ----------
    known : Services
        Where the lake and the publication are.
    territory : Territory
        Of the reader: structures of the publication alone are not told elsewhere.
    given : sequence of Named
        The SIREN counts first, then the RNA number, then the name.
    """
    keys = _keys([one.name if not (one.siren or one.rna) else None for one in given])
    rows = _rows(known, territory, given, keys)
    numbers = _numbers(known, given)
    refused = _refused(known)
    found = []
    for one, key in zip(given, keys, strict=True):
        if one.siren:
            candidates, how = {one.siren} & rows.keys(), "siren"
        elif one.rna:
            candidates, how = numbers.get(one.rna, set()), "rna"
        else:
            candidates, how = _bearers(rows, one, key, refused), "name"
        if len(candidates) != 1:
            found.append(Found(unattached="ambiguous" if candidates else "unknown"))
            continue
        (siren,) = candidates
        states = rows.get(siren, [])
        last = states[-1] if states else {}
        departement = last.get("departement")
        region = last.get("region") or (region_of(departement) if departement else None)
        found.append(Found(siren, last.get("name"), departement, region, how))
    return found


def _keys(given: Sequence[str | None]) -> list[str | None]:
    frame = pl.DataFrame({"name": given}, schema={"name": pl.String})
    return frame.select(names.key("name")).to_series().to_list()


def _rows(
    known: Services, territory: Territory, given: Sequence[Named], keys: Sequence[str | None]
) -> dict[str, list[dict[str, Any]]]:
    """Return the states of every structure that may be meant, by SIREN, the latest known last."""
    sirens = sorted({one.siren for one in given if one.siren})
    rnas = sorted({one.rna for one in given if one.rna})
    wanted = pl.col("siren").is_in(sirens) | pl.col("rna").is_in(rnas)
    borne = sorted({key for key in keys if key})
    if borne:
        wanted |= names.key("name").is_in(borne)
    lake = Lake(known.settings.home)
    registered = lake.raw_scan("structures").select(*_COLUMNS, "known_on")
    frames = [registered.filter(wanted & pl.col("siren").is_not_null())]
    with suppress(PublicationError):
        frame = known.publications.current().get().frame
        if not territory.national:
            frame = frame.filter(
                pl.col("region").is_in(sorted(territory.regions))
                | pl.col("departement").is_in(sorted(territory.departements))
            )
        listed = frame.lazy().select(
            "siren", pl.lit(None, pl.String).alias("rna"), "name", "departement", "region"
        )
        frames.append(listed.filter(wanted).with_columns(pl.lit(None, pl.Date).alias("known_on")))
    rows = pl.concat(frames, how="vertical_relaxed").sort("known_on", nulls_last=False).collect()
    rows = rows.with_columns(names.key("name").alias("key"))
    by_siren: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_dicts():
        by_siren.setdefault(row["siren"], []).append(row)
    return by_siren


def _numbers(known: Services, given: Sequence[Named]) -> dict[str, set[str]]:
    """Return the one unit that an RNA number belongs to, where there is only one."""
    rnas = {one.rna for one in given if one.rna and not one.siren}
    if not rnas:
        return {}
    links = identity.rna_links(Lake(known.settings.home)).filter(pl.col("rna").is_in(sorted(rnas)))
    return {rna: {siren} for rna, siren in links.select("rna", "siren").iter_rows()}


def _refused(known: Services) -> set[tuple[str, str, str]]:
    review = names.review(known.settings.home / identity.REVIEW)
    lines = review.filter(pl.col("decision") == "refuse")
    return set(lines.select(names.key("name"), "departement", "siren").iter_rows())


def _bearers(
    rows: dict[str, list[dict[str, Any]]],
    one: Named,
    key: str | None,
    refused: set[tuple[str, str, str]],
) -> set[str]:
    """Return the SIREN of those who bear this name there, every state of a structure counting."""

    def borne(row: dict[str, Any]) -> bool:
        place = row["departement"]
        if row["key"] != key or (key, place, row["siren"]) in refused:
            return False
        if one.departement:
            return bool(place == one.departement)
        region = row["region"] or (region_of(place) if place else None)
        return one.region is None or region == one.region

    if not key:
        return set()
    return {siren for siren, states in rows.items() if any(borne(row) for row in states)}


def place_of(principal: Principal, named: Named, found: Found) -> tuple[str, str | None]:
    """Return the région and département of an alert: where it is followed.

    Raises
    ------
    CellError
        `no-identifier`, `no-place`.
    AccessError
        `outside-territory`.
    """
    if not (named.siren or named.rna or named.name):
        raise CellError(
            "Un signalement nomme une structure.",
            code="no-identifier",
            where="siren",
            received=None,
            expected="siren, rna ou name",
        )
    inside = found.region and principal.may_open(found.departement, found.region)
    if inside and named.region in {None, found.region} and named.departement is None:
        region, departement = found.region, found.departement
    else:
        region, departement = own_place(principal, named.region, named.departement)
        region = region or found.region
    if region is None:
        raise CellError(
            "On ne sait pas dans quelle région suivre ce signalement.",
            code="no-place",
            status=409,
            where="region",
            received=None,
            expected="region ou departement",
            todo="Donnez la région de la cellule qui suivra la structure.",
        )
    require_place(principal, region, departement)
    return region, departement
