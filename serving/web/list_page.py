"""What the page of the list shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from data.reference import region_of
from serving.access.errors import AccessError
from serving.access.principal import Principal, Territory
from serving.access.sources import open_reasons
from serving.publication import Publication
from serving.ranking import Page, Sort, counts, query
from serving.web import charts, formats, words
from serving.web.list_form import Asked, Chip, Choice, Group, Places, chips, fields
from serving.web.naming import identity, reason_text

PAGE_SIZE = 50
EXPORTS = (("csv", "CSV"), ("xlsx", "Excel (XLSX)"), ("parquet", "Parquet"))


@dataclass(frozen=True)
class Column:
    """A column of the list; `direction` is the aria-sort value when it orders the list."""

    name: str
    text: str
    href: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Row:
    """One structure of the list, in words."""

    rank: str
    name: str
    identifier: str
    href: str
    family: str
    place: str
    region: str
    sector: str
    employees: str
    level: str
    risk: str
    interval: str
    gauge: charts.Gauge | None
    reason: str


@dataclass(frozen=True)
class Export:
    """A format of the whole list, and the address of its file."""

    title: str
    href: str


@dataclass(frozen=True)
class LevelPart:
    """How many structures of a level, and their part of the bar in percent."""

    level: str
    text: str
    count: str
    share: str
    x: float
    width: float
    href: str
    selected: bool


@dataclass(frozen=True)
class ListView:
    """Everything the page of the list shows."""

    asked: Asked
    page: Page
    horizon: int
    title: str
    definition: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    summary: tuple[LevelPart, ...]
    chips: tuple[Chip, ...]
    fields: Mapping[str, tuple[Group, ...]]
    level_choices: tuple[Choice, ...]
    position: str
    first_href: str
    next_href: str
    clear_href: str
    exports: tuple[Export, ...]
    outcome: str
    sirens: tuple[str, ...]
    nominative: bool


def build(
    asked: Asked,
    publication: Publication,
    principal: Principal,
    *,
    targets: tuple[str, ...],
    secret: bytes,
) -> ListView:
    """Return the page of the list.

    Parameters
    ----------
    asked : Asked
        What the address asks.
    publication : Publication
        The publication that is read.
    principal : Principal
        Who reads: his territory limits the list, its counts and the choices of the form.
    targets : tuple of str
        The targets that may be chosen.
    secret : bytes
        Key of the pseudonyms shown to an analyst.

    Raises
    ------
    RankingError
        A cursor of another list, or of a former publication.
    AccessError
        A région or a département outside the reader's territory: an empty list would read as
        "no structure at risk there". A name searched or sorted by an analyst.
    """
    territory = principal.territory
    _check_reach(asked, principal)
    page = query(
        publication,
        asked.filters,
        sort=asked.sort,
        limit=PAGE_SIZE,
        cursor=asked.cursor,
        territory=territory,
    )
    rows = page.rows()
    start = (asked.page - 1) * PAGE_SIZE + 1
    shown = f"{formats.number(start)} à {formats.number(start + len(page.positions) - 1)}"
    onward = page.next_cursor
    return ListView(
        asked=asked,
        page=page,
        horizon=page.horizon_months,
        title=words.risk_title(publication.target),
        definition=words.DEFINITIONS.get(publication.target, ""),
        columns=_columns(asked, page.horizon_months, nominative=principal.nominative),
        rows=tuple(_row(row, asked, page, principal, secret) for row in rows),
        summary=_summary(asked, publication, territory),
        chips=tuple(chips(asked, publication)),
        fields=fields(asked, publication, targets, places(publication, territory)),
        position=f"Structures {shown} sur {formats.number(page.total)}",
        first_href=asked.href() if asked.cursor else "",
        next_href=asked.href(cursor=onward, page=asked.page + 1) if onward else "",
        level_choices=tuple(Choice(c, t, c in asked.levels) for c, t in words.LEVELS.items()),
        clear_href=Asked(target=asked.target, horizon=asked.horizon).href(),
        exports=tuple(Export(title, asked.export_href(ending)) for ending, title in EXPORTS),
        outcome=words.outcome(publication.target),
        sirens=tuple(str(row["siren"]) for row in rows),
        nominative=principal.nominative,
    )


def _check_reach(asked: Asked, principal: Principal) -> None:
    territory = principal.territory
    region = region_of(asked.departement) if asked.departement else asked.region
    touched = {region_of(code) for code in territory.departements}
    inside = territory.contains(region or None, asked.departement or None) or (
        not asked.departement and asked.region in touched
    )
    if (asked.region or asked.departement) and not inside:
        raise AccessError(
            "Ce territoire n’est pas le vôtre.",
            code="outside-territory",
            received=words.departement_name(asked.departement)
            if asked.departement
            else words.region_name(asked.region),
            expected=words.territory_name(territory),
            todo="Revenez à la liste : elle montre tout votre territoire.",
        )
    if not principal.nominative and (asked.q or asked.sort in {Sort.NAME, Sort.NAME_DESC}):
        raise AccessError(
            "Une liste pseudonymisée ne se cherche ni ne se trie par le nom.",
            code="filter-forbidden",
            todo="Retirez ce critère.",
        )


def places(publication: Publication, territory: Territory) -> Places:
    """Return the régions and départements of a publication that a territory touches."""
    departements = publication.values("departement")
    allowed = tuple(d for d in departements if territory.contains(region_of(d), d))
    regions = {region_of(d) for d in allowed}
    inside = [
        r for r in publication.values("region") if territory.contains(r, None) or r in regions
    ]
    return Places(tuple(inside), allowed)


def _columns(asked: Asked, horizon: int, *, nominative: bool) -> tuple[Column, ...]:
    sorts = {
        "rank": ("Rang", Sort.RANK, Sort.RANK_DESC),
        "name": ("Structure", Sort.NAME, Sort.NAME_DESC),
        "employees": ("Effectif", Sort.EMPLOYEES_DESC, Sort.EMPLOYEES),
        "risk": (f"Risque à {horizon} mois", Sort.P_DESC, Sort.P),
    }

    def column(name: str, text: str = "") -> Column:
        if name not in sorts or (name == "name" and not nominative):
            return Column(name, text)
        title, first, second = sorts[name]
        wanted = second if asked.sort is first else first
        current = asked.sort in {first, second}
        way = "descending" if asked.sort.value.startswith("-") else "ascending"
        return Column(name, title, asked.href(sort=wanted), way if current else "")

    return (
        column("rank"),
        column("name", "Structure"),
        column("place", "Territoire"),
        column("sector", "Secteur"),
        column("employees"),
        column("risk"),
        column("level", "Niveau"),
        column("reason", "Première raison"),
    )


def _row(
    row: Mapping[str, Any], asked: Asked, page: Page, principal: Principal, secret: bytes
) -> Row:
    every = page.publication.reasons(row["siren"], page.horizon_months)
    reasons = open_reasons(every, principal.sources)
    first = next((r for r in reasons if r["contribution"] > 0), None)
    shown = identity(row, principal, secret)
    family = row["ess_family"]
    return Row(
        rank=formats.number(row["rank"]),
        name=shown.name,
        identifier=shown.identifier,
        href=shown.href + structure_query(asked),
        family=words.FAMILIES.get(family, family) if family else "",
        place=words.departement_name(row["departement"]),
        region=words.region_name(row["region"]) if row["region"] else "",
        sector=row["sector_label"] or row["sector"] or "Secteur non connu",
        employees="non connu" if row["employees"] is None else formats.number(row["employees"]),
        level=row["level"],
        risk=formats.percent(row["p"]),
        interval=formats.interval(row["low"], row["high"]),
        gauge=charts.gauge(row["p"], row["low"], row["high"]),
        reason=reason_text(first) if first else "",
    )


def structure_query(asked: Asked) -> str:
    """Return the end of a structure's address that keeps the target and horizon asked."""
    kept = {"target": asked.target, "horizon": str(asked.horizon or "")}
    pairs = {name: value for name, value in kept.items() if value}
    return "?" + urlencode(pairs) if pairs else ""


def _summary(asked: Asked, publication: Publication, territory: Territory) -> tuple[LevelPart, ...]:
    everything = replace(asked, levels=())
    by_level = counts(publication, "level", everything.filters, territory=territory)
    numbers = {level: by_level.get(level, {}).get(level, 0) for level in words.LEVELS}
    total = sum(numbers.values())
    parts: list[LevelPart] = []
    x = 0.0
    for level, count in numbers.items():
        width = 100 * count / total if total else 0.0
        selected = asked.levels == (level,)
        target = everything if selected else replace(asked, levels=(level,))
        share = formats.percent(count / total) if count else f"0{formats.NBSP}%"
        parts.append(
            LevelPart(
                level=level,
                text=words.LEVEL_TITLES[level],
                count=formats.number(count),
                share=share,
                x=round(x, 3),
                width=round(width, 3),
                href=target.href(),
                selected=selected,
            )
        )
        x += width
    return tuple(parts)
