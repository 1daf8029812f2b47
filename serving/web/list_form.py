"""The form of the list: what is asked in the address, and the address of what can be asked next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from data.reference import region_of
from serving.publication import Publication
from serving.publication_build import plain
from serving.ranking import Filters, Sort
from serving.web import formats, words
from serving.web.words import departement_name, region_name

_MAX_SEARCH = 120


@dataclass(frozen=True)
class Choice:
    """One option of a field."""

    value: str
    text: str
    selected: bool


@dataclass(frozen=True)
class Group:
    """Options under a title; no title for those that stand alone."""

    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Chip:
    """An active filter, and the address of the list without it."""

    text: str
    href: str


@dataclass(frozen=True)
class Asked:
    """What the address asks: every value is a text or a number that is known to be usable."""

    target: str = ""
    horizon: int | None = None
    levels: tuple[str, ...] = ()
    region: str = ""
    departement: str = ""
    sector: str = ""
    ess_family: str = ""
    min_employees: int | None = None
    q: str = ""
    sort: Sort = Sort.P_DESC
    cursor: str | None = None
    page: int = 1
    notes: tuple[str, ...] = field(default=())

    @property
    def filters(self) -> Filters:
        """The filters, as the ranking takes them."""
        return Filters(
            horizon_months=self.horizon,
            levels=self.levels,
            regions=_one(self.region),
            departements=_one(self.departement),
            sectors=_one(self.sector),
            ess_families=_one(self.ess_family),
            min_employees=self.min_employees,
            q=self.q,
        )

    @property
    def narrowed(self) -> bool:
        """Whether a field of the folded part of the form is in use."""
        return bool(self.sector or self.ess_family or self.min_employees)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters of the address, without sort nor place in the list."""
        found = [("target", self.target), ("horizon", str(self.horizon or ""))]
        found += [("level", level) for level in self.levels]
        found += [(n, getattr(self, n)) for n in ("region", "departement", "sector", "ess_family")]
        found += [("min_employees", str(self.min_employees or "")), ("q", self.q)]
        return [(name, value) for name, value in found if value]

    def href(self, *, sort: Sort | None = None, cursor: str | None = None, page: int = 1) -> str:
        """Return the address of the list, at its first page unless a cursor is given."""
        pairs = self.pairs()
        chosen = sort or self.sort
        if chosen is not Sort.P_DESC:
            pairs.append(("sort", chosen.value))
        if cursor:
            pairs += [("cursor", cursor), ("page", str(page))]
        return "/?" + urlencode(pairs) if pairs else "/"

    def export_href(self, ending: str) -> str:
        """Return the address of the whole list as a file, with the same filters and sort."""
        pairs = self.pairs()
        if self.sort is not Sort.P_DESC:
            pairs.append(("sort", self.sort.value))
        return f"/api/v1/exports/structures.{ending}" + ("?" + urlencode(pairs) if pairs else "")

    def without(self, name: str, value: str = "") -> str:
        """Return the address of the list without a filter, or without one of its values."""
        gone = {name, "departement"} if name == "region" else {name}
        kept = [
            (n, v) for n, v in self.pairs() if n not in gone or (value and n == name and v != value)
        ]
        return "/?" + urlencode(kept) if kept else "/"


def read(query: QueryParams, publication: Publication, *, default_target: str) -> Asked:
    """Return what the address asks, for a publication.

    What is the default (target, main horizon) is left out, so that addresses stay short.
    A number that is none is left out and said in `notes`. A département outside the région asked
    is left out too: without a script the field still holds the former one.
    """
    notes: list[str] = []
    region = query.get("region", "").strip()
    departement = query.get("departement", "").strip()
    if region and departement and region_of(departement) not in {region, None}:
        place = f"{departement_name(departement)} n’est pas en {region_name(region)}"
        notes.append(f"{place} : le filtre de département a été retiré.")
        departement = ""
    horizon = _whole(query.get("horizon"), "L’horizon", notes)
    if horizon is not None and horizon not in publication.horizons:
        notes.append(
            f"L’horizon de {horizon} mois n’est pas publié : l’horizon principal est montré."
        )
        horizon = None
    target = query.get("target", "").strip()
    sort = query.get("sort", "")
    return Asked(
        target="" if target == default_target else target,
        horizon=None if horizon == publication.main_horizon else horizon,
        levels=tuple(level for level in words.LEVELS if level in query.getlist("level")),
        region=region,
        departement=departement,
        sector=query.get("sector", "").strip(),
        ess_family=query.get("ess_family", "").strip(),
        min_employees=_whole(query.get("min_employees"), "L’effectif minimum", notes),
        q=query.get("q", "").strip()[:_MAX_SEARCH],
        sort=Sort(sort) if sort in {s.value for s in Sort} else Sort.P_DESC,
        cursor=query.get("cursor") or None,
        page=max(_whole(query.get("page"), "La page", notes) or 1, 1),
        notes=tuple(notes),
    )


def chips(asked: Asked, publication: Publication) -> list[Chip]:
    """Return the active filters, each with the address that removes it."""
    labels = publication.sector_labels()
    found = [
        Chip(f"Niveau : {words.LEVELS[level].lower()}", asked.without("level", level))
        for level in asked.levels
    ]
    texts: Mapping[str, str] = {
        "region": asked.region and region_name(asked.region),
        "departement": asked.departement and departement_name(asked.departement),
        "sector": asked.sector and labels.get(asked.sector, asked.sector),
        "ess_family": asked.ess_family and words.FAMILIES.get(asked.ess_family, asked.ess_family),
        "min_employees": (
            f"Au moins {formats.plural(asked.min_employees, 'salarié')}"
            if asked.min_employees
            else ""
        ),
        "q": asked.q and f"« {asked.q} »",
    }
    return found + [Chip(text, asked.without(name)) for name, text in texts.items() if text]


def fields(
    asked: Asked, publication: Publication, targets: Sequence[str], places: Places
) -> dict[str, tuple[Group, ...]]:
    """Return the options of each select of the form."""
    main = publication.main_horizon
    horizons = [(str(h), f"{h} mois") for h in publication.horizons]
    sectors = sorted(publication.sector_labels().items(), key=lambda pair: alphabetical(pair[1]))
    families = [(f, words.FAMILIES.get(f, f)) for f in publication.values("ess_family")]
    sizes = [(str(n), f"{formats.plural(n, 'salarié')} et plus") for n in words.SIZE_STEPS]
    asked_size = str(asked.min_employees or "")
    if asked_size and asked_size not in dict(sizes):
        sizes.append((asked_size, f"{formats.plural(int(asked_size), 'salarié')} et plus"))
    return {
        "target": _flat([(t, words.target_title(t)) for t in targets], publication.target),
        "horizon": _flat(horizons, str(asked.horizon or main)),
        "region": _flat(places.regions(), asked.region, "Toutes"),
        "departement": places.departement_groups(asked.region, asked.departement),
        "sector": _flat(sectors, asked.sector, "Tous"),
        "ess_family": _flat(families, asked.ess_family, "Toutes"),
        "min_employees": _flat(sizes, asked_size, "Indifférent"),
    }


@dataclass(frozen=True)
class Places:
    """The régions and départements a reader may choose: those of the list, inside his territory."""

    region_codes: tuple[str, ...]
    departement_codes: tuple[str, ...]

    def regions(self) -> list[tuple[str, str]]:
        """Return the régions, by name."""
        named = [(code, region_name(code)) for code in self.region_codes]
        return sorted(named, key=lambda pair: alphabetical(pair[1]))

    def departement_groups(self, region: str, chosen: str) -> tuple[Group, ...]:
        """Return the départements of the région asked, or of every région, one group each."""
        groups = [Group("", (Choice("", "Tous", not chosen),))]
        for code, name in self.regions():
            if region and code != region:
                continue
            inside = [c for c in self.departement_codes if region_of(c) == code]
            if inside:
                choices = tuple(Choice(c, departement_name(c), c == chosen) for c in inside)
                groups.append(Group(name, choices))
        return tuple(groups)


def alphabetical(text: str) -> str:
    """Return the key of an alphabetical order where É stands with E."""
    return plain(text)


def _flat(options: Iterable[tuple[str, str]], chosen: str, nothing: str = "") -> tuple[Group, ...]:
    choices = [Choice(value, text, value == chosen) for value, text in options]
    if nothing:
        choices.insert(0, Choice("", nothing, not chosen))
    return (Group("", tuple(choices)),)


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _whole(text: str | None, what: str, notes: list[str]) -> int | None:
    if not text or not text.strip():
        return None
    if text.strip().isdecimal() and len(text.strip()) <= 7:
        return int(text)
    notes.append(f"{what} doit être un nombre entier : « {text[:20]} » n’est pas compris.")
    return None
