"""A page asked again: the same answer, to the same rights, each view in the audit log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError
from starlette.routing import Match

from serving.access.audit import Said, verify
from serving.access.keys import create_key, revoke_key
from serving.access.principal import Principal, Role, Territory
from serving.access.repeats import SECONDS, Repeats
from serving.api import listing
from serving.api.kept_lists import KeptList, keepable
from serving.kept_pages import Look
from serving.state import State
from serving.state.models import AuditEntry
from tests.serving.cell_people import alert, tool
from tests.serving.conftest import make_frames

if TYPE_CHECKING:
    from tests.serving.conftest import Browser, House

LIST = "/api/v1/structures"
ASKED = f"{LIST}?region=32&limit=5"


def views(house: House) -> list[AuditEntry]:
    with house.state.read() as session:
        lines = session.query(AuditEntry).order_by(AuditEntry.seq)
        return [line for line in lines if line.action.startswith("list.")]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The questions that were answered by the route of kept pages."""
    found: list[str] = []
    matches = KeptList.matches

    def seen(self: KeptList, scope: dict[str, object]) -> object:
        answer = matches(self, scope)
        if answer[0] is Match.FULL:
            found.append(bytes(scope["query_string"]).decode())
        return answer

    monkeypatch.setattr(KeptList, "matches", seen)
    monkeypatch.setattr("serving.access.recent.SECONDS", 60.0)
    return found


@contextmanager
def followed(repeats: Repeats) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=repeats.follow, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def key_of(browser: Browser) -> str:
    return browser.headers["Authorization"].split("_")[1]


def test_the_same_question_has_the_same_answer_and_each_view_its_line(
    house: House, kept: list[str]
) -> None:
    browser = house.tool()
    with followed(house.services.repeats):
        answers = [browser.get(ASKED) for _ in range(4)]
        tag = answers[0].headers["etag"].removeprefix("W/")
        unchanged = [browser.get(ASKED, {"If-None-Match": tag}) for _ in range(2)]
    assert len(kept) == 5
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1
    for name in ("etag", "content-type", "x-publication", "vary", "cache-control", "ratelimit"):
        assert all(name in a.headers for a in answers), name
    assert {a.headers["etag"].removeprefix("W/") for a in answers} == {tag}
    assert [(a.status_code, a.content, a.headers["etag"]) for a in unchanged] == [
        (304, b"", tag)
    ] * 2
    lines = views(house)
    assert sorted(line.action for line in lines) == ["list.unchanged"] * 2 + ["list.view"] * 4
    assert len({line.subject for line in lines}) == 1
    asked = {a.headers["x-request-id"] for a in (*answers, *unchanged)}
    assert {line.request_id for line in lines} == asked
    assert verify(house.state).intact


def test_a_key_that_is_closed_is_refused_at_once(house: House, kept: list[str]) -> None:
    browser = house.tool()
    assert [browser.get(ASKED).status_code for _ in range(2)] == [200, 200]
    revoke_key(house.state, key_of(browser))
    refused = browser.get(ASKED)
    assert (refused.status_code, refused.json()["code"]) == (401, "key-revoked")
    assert len(kept) == 2, "the last one was refused by the route of kept pages"
    assert len(views(house)) == 2


def test_a_page_is_shown_to_its_territory_alone(house: House, kept: list[str]) -> None:
    asked = f"{LIST}?limit=200"
    north, south = house.tool(regions=("32",)), house.tool(regions=("93",))
    everyone = house.tool()
    for browser in (everyone, north, south, everyone, north, south):
        body = browser.get(asked).json()
        regions = {item["region"] for item in body["items"]}
        wanted = {id(north): {"32"}, id(south): {"93"}}.get(id(browser))
        assert regions == wanted if wanted else len(regions) > 2
    assert len(kept) == 3
    outside = south.get(ASKED)
    assert (outside.status_code, outside.json()["code"]) == (403, "outside-territory")


def test_a_key_without_the_scope_is_refused(house: House) -> None:
    house.tool().get(ASKED)
    other = house.tool("read:catalogue")
    for _ in range(2):
        assert other.get(ASKED).json()["code"] == "missing-scope"


def test_a_new_publication_is_shown_at_once(house: House, kept: list[str]) -> None:
    browser = house.tool()
    assert [browser.get(ASKED).headers["x-publication"] for _ in range(2)] == [
        house.publication
    ] * 2
    newer = make_frames(seed=7).write(house.home)
    answer = browser.get(ASKED)
    assert answer.headers["x-publication"] == answer.json()["publication"] == newer
    assert len(kept) == 1


def test_an_alert_marks_a_page_that_is_kept(house: House, kept: list[str]) -> None:
    cell = tool(house)
    browser = house.tool("read:scores", "read:alerts")
    first = [browser.get(ASKED) for _ in range(2)][1]
    siren = first.json()["items"][2]["siren"]
    assert cell.post("/alerts", alert(siren)).status_code == 201
    marked = browser.get(ASKED)
    assert len(kept) == 2
    assert marked.headers["etag"] != first.headers["etag"]
    assert [bool(item["alert"]) for item in marked.json()["items"]] == [False, False, True] + [
        False
    ] * 2
    without = house.tool()
    assert [without.get(ASKED).json()["items"][2]["alert"] for _ in range(2)] == [None, None]


def test_the_state_is_read_once_as_long_as_nothing_is_written(
    house: House, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, looks = house.tool("read:scores", "read:alerts"), []
    look = listing._look

    def seen(*asked: object) -> Look:
        looks.append(asked)
        return look(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(listing, "_look", seen)
    house.services.repeats._followed = True  # their lines wait, and nobody writes them
    for _ in range(5):
        assert browser.get(ASKED).status_code == 200
    # The line of the first one was written after its look. PostgreSQL does not tell: five looks.
    expected = 2 if house.state.reads_at_once else 5
    assert (len(kept), len(looks)) == (4, expected)
    create_key(house.state, "un autre outil", scopes=("read:scores",))
    browser.get(ASKED)
    assert len(looks) == expected + 1


def test_a_look_holds_for_its_moment_its_reader_and_its_time() -> None:
    now = datetime.now(UTC)
    reader, other = (
        Principal("k", "key", "outil", "", Role.NATIONAL, Territory()) for _ in range(2)
    )
    look = Look(3, reader, now + timedelta(hours=1), "tag", b"{}")
    assert look.holds(3, reader)
    assert not look.holds(4, reader)
    assert not look.holds(3, other), "verified again: its rights may be others"
    assert not replace(look, until=now).holds(3, reader)
    assert not replace(look, moment=None).holds(None, reader)


def test_people_and_lists_of_the_cell_are_never_kept(house: House, kept: list[str]) -> None:
    person = house.person("national")
    reader = house.tool("read:scores", "read:alerts", "read:cases")
    for browser, asked in (
        (person, ASKED),
        (reader, f"{LIST}?first_alert=true"),
        (reader, f"{LIST}?case_status=contacted"),
        (reader, f"{LIST}?%66irst_alert=true"),
        (reader, f"{LIST}?target=failure"),
    ):
        assert [browser.get(asked).status_code for _ in range(2)] == [200, 200]
    assert not kept
    assert keepable(b"region=32&q=asso+du+nord")


def said(number: int) -> Said:
    return {"actor": "outil", "action": "list.view", "request_id": f"demande-{number}"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def logged(state: State) -> list[str]:
    with state.read() as session:
        return [line.request_id for line in session.query(AuditEntry).order_by(AuditEntry.seq)]


def test_lines_wait_for_a_second_at_most(state: State) -> None:
    clock = Clock()
    repeats = Repeats(state, clock)
    repeats._followed = True
    for number in range(3):
        repeats.log("a", said(number))
    repeats.log("b", said(3))
    assert logged(state) == ["demande-0", "demande-3"]
    repeats.flush()
    assert logged(state) == ["demande-0", "demande-3", "demande-1", "demande-2"]
    clock.now = SECONDS
    repeats.log("a", said(4))
    assert logged(state)[-1] == "demande-4"
    assert verify(state).intact


def test_without_a_writer_each_line_is_written_first(state: State) -> None:
    repeats = Repeats(state)
    for number in range(3):
        repeats.log("a", said(number))
    assert len(logged(state)) == 3


def test_what_cannot_be_written_goes_on_waiting(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeats = Repeats(state)
    repeats._followed = True
    with monkeypatch.context() as broken:
        broken.setattr("serving.access.repeats.record", _full)
        with pytest.raises(OperationalError):
            repeats.log("a", said(0))
        assert not repeats.repeated("a", said(1)), "nothing was shown"
    repeats.log("a", said(2))
    repeats.log("a", said(3))
    with monkeypatch.context() as broken:
        broken.setattr("serving.access.repeats.append_all", _full)
        repeats.flush()
    repeats.log("a", said(4))
    repeats.flush()
    assert logged(state) == ["demande-2", "demande-3", "demande-4"]


def _full(*_: object, **__: object) -> None:
    raise OperationalError("INSERT", {}, Exception("le disque est plein"))
