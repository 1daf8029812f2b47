"""What a brief is about: a région, a département, a sector, inside what its reader may see."""

from __future__ import annotations

from dataclasses import dataclass

from data.reference.sectors import sectors
from data.reference.territories import departements, region_of, regions
from serving.access.errors import AccessError
from serving.access.principal import Principal, Territory
from serving.cursor import RankingError
from serving.publication import Publication
from serving.ranking import Filters
from serving.web.words import territory_name


@dataclass(frozen=True)
class Scope:
    """What is asked; what is not given is not a limit, beside the reader's own territory."""

    region: str | None = None
    departement: str | None = None
    sector: str | None = None

    def filters(self) -> Filters:
        """Return the filters of the list that hold the same structures."""
        return Filters(
            regions=(self.region,) if self.region else (),
            departements=(self.departement,) if self.departement else (),
            sectors=(self.sector,) if self.sector else (),
        )

    def place(self, principal: Principal) -> Territory:
        """Return the territory of the brief."""
        if self.departement:
            return Territory.of(departements=[self.departement])
        return Territory.of([self.region]) if self.region else principal.territory

    def title(self, publication: Publication, principal: Principal) -> str:
        """Return `Action sociale, Hauts-de-France`."""
        labels = sectors() | publication.sector_labels()
        parts = [labels[self.sector]] if self.sector else []
        return ", ".join([*parts, territory_name(self.place(principal))])

    def regions(self, principal: Principal) -> tuple[str, ...]:
        """Return the régions where the structures may be, none for the whole country."""
        place = self.place(principal)
        found = {*place.regions, *(region_of(code) for code in place.departements)}
        return tuple(sorted(code for code in found if code))

    def asked(self) -> dict[str, str]:
        """Return what was given, for the audit log."""
        given = {"region": self.region, "departement": self.departement, "sector": self.sector}
        return {name: value for name, value in given.items() if value}


def check_scope(scope: Scope, publication: Publication, principal: Principal) -> None:
    """Refuse what does not exist or is not the reader's.

    A région is whole or refused: under its name, a part of it would mislead.

    Raises
    ------
    RankingError
        `bad-value`.
    AccessError
        `outside-territory`.
    """
    known = (
        ("region", scope.region, set(regions())),
        ("departement", scope.departement, set(departements())),
        ("sector", scope.sector, {*sectors(), *publication.values("sector")}),
    )
    for name, value, values in known:
        if value is not None and value not in values:
            raise RankingError(
                "Cette valeur n'existe pas.",
                code="bad-value",
                where=name,
                received=value,
                expected=" | ".join(sorted(values)),
            )
    territory, there = principal.territory, scope.departement
    for name, value, inside in (
        ("region", scope.region, territory.contains(scope.region, None)),
        ("departement", there, territory.contains(region_of(there or ""), there)),
    ):
        if value is not None and not inside:
            raise AccessError(
                "Ce territoire n'est pas le vôtre.",
                code="outside-territory",
                where=name,
                received=value,
                expected=str(territory),
                todo="Demandez une note sur votre territoire.",
            )
