"""The description of `POST /api/v1/scores` in the OpenAPI document of the application."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from data.schema import EUR, Column
from features.catalogue import INDICATORS
from features.facts import BY_FUNDER, BY_STRUCTURE
from serving.api.live import PATH
from serving.api.problems import MEDIA_TYPE, TITLES
from serving.live.answer import Answer
from serving.live.call import MAX_STRUCTURES, Call
from serving.live.facts import AMOUNT, BOUNDS, MOST_EUROS, columns_of, required

_TYPES: dict[Any, dict[str, Any]] = {
    pl.String: {"type": "string"},
    pl.Int32: {"type": "integer"},
    pl.Int64: {"type": "integer"},
    pl.Float64: {"type": "number"},
    pl.Boolean: {"type": "boolean"},
    pl.Date: {"type": "string", "format": "date"},
    EUR: {
        "anyOf": [
            {"type": "number", "minimum": -MOST_EUROS, "maximum": MOST_EUROS},
            {"type": "string", "pattern": f"^{AMOUNT}$"},
        ]
    },
}
_STATUSES = (401, 403, 413, 415, 422, 429, 500, 503)
#: what an installation serves
TARGETS, HORIZONS = ("failure", "funding_loss"), (6, 12, 18)
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
    properties = call["properties"]
    properties["structures"] |= {"minItems": 1, "maxItems": MAX_STRUCTURES}
    properties["target"] = {"type": "string", "enum": list(TARGETS)}
    properties["horizons_months"] = {
        "type": "array",
        "items": {"type": "integer", "enum": list(HORIZONS)},
        "description": "Ceux de la cible ; tous par défaut.",
    }
    # One or the other, and never null: what a caller leaves out is left out.
    item["properties"]["histories"] = _tables(BY_STRUCTURE)
    item["properties"]["indicators"] = _indicators()
    item["oneOf"] = [{"required": ["histories"]}, {"required": ["indicators"]}]
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
                        "description": TITLES[status],
                        "content": {
                            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
                        },
                    }
                    for status in _STATUSES
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


def _indicators() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            i.name: {
                "type": ["number" if i.kind == "numeric" else "string", "null"],
                "description": i.label,
            }
            for i in INDICATORS.values()
        },
    }


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
        "properties": {name: _column(name, column) for name, column in columns_of(table).items()},
    }


def _column(name: str, column: Column) -> dict[str, Any]:
    made = {"description": column.meaning, **_TYPES[column.dtype]}
    if name in BOUNDS:
        made["minimum"], made["maximum"] = BOUNDS[name]
    if column.values:
        made["enum"] = list(column.values)
    if column.pattern:
        # JSON Schema has fewer spaces than the contracts: U+0085, the separators.
        made["pattern"] = column.pattern.replace(r"\S", r"[^\s\x00-\x1f\x7f-\x9f]")
    return {"anyOf": [made, {"type": "null"}]} if column.nullable else made
