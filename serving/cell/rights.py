"""Who may read and write alerts and cases: they name structures, so neither analyst nor admin."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, true

from data.reference.territories import region_of
from serving.access.errors import AccessError
from serving.access.principal import Principal, Role, Scope
from serving.state.cell_models import Alert, Case


def may_read_alerts(principal: Principal) -> None:
    """Refuse who reads no alert: AccessError `role-has-no-cases`, `missing-scope`."""
    _allow(principal, Scope.READ_ALERTS)


def may_write_alerts(principal: Principal) -> None:
    """Refuse who raises no alert: AccessError `role-has-no-cases`, `missing-scope`."""
    _allow(principal, Scope.WRITE_ALERTS)


def may_read_cases(principal: Principal) -> None:
    """Refuse who reads no case: AccessError `role-has-no-cases`, `missing-scope`."""
    _allow(principal, Scope.READ_CASES)


def may_write_cases(principal: Principal) -> None:
    """Refuse who follows no case: AccessError `role-has-no-cases`, `missing-scope`."""
    _allow(principal, Scope.WRITE_CASES)


def reads(principal: Principal, scope: Scope) -> bool:
    """Tell whether someone reads alerts or cases, without refusing."""
    if principal.role in {Role.ANALYST, Role.ADMIN}:
        return False
    return principal.role is not Role.TOOL or scope in principal.scopes


def _allow(principal: Principal, scope: Scope) -> None:
    if principal.role in {Role.ANALYST, Role.ADMIN}:
        raise AccessError(
            "Les signalements et les dossiers nomment des structures : ce rôle n'y a pas accès.",
            code="role-has-no-cases",
            received=principal.role.value,
            expected="national, regional, departmental ou une clé d'API",
            todo="Connectez-vous avec un compte de cellule.",
        )
    principal.require_scope(scope)


def visible_alerts(principal: Principal) -> ColumnElement[bool]:
    """Return the condition of the alerts that a reader may read.

    The national cell reads them all, and whoever raised one reads it. `cell`: the regional
    accounts of its région; `territory`: everyone whose territory holds its place; `national`: the
    cells of the whole country.
    """
    if principal.role is Role.NATIONAL:
        return true()
    inside = _inside(principal, Alert)
    open_to = Alert.confidentiality == "national"
    if principal.role is not Role.REGIONAL:
        inside = and_(inside, Alert.confidentiality != "cell")
    return or_(inside, open_to, Alert.created_by == principal.id)


def visible_cases(principal: Principal) -> ColumnElement[bool]:
    """Return the condition of the cases that a reader may read: those of the territory."""
    return _inside(principal, Case)


def _inside(principal: Principal, table: type[Alert | Case]) -> ColumnElement[bool]:
    territory = principal.territory
    if territory.national:
        return true()
    if not (territory.regions or territory.departements):
        return false()
    return or_(
        table.region.in_(sorted(territory.regions)),
        table.departement.in_(sorted(territory.departements)),
    )


def require_place(principal: Principal, region: str, departement: str | None) -> None:
    """Refuse to write elsewhere than in the territory: AccessError `outside-territory`."""
    if not principal.may_open(departement, region):
        raise AccessError(
            "Ce territoire n'est pas le vôtre.",
            code="outside-territory",
            where="region" if principal.regions else "departement",
            received=departement or region,
            expected=str(principal.territory),
            todo="Donnez un lieu de votre territoire.",
        )


def own_place(
    principal: Principal, region: str | None, departement: str | None
) -> tuple[str | None, str | None]:
    """Return the région and département meant: those given, else the only one of the territory.

    A département says its région.
    """
    if departement is None and region is None:
        if len(principal.departements) == 1 and not principal.regions:
            (departement,) = principal.departements
        elif len(principal.regions) == 1 and not principal.departements:
            (region,) = principal.regions
    if departement is not None and region is None:
        region = region_of(departement)
    return region, departement
