"""Sign-in, sign-out, one-time links, confidentiality notice."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from serving.access.accounts import accept_notice, authenticate, use_login_link
from serving.access.errors import AccessError
from serving.access.web_session import (
    CurrentUser,
    check_csrf,
    close_session,
    open_session,
    optional_user,
)
from serving.services import services
from serving.web import oidc_pages
from serving.web.going import go, inside
from serving.web.templating import render

router = APIRouter(include_in_schema=False)
router.include_router(oidc_pages.router)

#: before a session exists, the form is tied to the browser by this cookie
_FORM_COOKIE = "veille_connexion"
_FORM_SECONDS = 3600

Text = Annotated[str, Form()]


@router.get("/connexion")
def sign_in_form(request: Request, suite: Annotated[str, Query()] = "/") -> Response:
    """Show the sign-in form; who is signed in goes on to the list."""
    if optional_user(request) is not None:
        return go(inside(suite))
    return _form(request, suite=suite)


@router.post("/connexion")
def sign_in(
    request: Request,
    login: Text = "",
    password: Text = "",
    csrf: Text = "",
    suite: Text = "/",
) -> Response:
    """Open a session with a login and a password, then go where the person was going."""
    expected = _form_token(request, request.cookies.get(_FORM_COOKIE, ""))
    if not hmac.compare_digest(expected.encode(), csrf.encode()):
        error = AccessError(
            "Ce formulaire a expiré.", code="csrf", todo="Recommencez avec celui-ci."
        )
        return _form(request, suite=suite, login=login, error=error)
    if not services(request).settings.local_passwords:
        error = AccessError(
            "La connexion par mot de passe est fermée.",
            code="passwords-closed",
            todo="Connectez-vous par le bouton ci-dessous, ou demandez un lien de connexion.",
        )
        return _form(request, suite=suite, error=error)
    address = request.client.host if request.client else ""
    try:
        user_id = authenticate(services(request).state, login, password, address=address)
    except AccessError as error:
        return _form(request, suite=suite, login=login, error=error)
    answer = go(inside(suite))
    open_session(request, answer, user_id)
    answer.delete_cookie(_FORM_COOKIE, path="/connexion")
    return answer


@router.get("/connexion/lien/{token}")
def sign_in_by_link(request: Request, token: str) -> Response:
    """Open a session with a one-time link."""
    address = request.client.host if request.client else ""
    try:
        user_id = use_login_link(services(request).state, token, address=address)
    except AccessError as error:
        return _form(request, error=error)
    answer = go("/")
    open_session(request, answer, user_id)
    return answer


@router.post("/deconnexion")
def sign_out(request: Request, principal: CurrentUser, csrf: Text = "") -> Response:
    """Close the session, here then at the provider that opened it."""
    check_csrf(principal, csrf)
    return oidc_pages.after_sign_out(request, close_session(request))


@router.get("/confidentialite")
def notice(
    request: Request, principal: CurrentUser, suite: Annotated[str, Query()] = "/"
) -> Response:
    """Show the confidentiality notice, with its acceptance when it is due."""
    return render(request, "notice.html", user=principal, suite=inside(suite))


@router.post("/confidentialite")
def accept(
    request: Request, principal: CurrentUser, csrf: Text = "", suite: Text = "/"
) -> Response:
    """Note the acceptance of the notice and go on."""
    check_csrf(principal, csrf)
    accept_notice(services(request).state, principal)
    return go(inside(suite))


def _form(
    request: Request, *, suite: str = "/", login: str = "", error: AccessError | None = None
) -> Response:
    seed = secrets.token_urlsafe(24)
    known = services(request)
    answer = render(
        request,
        "sign_in.html",
        status=error.status if error else 200,
        headers={"Retry-After": str(error.retry_after)} if error and error.retry_after else None,
        form_token=_form_token(request, seed),
        suite=inside(suite),
        login=login,
        problem=error,
        oidc_label=known.oidc.settings.label if known.oidc else "",
        local_passwords=known.settings.local_passwords,
    )
    answer.set_cookie(
        _FORM_COOKIE,
        seed,
        max_age=_FORM_SECONDS,
        path="/connexion",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def _form_token(request: Request, seed: str) -> str:
    key = services(request).state.secret
    # Without its cookie a form has no right token at all, whatever it sends.
    message = f"sign-in {seed or secrets.token_hex(16)}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:40]
