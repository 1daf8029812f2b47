"""The description of `POST /api/v1/scores` in the OpenAPI document of the application."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from data.schema import EUR, Column
from features.facts import BY_FUNDER, BY_STRUCTURE
from serving.api.live import PATH
from serving.api.problems import MEDIA_TYPE
from serving.live.answer import Answer
from serving.live.call import MAX_STRUCTURES, Call
from serving.live.facts import columns_of, required

_TYPES: dict[Any, dict[str, Any]] = {
    pl.String: {"type": "string"},
    pl.Int32: {"type": "integer"},
    pl.Int64: {"type": "integer"},
    pl.Float64: {"type": "number"},
    pl.Boolean: {"type": "boolean"},
    pl.Date: {"type": "string", "format": "date"},
    EUR: {"type": ["number", "string"], "description": "euros"},
}
_STATUSES = {
    401: "Connexion nécessaire",
    403: "Accès refusé",
    413: "Demande trop longue",
    415: "Type de contenu refusé",
    422: "Demande refusée",
    429: "Trop de demandes",
    503: "Service indisponible",
}
EXAMPLE = {
    "target": "failure",
    "horizons_months": [12],
    "reasons": True,
    "structures": [
        {"id": "A", "indicators": {"grants_eur": 84000, "history_years": 6}},
        {
            "id": "B",
            "histories": {
                "structures": [{"sector": "culture", "departement": "59", "region": "32"}],
                "grants": [
                    {"funder_id": "etat", "amount_eur": 30000, "fiscal_year": 2023},
                    {"funder_id": "etat", "amount_eur": 12000, "fiscal_year": 2024},
                ],
            },
        },
    ],
}


def with_scores(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the path and its schemas added (it is changed in place)."""
    schemas = document["components"]["schemas"]
    _, found = msgspec.json.schema_components(
        [Call, Answer], ref_template="#/components/schemas/{name}"
    )
    for name, schema in found.items():
        schemas[f"Live{name}"] = schema
    _rename(found.values(), set(found))
    call, item = schemas["LiveCall"], schemas["LiveItem"]
    call["properties"]["structures"] |= {"minItems": 1, "maxItems": MAX_STRUCTURES}
    item["properties"]["histories"] = {
        "anyOf": [_tables(BY_STRUCTURE), {"type": "null"}],
        "default": None,
    }
    for name in BY_FUNDER:
        call["properties"][name] = {"type": "array", "items": _row(name), "default": []}
    document["paths"][PATH] = {
        "post": {
            "tags": ["structures"],
            "summary": "Score Structures",
            "description": "Score structures from their histories or their indicators, with the"
            " model of the current publication.",
            "operationId": "score_structures_api_v1_scores_post",
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"$ref": "#/components/schemas/LiveCall"},
                        "example": EXAMPLE,
                    }
                },
            },
            "responses": {
                "200": {
                    "description": "Structures scored, in the order of the call.",
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/LiveAnswer"}}
                    },
                },
                **{
                    str(status): {
                        "description": said,
                        "content": {
                            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
                        },
                    }
                    for status, said in _STATUSES.items()
                },
            },
        }
    }
    return document


def _rename(schemas: Any, names: set[str]) -> None:  # noqa: ANN401 - JSON
    """Point references to the names that the schemas have in the document."""
    pending = list(schemas)
    while pending:
        at = pending.pop()
        if isinstance(at, dict):
            name = str(at.get("$ref", "")).rpartition("/")[2]
            if name in names:
                at["$ref"] = f"#/components/schemas/Live{name}"
            pending += at.values()
        elif isinstance(at, list):
            pending += at


def _tables(names: Any) -> dict[str, Any]:  # noqa: ANN401 - any names
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": "array", "items": _row(name)} for name in names},
    }


def _row(table: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required(table),
        "properties": {name: _column(column) for name, column in columns_of(table).items()},
    }


def _column(column: Column) -> dict[str, Any]:
    made = {"description": column.meaning, **_TYPES[column.dtype]}
    if column.values:
        made["enum"] = list(column.values)
    if column.pattern:
        made["pattern"] = column.pattern
    return {"anyOf": [made, {"type": "null"}]} if column.nullable else made
