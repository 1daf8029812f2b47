"""Who asks: role, territory, scopes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from serving.access.errors import AccessError


class Role(StrEnum):
    """What a person or a tool is here for (see docs/access.md)."""

    NATIONAL = "national"
    REGIONAL = "regional"
    DEPARTMENTAL = "departmental"
    ANALYST = "analyst"
    TOOL = "tool"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API key may do."""

    READ_SCORES = "read:scores"
    READ_CATALOGUE = "read:catalogue"
    READ_BAROMETER = "read:barometer"
    READ_METRICS = "read:metrics"
    SCORE_LIVE = "score:live"
    EXPORT_SCORES = "export:scores"
    READ_ALERTS = "read:alerts"
    WRITE_ALERTS = "write:alerts"
    READ_CASES = "read:cases"
    WRITE_CASES = "write:cases"
    RUN_SCENARIOS = "run:scenarios"


@dataclass(frozen=True)
class Territory:
    """Régions and départements (INSEE codes); `national` for the whole country.

    A structure is inside when its région or its département is listed: a structure of unknown
    place is inside the national territory only.
    """

    NATIONAL: ClassVar[Territory]

    regions: frozenset[str] = frozenset()
    departements: frozenset[str] = frozenset()
    national: bool = False

    @classmethod
    def of(cls, regions: Iterable[str] = (), departements: Iterable[str] = ()) -> Territory:
        """Return the territory of these codes, the whole country when there is none."""
        territory = cls(frozenset(regions), frozenset(departements))
        return territory if territory.regions or territory.departements else cls.NATIONAL

    def contains(self, region: str | None, departement: str | None) -> bool:
        """Tell whether a structure of this région and département is inside."""
        return self.national or region in self.regions or departement in self.departements

    def __str__(self) -> str:
        """Return the territory as it is shown to a user."""
        if self.national:
            return "France entière"
        parts = []
        if self.regions:
            parts.append("région " + ", ".join(sorted(self.regions)))
        if self.departements:
            parts.append("département " + ", ".join(sorted(self.departements)))
        return " ; ".join(parts) or "aucun territoire"


Territory.NATIONAL = Territory(national=True)


@dataclass(frozen=True)
class Principal:
    """A signed-in person, or a tool with its key.

    `id` is the account or the key; `sources` are the reserved sources it may read; `csrf` is the
    word that its forms must send back; `session` is what identifies the session in the state (empty
    for a key).
    """

    id: str
    kind: str
    name: str
    login: str
    role: Role
    territory: Territory
    scopes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    csrf: str = ""
    session: str = ""
    notice_due: bool = False

    @property
    def regions(self) -> frozenset[str]:
        """The régions of the territory (empty for the whole country)."""
        return self.territory.regions

    @property
    def departements(self) -> frozenset[str]:
        """The départements of the territory (empty for the whole country)."""
        return self.territory.departements

    @property
    def nominative(self) -> bool:
        """Whether names and SIREN may be shown."""
        return self.role is not Role.ANALYST

    @property
    def may_break_glass(self) -> bool:
        """Whether a structure outside the territory opens on a stated reason."""
        return self.role in {Role.REGIONAL, Role.DEPARTMENTAL}

    def require_lists(self) -> None:
        """Refuse who has no list: AccessError `role-has-no-lists` or `missing-scope`."""
        self._require_figures(Scope.READ_SCORES)

    def require_barometer(self) -> None:
        """Refuse who has no figures of the list: the same refusals, the scope `read:barometer`."""
        self._require_figures(Scope.READ_BAROMETER)

    def _require_figures(self, scope: Scope) -> None:
        if self.role is Role.ADMIN:
            raise AccessError(
                "Un compte d'administration gère les comptes et les clés, sans voir de liste.",
                code="role-has-no-lists",
                received=self.role.value,
                expected="national, regional, departmental, analyst ou une clé d'API",
                todo="Connectez-vous avec un compte de cellule.",
            )
        self.require_scope(scope)

    def require_scope(self, scope: Scope) -> None:
        """Refuse a key that lacks a scope: AccessError `missing-scope`. People have no scopes."""
        lesser = {Scope.READ_CATALOGUE, Scope.READ_BAROMETER}
        implied = scope in lesser and Scope.READ_SCORES in self.scopes
        if self.role is Role.TOOL and scope not in self.scopes and not implied:
            raise AccessError(
                "Cette clé d'API n'a pas la portée nécessaire.",
                code="missing-scope",
                received=" ".join(sorted(self.scopes)) or "aucune portée",
                expected=scope.value,
                todo="Demandez à l'administration une clé qui a cette portée.",
            )

    def may_open(self, departement: str | None, region: str | None) -> bool:
        """Tell whether a structure of this place is inside the territory."""
        return self.territory.contains(region, departement)
