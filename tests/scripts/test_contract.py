"""The description of the API that is kept, and what a new one may not do to it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts import check_docs
from scripts.contract import breaks
from scripts.pages import ROOT, openapi

Document = dict[str, Any]

LIST = "/api/v1/structures"


def kept() -> Document:
    found: Document = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))
    return found


def operation(document: Document, path: str = LIST) -> Document:
    found: Document = document["paths"][path]["get"]
    return found


def parameter(document: Document, name: str) -> Document:
    found: Document = next(p for p in operation(document)["parameters"] if p["name"] == name)
    return found


def schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def test_the_application_is_the_one_described() -> None:
    assert json.loads(openapi()) == kept()


def without_parameter(document: Document) -> None:
    operation(document)["parameters"] = [
        p for p in operation(document)["parameters"] if p["name"] != "sector"
    ]


def one_more_parameter(document: Document) -> None:
    extra = {"in": "query", "name": "motif", "required": True, "schema": {"type": "string"}}
    operation(document)["parameters"].append(extra)


BREAKS: dict[str, tuple[Callable[[Document], object], str]] = {
    "path": (lambda d: d["paths"].pop("/metrics"), "/metrics: the path is gone"),
    "method": (
        lambda d: d["paths"][LIST].update(post=d["paths"][LIST].pop("get")),
        "GET /api/v1/structures: the method is gone",
    ),
    "parameter": (without_parameter, "GET /api/v1/structures: parameter sector is gone"),
    "required": (
        lambda d: parameter(d, "q").update(required=True),
        "GET /api/v1/structures: parameter q is now required",
    ),
    "new and required": (
        one_more_parameter,
        "GET /api/v1/structures: parameter motif is new and required",
    ),
    "type of a parameter": (
        lambda d: parameter(d, "limit")["schema"].update(type="string"),
        "GET /api/v1/structures: parameter limit: type integer became string",
    ),
    "value": (
        lambda d: (
            parameter(d, "sort")["schema"].update({"$ref": "#/components/schemas/Few"})
            or d["components"]["schemas"].update(Few={"type": "string", "enum": ["p"]})
        ),
        "GET /api/v1/structures: parameter sort: value '-p' is no longer accepted",
    ),
    "bound": (
        lambda d: parameter(d, "limit")["schema"].update(maximum=100),
        "GET /api/v1/structures: parameter limit: maximum became 100",
    ),
    "default": (
        lambda d: parameter(d, "limit")["schema"].update(default=20),
        "GET /api/v1/structures: parameter limit: default 50 became 20",
    ),
    "new bound": (
        lambda d: parameter(d, "q")["schema"].update(minLength=3),
        "GET /api/v1/structures: parameter q: minLength became 3",
    ),
    "values newly closed": (
        lambda d: parameter(d, "q")["schema"].update(enum=["nuage"]),
        "GET /api/v1/structures: parameter q: only ['nuage'] are accepted",
    ),
    "property": (
        lambda d: schema(d, "StructureRow")["properties"].pop("coverage"),
        "GET /api/v1/structures: answer 200.items[]: property coverage is gone",
    ),
    "property of a property": (
        lambda d: schema(d, "Reason")["properties"].pop("contribution"),
        (
            "GET /api/v1/structures/{siren}: answer 200.reasons.themes[].reasons[]: "
            "property contribution is gone"
        ),
    ),
    "type of a property": (
        lambda d: schema(d, "StructureList")["properties"]["total"].update(type="string"),
        "GET /api/v1/structures: answer 200.total: type integer became string",
    ),
    "null of a property": (
        lambda d: schema(d, "StructureList")["properties"].update(
            target={"anyOf": [{"type": "string"}, {"type": "null"}]}
        ),
        "GET /api/v1/structures: answer 200.target: type string became null or string",
    ),
    "presence of a property": (
        lambda d: schema(d, "StructureList")["required"].remove("total"),
        "GET /api/v1/structures: answer 200: property total may now be absent",
    ),
    "status": (
        lambda d: operation(d)["responses"].pop("410"),
        "GET /api/v1/structures: answer 410 is gone",
    ),
    "code": (
        lambda d: operation(d)["responses"]["422"]["x-codes"].remove("cursor-invalid"),
        "GET /api/v1/structures: answer 422: code cursor-invalid is gone",
    ),
    "media type": (
        lambda d: operation(d)["responses"]["401"].update(content={"application/json": {}}),
        "GET /api/v1/structures: answer 401: application/problem+json is gone",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_named(name: str) -> None:
    change, sentence = BREAKS[name]
    now = copy.deepcopy(kept())
    change(now)
    assert sentence in breaks(kept(), now)


def test_what_may_be_added_breaks_nothing() -> None:
    now = copy.deepcopy(kept())
    now["paths"]["/api/v1/more"] = operation(now)
    operation(now)["parameters"].append(
        {"in": "query", "name": "more", "required": False, "schema": {"type": "string"}}
    )
    schema(now, "StructureRow")["properties"]["more"] = {"type": "string"}
    operation(now)["responses"]["422"]["x-codes"].append("more")
    parameter(now, "target")["schema"]["enum"].append("more")
    assert breaks(kept(), now) == []


def test_a_break_is_not_written_over_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promised = kept()
    promised["paths"]["/api/v1/promised"] = operation(promised)
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs/openapi.json"
    page.write_text(json.dumps(promised), encoding="utf-8")
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    monkeypatch.setattr(check_docs, "PAGES", {})
    check_docs.write()
    assert json.loads(page.read_text(encoding="utf-8")) == promised
    assert check_docs.description_problems() == [
        "docs/openapi.json: version 1 is broken: /api/v1/promised: the path is gone"
    ]
    page.unlink()
    check_docs.write()
    assert check_docs.description_problems() == []
