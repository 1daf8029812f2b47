"""What an account must be: login, role, territory."""

from __future__ import annotations

import re
from collections.abc import Iterable

from data.reference.territories import departements as known_departements
from data.reference.territories import regions as known_regions
from serving.access.errors import AccessError
from serving.access.principal import Role

_LOGIN = r"[a-z0-9][a-z0-9._@+-]{1,119}"
_LONGEST_NAME = 200


def check_account(
    login: str, role: Role | str, regions: tuple[str, ...], departements: tuple[str, ...]
) -> Role:
    """Return the role of a person's account; AccessError `bad-account` if it does not hold."""

    def refuse(what: str, field: str, received: object, expected: str) -> AccessError:
        return AccessError(
            what, code="bad-account", status=422, where=field, received=received, expected=expected
        )

    people = [r.value for r in Role if r is not Role.TOOL]
    if not re.fullmatch(_LOGIN, login):
        raise refuse(
            "Cet identifiant est refusé.", "login", login, "lettres, chiffres et . _ @ + -"
        )
    if role not in people:
        raise refuse("Ce rôle n'est pas celui d'une personne.", "role", role, " | ".join(people))
    check_territory(regions, departements)
    chosen = Role(role)
    if chosen is Role.REGIONAL and (not regions or departements):
        raise refuse(
            "Un compte régional a une ou plusieurs régions, et pas de département.",
            "territory",
            ", ".join((*regions, *departements)) or "aucun territoire",
            "--region CODE (par exemple 32)",
        )
    if chosen is Role.DEPARTMENTAL and (not departements or regions):
        raise refuse(
            "Un compte départemental a un ou plusieurs départements, et pas de région.",
            "territory",
            ", ".join((*regions, *departements)) or "aucun territoire",
            "--departement CODE (par exemple 59)",
        )
    if chosen in {Role.NATIONAL, Role.ANALYST, Role.ADMIN} and (regions or departements):
        raise refuse(
            "Ce rôle n'a pas de territoire.",
            "territory",
            ", ".join((*regions, *departements)),
            "regional ou departmental pour un compte limité à un territoire",
        )
    return chosen


def check_name(name: str) -> None:
    """Refuse a name that a database would not keep whole: AccessError `bad-account`."""
    if len(name) > _LONGEST_NAME or min(name, default=" ") < " ":
        raise AccessError(
            "Ce nom est refusé.",
            code="bad-account",
            status=422,
            where="name",
            received=name[:_LONGEST_NAME],
            expected=f"{_LONGEST_NAME} caractères au plus, sans caractère de contrôle",
        )


def check_territory(regions: Iterable[str], departements: Iterable[str]) -> None:
    """Refuse what is no INSEE code of région or département: AccessError `bad-account`."""
    for values, known, name, example in (
        (regions, known_regions(), "région", "32 pour les Hauts-de-France"),
        (departements, known_departements(), "département", "59, 2A, 974"),
    ):
        for value in values:
            if value not in known:
                raise AccessError(
                    f"Ce code de {name} n'existe pas.",
                    code="bad-account",
                    status=422,
                    where="territory",
                    received=value,
                    expected=f"un code INSEE : {example}",
                )
