"""How an export leaves: logged before its first byte, nothing left behind when it breaks off."""

from __future__ import annotations

import asyncio
import json
import socket
import tempfile
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import select
from starlette.requests import ClientDisconnect

from serving.access.keys import create_key
from serving.state import State, open_state
from serving.state.models import AuditEntry
from tests.loops import finished
from tests.serving.exported import EXPORT, csv_rows
from tests.serving.servers import running, wait
from tests.serving.web_people import signed_in

if TYPE_CHECKING:
    from tests.serving.conftest import Browser, House

Make = Callable[..., Any]
ENDINGS = ("csv", "xlsx", "parquet")
MADE = "veille-export-*"


def exports(state: State) -> list[AuditEntry]:
    with state.read() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "export")
        return list(session.scalars(wanted.order_by(AuditEntry.seq)))


def ask(house: House, browser: Browser, path: str, send: Callable[[dict[str, Any]], None]) -> None:
    """Put one request to the application itself; `send` is called with each of its messages."""

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def hand(message: MutableMapping[str, Any]) -> None:
        send(dict(message))

    headers = [(n.lower().encode(), v.encode()) for n, v in browser.headers.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    finished(house.app(scope, receive, hand))


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_log_comes_before_the_first_byte(house: House, ending: str) -> None:
    seen: list[tuple[str, int]] = []
    ask(
        house,
        signed_in(house, "national"),
        f"{EXPORT}.{ending}",
        lambda message: seen.append((message["type"], len(exports(house.state)))),
    )
    assert seen[0] == ("http.response.start", 1)
    assert {count for _, count in seen} == {1}


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_leaves_when_the_log_cannot_be_written(house: House, ending: str) -> None:
    browser = signed_in(house, "national")
    with house.state.write() as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "CREATE FUNCTION full_log() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'plein'; END $$"
            )
            do = "FOR EACH ROW EXECUTE FUNCTION full_log()"
        else:
            do = "BEGIN SELECT RAISE(ABORT, 'plein'); END"
        connection.exec_driver_sql(f"CREATE TRIGGER audit_full BEFORE INSERT ON audit {do}")
    answer = browser.get(f"{EXPORT}.{ending}")
    assert answer.status_code >= 500
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_reader_gone_at_the_first_byte_leaves_nothing(
    house: House, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    during: list[list[Path]] = []

    def gone(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            during.append(list(scratch.glob(MADE)))
            raise OSError("gone")

    with pytest.raises(ClientDisconnect):
        ask(house, signed_in(house, "national"), f"{EXPORT}.{ending}", gone)
    assert [len(found) for found in during] == [int(ending == "xlsx")]
    assert list(scratch.iterdir()) == []
    assert len(exports(house.state)) == 1


@pytest.fixture
def served(tmp_path: Path, frames_factory: Make) -> Iterator[tuple[str, Path, State]]:
    """A real server with a list long enough to be left in the middle, and its scratch folder."""
    frames_factory(count=20_000).write(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with running(tmp_path, TMPDIR=str(scratch)) as address:
        state = open_state(tmp_path)
        yield address, scratch, state
        state.close()


def test_a_real_download_left_in_the_middle(served: tuple[str, Path, State]) -> None:
    address, scratch, state = served
    key = create_key(state, "outil fictif", scopes=("read:scores", "export:scores")).secret
    host, port = address.removeprefix("http://").split(":")
    request = f"GET {EXPORT}.xlsx HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n"

    # Left while the file is being made.
    with socket.create_connection((host, int(port))) as line:
        line.sendall(request.encode())
        wait(lambda: list(scratch.glob(MADE)))
    wait(lambda: not list(scratch.iterdir()))

    # Left when the first bytes have come.
    with socket.create_connection((host, int(port))) as line:
        line.sendall(request.encode())
        assert line.recv(15) == b"HTTP/1.1 200 OK"
    wait(lambda: not list(scratch.iterdir()))

    # The server goes on; a whole download leaves nothing either.
    headers = {"Authorization": f"Bearer {key}"}
    for ending in ENDINGS:
        answer = httpx.get(f"{address}{EXPORT}.{ending}", headers=headers, timeout=60)
        assert answer.status_code == 200
        if ending == "csv":
            assert len(csv_rows(answer.content)) == 20_000
    wait(lambda: not list(scratch.iterdir()))
    rows = [json.loads(entry.subject)["rows"] for entry in exports(state)]
    assert rows == [20_000] * 5
