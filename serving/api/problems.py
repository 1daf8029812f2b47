"""Refusals as problem+json (RFC 9457): stable code, faulty field, what was expected, what to do."""

from __future__ import annotations

import http
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from data.errors import VeilleError

MEDIA_TYPE = "application/problem+json"


class FaultyField(BaseModel):
    """One parameter that cannot be accepted."""

    field: str
    code: str
    detail: str
    received: Any = None
    expected: str = ""


class Problem(BaseModel):
    """A refusal. `code` never changes; the French texts may."""

    type: str = Field(examples=["urn:veille-ess:erreur:unknown-structure"])
    title: str
    status: int
    detail: str
    instance: str
    code: str
    field: str | None = None
    received: Any = None
    expected: str = ""
    todo: str = ""
    request_id: str = ""
    errors: list[FaultyField] = []


#: HTTP status -> its title
TITLES = {
    400: "Demande refusée",
    401: "Connexion nécessaire",
    403: "Accès refusé",
    404: "Introuvable",
    405: "Méthode refusée",
    409: "Conflit",
    410: "Liste remplacée",
    412: "Version dépassée",
    413: "Demande trop longue",
    415: "Type de contenu refusé",
    422: "Paramètre refusé",
    429: "Trop de demandes",
    500: "Erreur interne",
    503: "Service indisponible",
}


@dataclass(frozen=True)
class Wording:
    """A French sentence and its stable code."""

    what: str
    code: str
    todo: str = ""


_UNREAD = Wording("Cette valeur ne peut pas être lue.", code="bad-value")
_NOT_LISTED = Wording("Cette valeur ne fait pas partie des valeurs acceptées.", code="bad-value")
_NOT_WHOLE = Wording("Il faut un nombre entier.", code="bad-value")

#: pydantic error type -> what we say
_PARAMETERS = {
    "extra_forbidden": Wording("Ce paramètre n'existe pas.", code="unknown-parameter"),
    "missing": Wording("Ce paramètre est obligatoire.", code="missing-parameter"),
    "enum": _NOT_LISTED,
    "literal_error": _NOT_LISTED,
    "int_parsing": _NOT_WHOLE,
    "int_from_float": _NOT_WHOLE,
    "greater_than_equal": Wording("Cette valeur est trop petite.", code="out-of-bounds"),
    "less_than_equal": Wording("Cette valeur est trop grande.", code="out-of-bounds"),
    "string_too_long": Wording("Ce texte est trop long.", code="out-of-bounds"),
    "string_too_short": Wording("Ce texte est trop court.", code="out-of-bounds"),
    "bad_siren": Wording("Ce n'est pas un SIREN, ou sa clé est fausse.", code="bad-siren"),
    "bad_cursor": Wording(
        "Ce curseur est illisible.", code="cursor-invalid", todo="Reprenez à la première page."
    ),
    "nothing": Wording("Rien n'est à changer.", code="missing-parameter"),
}

#: HTTP refusals of the router itself
_READ_THE_DESCRIPTION = "Les adresses sont décrites par /api/v1/openapi.json."
_ROUTING = {
    404: Wording("Cette adresse n'existe pas.", code="unknown-path", todo=_READ_THE_DESCRIPTION),
    405: Wording(
        "Cette adresse n'accepte pas ce verbe.",
        code="method-not-allowed",
        todo=_READ_THE_DESCRIPTION,
    ),
}
_REFUSED = Wording("La demande est refusée.", code="refused", todo=_READ_THE_DESCRIPTION)
_FAULT = Wording(
    "Une erreur interne empêche de répondre.",
    code="internal-error",
    todo="Recommencez ; si cela dure, transmettez request_id à l'administration.",
)

#: for the OpenAPI description of every route
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": TITLES[status]}
    for status in (401, 403, 422, 429, 500, 503)
}


def status_of(error: VeilleError) -> int:
    """Return the HTTP status of an error of any floor (500 when it says none)."""
    return int(getattr(error, "status", 500))


def of_error(request: Request, error: VeilleError) -> Response:
    """Return the answer for one of our errors."""
    status = status_of(error)
    # A broken file or database is ours: its path is for the log, not for the caller.
    inner = status >= http.HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {}
    if retry := getattr(error, "retry_after", None):
        headers["Retry-After"] = str(retry)
    if status == http.HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="Veille ESS"'
    return _answer(
        request,
        status,
        headers=headers,
        code=error.code,
        detail=error.what,
        field=None if inner else error.where or None,
        received=None if inner else error.received,
        expected="" if inner else error.expected,
        todo=error.todo,
    )


def of_validation(request: Request, error: RequestValidationError) -> Response:
    """Return the answer for parameters that FastAPI refused, all of them at once."""
    known = _parameters(request)
    fields = [_faulty(item, known) for item in error.errors()]
    first = fields[0]
    return _answer(
        request,
        422,
        code=first.code,
        detail=first.detail,
        field=first.field,
        received=first.received,
        expected=first.expected,
        todo="Corrigez les paramètres cités, puis recommencez.",
        errors=fields,
    )


def of_http(request: Request, error: HTTPException) -> Response:
    """Return the answer for a path or a method that does not exist."""
    said = _ROUTING.get(error.status_code, _REFUSED)
    return _answer(
        request,
        error.status_code,
        headers=error.headers,
        code=said.code,
        detail=said.what,
        todo=said.todo,
    )


def of_any(request: Request, error: Exception) -> Response:
    """Return the answer for any refusal."""
    if isinstance(error, VeilleError):
        return of_error(request, error)
    if isinstance(error, RequestValidationError):
        return of_validation(request, error)
    if isinstance(error, HTTPException):
        return of_http(request, error)
    return internal(request)


def internal(request: Request) -> Response:
    """Return the answer for a fault of ours: it says nothing but the number of the request."""
    return _answer(request, 500, code=_FAULT.code, detail=_FAULT.what, todo=_FAULT.todo)


def _answer(
    request: Request,
    status: int,
    *,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    field: str | None = None,
    received: object = None,
    expected: str = "",
    todo: str = "",
    errors: Sequence[FaultyField] = (),
) -> Response:
    problem = Problem(
        type=f"urn:veille-ess:erreur:{code}",
        title=TITLES.get(status, "Demande refusée"),
        status=status,
        detail=detail,
        instance=request.url.path,
        code=code,
        field=field,
        received=received,
        expected=expected,
        todo=todo,
        request_id=getattr(request.state, "request_id", ""),
        errors=list(errors),
    )
    content = problem.model_dump(mode="json")
    return JSONResponse(content, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _faulty(item: Mapping[str, Any], known: Sequence[str]) -> FaultyField:
    said = _PARAMETERS.get(item["type"], _UNREAD)
    name = next((str(p) for p in item["loc"][1:] if isinstance(p, str)), str(item["loc"][0]))
    context = item.get("ctx", {})
    if said.code == "unknown-parameter":
        expected = " | ".join(known) or "aucun paramètre"
    elif "expected" in context:
        listed = str(context["expected"]).replace(" or ", " | ").replace(", ", " | ")
        expected = listed.replace("'", "")
    else:
        bounds = {"ge": "au moins {}", "le": "au plus {}", "max_length": "au plus {} caractères"}
        bounds["min_length"] = "au moins {} caractères"
        expected = " ; ".join(t.format(context[k]) for k, t in bounds.items() if k in context)
    received = item.get("input")
    shown = received if isinstance(received, int | float | str | None) else str(received)
    return FaultyField(
        field=name, code=said.code, detail=said.what, received=shown, expected=expected
    )


def _parameters(request: Request) -> list[str]:
    """Return the query parameters of the route that refused."""
    endpoint = getattr(request.scope.get("route"), "endpoint", None)
    hints = get_type_hints(endpoint, include_extras=True) if endpoint else {}
    for hint in hints.values():
        origin = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        if isinstance(origin, type) and issubclass(origin, BaseModel) and hint is not origin:
            return list(origin.model_fields)
    return []
