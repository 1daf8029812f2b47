"""Gzip: long answers of the API for who takes it; the rest as it is; ETags that stay true."""

from __future__ import annotations

import pytest

from tests.serving.conftest import House

GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


def test_a_long_list_is_compressed_and_says_the_same(shared_house: House) -> None:
    tool = shared_house.tool()
    address = "/api/v1/structures?limit=100"
    short, whole = tool.get(address, GZIP), tool.get(address, PLAIN)
    assert short.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in whole.headers
    assert short.json() == whole.json()
    assert int(short.headers["content-length"]) * 3 < int(whole.headers["content-length"])
    assert "Accept-Encoding" in short.headers["vary"]
    assert "Authorization" in short.headers["vary"]


def test_the_etag_of_a_compressed_answer_is_weak_and_finds_it_again(shared_house: House) -> None:
    tool = shared_house.tool()
    address = "/api/v1/structures?limit=100"
    short, whole = tool.get(address, GZIP), tool.get(address, PLAIN)
    assert short.headers["etag"] == f"W/{whole.headers['etag']}"
    for tag in (short.headers["etag"], whole.headers["etag"]):
        again = tool.get(address, GZIP | {"If-None-Match": tag})
        assert again.status_code == 304
        assert again.content == b""
        assert "content-encoding" not in again.headers


@pytest.mark.parametrize(
    "address", ["/health/live", "/connexion", "/api/v1/structures?limit=1&q=nulle+part"]
)
def test_small_answers_and_pages_are_left_as_they_are(shared_house: House, address: str) -> None:
    reader = shared_house.anonymous() if address == "/connexion" else shared_house.tool()
    answer = reader.get(address, GZIP)
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("ending", "compressed"), [("csv", True), ("xlsx", False), ("parquet", False)]
)
def test_exports(shared_house: House, ending: str, *, compressed: bool) -> None:
    tool = shared_house.tool("read:scores", "export:scores")
    answer = tool.get(f"/api/v1/exports/structures.{ending}", GZIP)
    assert answer.status_code == 200
    assert (answer.headers.get("content-encoding") == "gzip") is compressed
    assert answer.headers["etag"].startswith('W/"')
