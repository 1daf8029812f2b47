"""The way to the OpenID Connect provider and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from serving.access.oidc import acts, attempts
from serving.access.oidc.attempts import SIGN_IN_RETURN, SIGN_OUT_RETURN
from serving.access.web_session import (
    forget_session,
    open_session,
    optional_user,
    secure,
)
from serving.services import services
from serving.web.going import go, inside
from serving.web.templating import render

if TYPE_CHECKING:
    from serving.access.oidc.provider import Provider

router = APIRouter(include_in_schema=False)

_SECURE_COOKIE = "__Host-veille_oidc"
_LOCAL_COOKIE = "veille_oidc"

Text = Annotated[str, Query()]


@router.get("/connexion/oidc")
def leave(request: Request, suite: Text = "/") -> Response:
    """Send the browser to the provider; who is signed in goes on."""
    provider = _provider(request)
    if optional_user(request) is not None:
        return go(inside(suite))
    departure = acts.begin(
        services(request).state, provider, next_path=inside(suite), address=_address(request)
    )
    answer = go(departure.url)
    _remember(request, answer, departure.browser)
    return answer


@router.get(SIGN_IN_RETURN)
def come_back(
    request: Request, state: Text = "", code: Text = "", error: Text = "", iss: Text = ""
) -> Response:
    """Open a session for who the provider says it is."""
    found = acts.finish(
        services(request).state,
        _provider(request),
        acts.Return(state=state, code=code, error=error, issuer=iss),
        browser=request.cookies.get(_cookie(request), ""),
        address=_address(request),
    )
    answer = go(inside(found.next_path))
    open_session(request, answer, found.user_id, id_token=found.id_token)
    _forget(request, answer)
    return answer


@router.get(SIGN_OUT_RETURN)
def signed_out(request: Request, state: Text = "") -> Response:
    """Show the sign-in page again, after the provider closed its session."""
    _provider(request)
    browser = request.cookies.get(_cookie(request), "")
    acts.finish_sign_out(services(request).state, state, browser=browser)
    answer = go("/connexion")
    _forget(request, answer)
    return answer


def after_sign_out(request: Request, id_token: str | None) -> Response:
    """Return what follows the end of a session: the provider's sign-out, or the sign-in page."""
    known = services(request)
    departure = None
    if known.oidc and id_token:
        departure = acts.begin_sign_out(known.state, known.oidc, id_token)
    if known.oidc is None or departure is None:
        answer: Response = go("/connexion")
    else:
        # Not a redirect: `form-action 'self'` stops a form that ends on another site.
        answer = render(
            request,
            "signed_out.html",
            headers={"Refresh": f"0; url={departure.url}"},
            address=departure.url,
            label=known.oidc.settings.label,
        )
        _remember(request, answer, departure.browser)
    forget_session(request, answer)
    return answer


def _provider(request: Request) -> Provider:
    found = services(request).oidc
    if found is None:
        raise HTTPException(404)
    return found


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _remember(request: Request, answer: Response, browser: str) -> None:
    answer.set_cookie(
        _cookie(request),
        browser,
        max_age=attempts.MINUTES * 60,
        path="/",
        httponly=True,
        samesite="lax",  # the return is a navigation that starts at the provider's
        secure=secure(request),
    )


def _forget(request: Request, answer: Response) -> None:
    name = _cookie(request)
    answer.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=secure(request))


def _cookie(request: Request) -> str:
    return _SECURE_COOKIE if secure(request) else _LOCAL_COOKIE
