"""The address of the state: what is said when it does not open, and what is never said."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from serving.access.audit import record, verify
from serving.app import create_app
from serving.settings import ServingSettings
from serving.state import open_state, store
from tests.postgres import Postgres
from tests.serving.conftest import Frames, House

SECRET = "mot-qui-ouvre"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give the port of a machine that takes the call and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def refusal(home: Path, address: str) -> store.StateError:
    with pytest.raises(store.StateError) as caught:
        open_state(home, address)
    assert SECRET not in str(caught.value)
    assert caught.value.status == 503
    return caught.value


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    error = refusal(tmp_path, f"sqlite:///{tmp_path}/nulle/part/etat.db")
    assert error.code == "state-unreachable"


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as closed:  # bound and not listening: nobody else takes the port
        closed.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{closed.getsockname()[1]}/veille"
        error = refusal(tmp_path, f"postgresql+psycopg://veille:{SECRET}@{place}")
    assert error.code == "state-unreachable"
    assert f"veille:***@{place}" in str(error)


def test_the_server_never_answers(
    tmp_path: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_CONNECT_SECONDS", 2)
    place = f"127.0.0.1:{silent_port}/veille"
    error = refusal(tmp_path, f"postgresql+psycopg://veille:{SECRET}@{place}?sslmode=disable")
    assert error.code == "state-unreachable"
    assert "timeout" in str(error)


def test_another_password(tmp_path: Path, postgres: Postgres) -> None:
    place = f"127.0.0.1:{postgres.port}/postgres"
    for address in (
        f"postgresql+psycopg://veille:{SECRET}@{place}",
        f"postgresql+psycopg://veille@{place}?password={SECRET}",
    ):
        error = refusal(tmp_path, address)
        assert error.code == "state-unreachable"
        assert place in str(error)


def test_a_database_that_does_not_exist(tmp_path: Path, postgres: Postgres) -> None:
    error = refusal(tmp_path, postgres.url("nulle_part"))
    assert error.code == "state-unreachable"
    assert "nulle_part" in str(error)
    assert postgres.password not in str(error)


def test_a_role_that_may_create_nothing(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as address, postgres.connect() as owner:
        owner.execute(f"CREATE ROLE lecture LOGIN PASSWORD '{SECRET}'")
        reader = make_url(address).set(username="lecture", password=SECRET)
        error = refusal(tmp_path, reader.render_as_string(hide_password=False))
        owner.execute("DROP ROLE lecture")
    assert error.code == "state-unreachable"
    assert "permission denied" in str(error)


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql+psycopg://veille:a@{SECRET}@hote/base",
        f"postgresql+psycopg://veille:a@{SECRET}/b@hote/base",
        f"postgresql+psycopg://veille:{SECRET}@hote:port/base",
        f"postgresql+psycopg//veille:{SECRET}@hote/base",
    ],
)
def test_an_address_that_cannot_be_read(tmp_path: Path, address: str) -> None:
    assert refusal(tmp_path, address).code == "bad-database-url"


def test_a_driver_that_is_not_there(tmp_path: Path) -> None:
    error = refusal(tmp_path, f"postgresql+psycopg2://veille:{SECRET}@127.0.0.1/veille")
    assert error.code == "no-database-driver"
    assert "veille-ess[postgresql]" in str(error)


def test_the_server_came_back_since(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as address:
        state = open_state(tmp_path, address)
        record(state, actor="nina", action="list.view")
        with postgres.connect() as other:
            gone = other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (state.engine.url.database,),
            ).fetchall()
        assert gone == [(True,)]
        record(state, actor="nina", action="list.view")
        report = verify(state)
        state.close()
    assert (report.entries, report.intact) == (2, True)


def test_without_its_database_a_running_server_shows_nobody(
    tmp_path: Path, postgres: Postgres, frames_factory: Callable[..., Frames]
) -> None:
    frames = frames_factory()
    with postgres.database() as address:
        app = create_app(ServingSettings(tmp_path, address))
        house = House(tmp_path, app, frames.write(tmp_path), frames)
        tool = house.tool()
        listed = tool.get("/api/v1/structures")
        assert (listed.status_code, "Les " in listed.text) == (200, True)
        assert tool.get("/health/ready").status_code == 200
    answer = tool.get("/api/v1/structures")
    assert answer.status_code == 500
    assert "Les " not in answer.text
    assert "psycopg" not in answer.text
    assert tool.get("/health/ready").status_code == 503
    assert tool.get("/health/live").status_code == 200
    house.state.close()
