"""Who may take a file away: an export, a brief."""

from __future__ import annotations

from fastapi import Request

from serving.access.errors import AccessError
from serving.access.principal import Principal, Scope


def check_taking(request: Request, principal: Principal) -> None:
    """Refuse a file to who may not take one.

    Raises
    ------
    AccessError
        `missing-scope`: a key without `export:scores`; `notice-due`; `cross-site`.
    """
    principal.require_scope(Scope.EXPORT_SCORES)
    if principal.notice_due:
        raise AccessError(
            "La notice de confidentialité est à accepter avant tout export.",
            code="notice-due",
            todo="Ouvrez /confidentialite, acceptez-la, puis recommencez.",
        )
    _refuse_other_sites(request, principal)


def _refuse_other_sites(request: Request, principal: Principal) -> None:
    """Refuse a session's export that starts on another site: AccessError `cross-site`.

    A link elsewhere would be followed with the cookie (SameSite=Lax): the other site would read
    nothing, but a nominative file would land on the disk of someone who did not ask for it.
    """
    came_from = request.headers.get("sec-fetch-site", "none")
    if principal.kind == "user" and came_from not in {"same-origin", "none"}:
        raise AccessError(
            "Un export ne se demande pas depuis un autre site.",
            code="cross-site",
            todo="Ouvrez la liste dans Veille ESS et demandez l'export de là.",
        )
