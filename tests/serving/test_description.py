"""The description of the API: every answer has a true example, every refusal its codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from serving.api import router
from serving.api.codes import _PARTICULAR, CODES, OPERATIONS
from serving.api.description import describe_api
from serving.api.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from tests.serving.conftest import House

DOCUMENT = describe_api(router.routes)


def responses() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            for status, response in operation["responses"].items():
                yield f"{method.upper()} {path}", status, response


CASES = [pytest.param(*case, id=f"{case[0]} {case[1]}".replace("/", ":")) for case in responses()]


@pytest.mark.parametrize(("operation", "status", "response"), CASES)
def test_every_answer_has_examples_that_follow_its_schema(
    operation: str, status: str, response: dict[str, Any]
) -> None:
    assert response["description"], operation
    if status == "304":
        assert "content" not in response
        return
    for media, content in response["content"].items():
        schema = content["schema"] | {"components": DOCUMENT["components"]}
        examples = [e["value"] for e in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        assert examples
        for example in examples:
            jsonschema_rs.Draft202012Validator(schema).validate(example)
        if media == MEDIA_TYPE:
            assert response["x-codes"] == [example["code"] for example in examples]
            assert all(example["status"] == int(status) for example in examples)


def test_the_running_application_is_the_one_described(shared_house: House) -> None:
    kept = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))
    assert shared_house.tool().get("/api/v1/openapi.json").json() == kept


def test_every_operation_says_its_own_codes() -> None:
    signed_in = {o for o, _, _ in responses() if " /health/" not in o}
    assert signed_in == set(OPERATIONS)
    particular = {code for status in _PARTICULAR if status < 500 for code in CODES[status]}
    # 503 of one operation
    particular |= {"no-live-model", "bad-capacity", "no-pango", "brief-too-long", "brief-fetches"}
    assert set().union(*OPERATIONS.values()) == particular


def test_it_is_openapi_3_1_and_says_how_to_sign_in() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            assert bool(operation["security"]) != path.startswith("/health/")
    for scheme in ("bearer", "key", "session"):
        assert scheme in DOCUMENT["components"]["securitySchemes"]
