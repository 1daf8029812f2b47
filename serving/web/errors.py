"""Error pages in French."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from data.errors import VeilleError
from serving.access.principal import Principal
from serving.web.templating import render

_NOT_SIGNED_IN = 401
_FIRST_SERVER_ERROR = 500
_TITLES: dict[int, str] = {
    400: "Demande incomprise",
    401: "Connexion nécessaire",
    403: "Accès refusé",
    404: "Page introuvable",
    405: "Action impossible",
    410: "Liste republiée",
    422: "Demande incomprise",
    429: "Trop d’essais",
    500: "Erreur du service",
    503: "Service indisponible",
}


@dataclass(frozen=True)
class Problem:
    """What an error page says."""

    status: int
    title: str
    what: str
    details: tuple[tuple[str, str], ...] = ()
    todo: str = ""
    code: str = ""
    request_id: str = ""


def error_page(request: Request, refusal: VeilleError, status: int) -> Response:
    """Return the page of a refusal; who is not signed in is sent to the sign-in page."""
    if status == _NOT_SIGNED_IN and request.method == "GET":
        return RedirectResponse(sign_in_address(request), status_code=303)
    details = [("Reçu", refusal.received), ("Attendu", refusal.expected)]
    problem = Problem(
        status,
        title_of(status),
        refusal.what,
        tuple((term, str(text)[:200]) for term, text in details if text not in {None, ""}),
        refusal.todo,
        refusal.code,
    )
    retry = getattr(refusal, "retry_after", None)
    return render(
        request,
        "error.html",
        status=status,
        user=_reader(request),
        headers={"Retry-After": str(retry)} if retry else None,
        problem=problem,
    )


def internal_page(request: Request) -> Response:
    """Return the page of a fault of ours: it says nothing but the number of the request."""
    problem = Problem(
        500,
        title_of(500),
        "Le service a rencontré une erreur inattendue. Elle est journalisée.",
        todo="Recommencez ; si cela dure, transmettez le numéro ci-dessous à l’administration.",
        code="internal-error",
        request_id=getattr(request.state, "request_id", ""),
    )
    return render(request, "error.html", status=500, user=_reader(request), problem=problem)


def sign_in_address(request: Request) -> str:
    """Return the sign-in page that comes back to the page asked."""
    asked = asked_address(request)
    return "/connexion" if asked == "/" else f"/connexion?suite={quote(asked, safe='')}"


def asked_address(request: Request) -> str:
    """Return the path and query of a request."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def title_of(status: int) -> str:
    """Return the title of the page of an HTTP status."""
    return _TITLES.get(status, _TITLES[400 if status < _FIRST_SERVER_ERROR else 500])


def _reader(request: Request) -> Principal | None:
    # Set by the dependency that found who asks; absent when the error came before it.
    found = getattr(request.state, "principal", None)
    return found if isinstance(found, Principal) and found.kind == "user" else None
