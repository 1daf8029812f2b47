"""The description of the API, OpenAPI 3.1: made from the routes, then said whole.

What FastAPI does not know is added here: how one signs in, the media type of the refusals, their
codes, the headers, an example of every answer, the closed lists of values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from data.contracts import ESS_FAMILIES
from data.reference.sectors import sectors
from data.reference.territories import departements, regions
from serving.access.pseudonym import PSEUDONYM
from serving.api.codes import codes_of, example
from serving.api.examples import EXAMPLES, NOT_READY
from serving.api.live_schema import HORIZONS, TARGETS, with_scores
from serving.api.problems import MEDIA_TYPE, TITLES
from serving.api.texts import SIREN

Schema = dict[str, Any]

_SECURITY: Schema = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "Clé d'API : `Authorization: Bearer vess_…`.",
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Clé d'API."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-veille_session",
        "description": "Session ouverte sur /connexion (`veille_session` sur l'adresse locale).",
    },
}
_TEXT: Schema = {"type": "string"}
_HEADERS: dict[str, Schema] = {
    "X-Request-ID": {"description": "Numéro de la demande.", "required": True, "schema": _TEXT},
    "ETag": {"description": "Empreinte de la réponse.", "required": True, "schema": _TEXT},
    "X-Publication": {
        "description": "Publication dont vient la réponse.",
        "required": True,
        "schema": _TEXT,
    },
    "RateLimit": {"description": "Demandes restantes (r), secondes (t).", "schema": _TEXT},
    "RateLimit-Policy": {"description": "Demandes permises (q) en w secondes.", "schema": _TEXT},
    "Retry-After": {
        "description": "Secondes à attendre.",
        "required": True,
        "schema": {"type": "integer"},
    },
    "WWW-Authenticate": {"description": "Comment se présenter.", "required": True, "schema": _TEXT},
}
_CACHED = (
    "GET /api/v1/structures",
    "GET /api/v1/structures/{siren}",
    "GET /api/v1/structures/{siren}/history",
    "GET /api/v1/structures/{siren}/orientation",
    "GET /api/v1/structures/{siren}/similar",
    "GET /api/v1/barometer",
    "GET /api/v1/priorities",
)
#: headers that a request must have: said by our own refusals, not by the type
_REQUIRED = ("Idempotency-Key", "If-Match")
_OF_A_PUBLICATION = ("POST /api/v1/scores",)
#: parameter -> what it accepts, that its type does not say
_VALUES: dict[str, Schema] = {
    "target": {"enum": list(TARGETS)},
    "horizon": {"enum": list(HORIZONS)},
    "region": {"enum": sorted(regions())},
    "departement": {"enum": sorted(departements())},
    "sector": {"enum": sorted(sectors())},
    "ess_family": {"enum": sorted(ESS_FAMILIES)},
    "siren": {"format": "siren", "minLength": 1},
    "cursor": {"format": "cursor"},
}
#: a structure is asked by its SIREN, or by its pseudonym
_IN_PATH: dict[str, Schema] = {
    "siren": {"pattern": f"{SIREN}|{PSEUDONYM}"},
}
_LINKS: Schema = {
    "first": {
        "operationId": "read_structure_api_v1_structures__siren__get",
        "parameters": {"siren": "$response.body#/items/0/siren"},
        "description": "La première structure de la page.",
    }
}


def describe_api(routes: Sequence[BaseRoute]) -> Schema:
    """Return the OpenAPI document of these routes; the same document for the same code."""
    document: Schema = get_openapi(
        title="Veille ESS",
        version="1",
        openapi_version="3.1.0",
        summary="Veille précoce des structures de l'économie sociale et solidaire",
        description="Erreurs : `application/problem+json` (RFC 9457), `code` est stable. "
        "Ce qui ne change pas dans la version 1 : docs/api-stability.md.",
        routes=routes,
    )
    document = with_scores(document)
    document["components"]["securitySchemes"] = _SECURITY
    for name, path, operation in _operations(document):
        signed_in = not path.startswith("/health/")
        operation["security"] = [{scheme: []} for scheme in _SECURITY] if signed_in else []
        for parameter in operation.get("parameters", []):
            parameter["schema"] = _parameter(parameter["name"], parameter["schema"])
            if parameter["in"] == "path":
                parameter["schema"] |= _IN_PATH.get(parameter["name"], {})
            if parameter["name"] in _REQUIRED:
                parameter["required"] = True
        for status, response in list(operation["responses"].items()):
            _complete(name, path, int(status), response)
            if response.get("x-codes") == []:
                del operation["responses"][status]
        if name in _CACHED:
            operation["responses"]["304"] = {
                "description": "Inchangée : l'ETag de If-None-Match est le bon.",
                "headers": _headers(("ETag", "X-Publication", "X-Request-ID")),
            }
        operation["responses"] = dict(sorted(operation["responses"].items()))
    document["paths"]["/api/v1/structures"]["get"]["responses"]["200"]["links"] = _LINKS
    return document


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", path, operation


def _parameter(name: str, schema: Schema) -> Schema:
    # In an address there is no null: a parameter that is not wanted is left out.
    said = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    schema = {key: value for key, value in schema.items() if key not in {"anyOf", "title"}}
    for one in said:
        schema |= one
    if schema.get("type") == "array":
        return schema | {"items": schema["items"] | _VALUES.get(name, {})}
    return schema | _VALUES.get(name, {})


def _complete(name: str, path: str, status: int, response: Schema) -> None:
    headers = ["X-Request-ID"]
    content = response.get("content", {})
    refusal = any("Problem" in str(one.get("schema")) for one in content.values())
    if status < 400:
        response["description"] = "La réponse."
        headers += ["ETag"] if name in _CACHED else []
        headers += ["X-Publication"] if name in (*_CACHED, *_OF_A_PUBLICATION) else []
        for media in content.values():
            media["example"] = EXAMPLES.get(name)
    elif refusal:
        title, codes = TITLES[status], codes_of(name, status)
        response["description"] = f"{title} : {', '.join(codes)}."
        response["x-codes"] = list(codes)
        examples = {
            code: {"value": example(status, title, code, detail, path)}
            for code, detail in codes.items()
        }
        schema = next(iter(content.values()))["schema"]
        response["content"] = {MEDIA_TYPE: {"schema": schema, "examples": examples}}
    else:
        response["description"] = "Pas encore de publication, ou base injoignable."
        for media in content.values():
            media["example"] = NOT_READY
    if not path.startswith("/health/"):
        headers += ["RateLimit", "RateLimit-Policy"] if status not in (401, 500) else []
    headers += ["WWW-Authenticate"] if status == 401 else []
    headers += ["Retry-After"] if status == 429 else []
    response["headers"] = response.get("headers", {}) | _headers(headers)


def _headers(names: Sequence[str]) -> Schema:
    return {name: _HEADERS[name] for name in names}
