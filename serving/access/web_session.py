"""Who is asking, for FastAPI: session cookie or API key, CSRF."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, Request, Response

from serving.access.errors import AccessError
from serving.access.principal import Principal
from serving.access.sessions import create_session, end_session, principal_of_session
from serving.services import Services, services

#: `__Host-` makes browsers refuse a cookie set by another host or over plain HTTP
SECURE_COOKIE = "__Host-veille_session"
LOCAL_COOKIE = "veille_session"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def optional_user(request: Request) -> Principal | None:
    """Return who asks, None when nobody is signed in.

    Raises
    ------
    AccessError
        401: an API key is presented and is unknown, expired or revoked; 429 `rate-limited`.
    """
    known = services(request)
    principal = _presented(request, known)
    if principal is not None:
        limited(request, known, principal)
    return principal


def limited(request: Request, known: Services, principal: Principal) -> None:
    """Count the request of who asks; AccessError 429 `rate-limited`."""
    request.state.principal = principal
    if allowance := known.limits.take(principal.id):
        request.state.answer_headers = allowance.headers()
        allowance.require()


def _presented(request: Request, known: Services) -> Principal | None:
    key = presented_key(request)
    if key is not None:
        return known.recent_keys.verified(known.state, key)
    token = request.cookies.get(_cookie_name(request))
    if not token:
        return None
    return principal_of_session(known.state, token, idle_hours=known.settings.idle_hours)


def presented_key(request: Request) -> str | None:
    """Return the API key that is presented, None when there is none."""
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    return presented if scheme.lower() == "bearer" else request.headers.get("x-api-key") or None


def caller(request: Request) -> Principal:
    """Return who asks, a key verified within the last second not being looked up again.

    For what shows nothing of ours: elsewhere a key that is revoked is refused at once.
    """
    known = services(request)
    key = presented_key(request)
    if key is None:
        return current_user(request)
    principal = known.recent_keys.principal(known.state, key)
    limited(request, known, principal)
    return principal


def closed(request: Request) -> AccessError:
    """Return the refusal of a key closed while it was being answered.

    Raises
    ------
    AccessError
        Why it is closed, when it can be told: those of `optional_user`.
    """
    optional_user(request)
    return AccessError("Cette clé d'API vient d'être fermée.", code="key-revoked", status=401)


def current_user(request: Request) -> Principal:
    """Return who asks; AccessError 401 `not-authenticated` when nobody is signed in."""
    principal = optional_user(request)
    if principal is None:
        raise AccessError(
            "Il faut être connecté, ou présenter une clé d'API.",
            code="not-authenticated",
            status=401,
            expected="Authorization: Bearer vess_… ou une session ouverte sur /connexion",
            todo="Demandez un compte ou une clé à l'administration de Veille ESS.",
        )
    return principal


CurrentUser = Annotated[Principal, Depends(current_user)]


def open_session(
    request: Request, response: Response, user_id: str, *, id_token: str | None = None
) -> None:
    """Open a session for an account and give its cookie to the browser.

    `id_token` is the provider's, kept until the session is closed.
    """
    known = services(request)
    hours = known.settings.session_hours
    response.set_cookie(
        _cookie_name(request),
        create_session(known.state, user_id, hours=hours, id_token=id_token),
        max_age=hours * 3600,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure(request),
    )


def close_session(request: Request) -> str | None:
    """Close the session and return the provider's token that opened it, if any.

    The cookie is taken back by `forget_session`, once there is an answer.
    """
    token = request.cookies.get(_cookie_name(request))
    return end_session(services(request).state, token) if token else None


def forget_session(request: Request, response: Response) -> None:
    """Take the cookie of the session back."""
    response.delete_cookie(
        _cookie_name(request), path="/", httponly=True, samesite="lax", secure=secure(request)
    )


def check_csrf(principal: Principal, token: str | None) -> None:
    """Refuse a form that does not come from our own page: AccessError `csrf`."""
    # As bytes: texts that are not ASCII are not compared.
    given = (token or "").encode()
    if not principal.csrf or not hmac.compare_digest(principal.csrf.encode(), given):
        raise AccessError(
            "Ce formulaire a expiré, ou ne vient pas de cette application.",
            code="csrf",
            todo="Rechargez la page et recommencez.",
        )


def secure(request: Request) -> bool:
    """Tell whether cookies ask for TLS: always, but on the machine itself or when told so."""
    return not (services(request).settings.insecure or request.url.hostname in _LOOPBACK)


def _cookie_name(request: Request) -> str:
    return SECURE_COOKIE if secure(request) else LOCAL_COOKIE
