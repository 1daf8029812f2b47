"""A real PostgreSQL on 127.0.0.1, in a temporary folder, for the time of the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

USER = "veille"
#: not UTC, so that a moment read without its time zone is seen
TIME_ZONE = "Asia/Kathmandu"
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60")


@dataclass(frozen=True)
class Postgres:
    """A running server. Every database made on it belongs to `USER`."""

    port: int
    password: str

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy address of a database, password included."""
        address = URL.create(
            "postgresql+psycopg", USER, self.password, "127.0.0.1", self.port, database
        )
        return address.render_as_string(hide_password=False)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Create an empty database, give its address, drop it with whoever is still on it."""
        name = f"essai_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            with self.connect() as connection:
                drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
                connection.execute(drop.format(sql.Identifier(name)))

    def connect(self) -> psycopg.Connection[Any]:
        """Open a connection that commits each statement."""
        address = self.url().replace("+psycopg", "")
        return psycopg.connect(address, autocommit=True)


#: what `empty_database` takes as the parameter of a fixture
DATABASES = ("sqlite", "postgresql")


@contextlib.contextmanager
def empty_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Give the address of an empty database; None is SQLite, in a file of the caller's."""
    if request.param == "sqlite":
        yield None
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.database() as address:
        yield address


@contextlib.contextmanager
def running(binaries: Path) -> Iterator[Postgres]:
    """Make a cluster, start its server on a free port, stop it and remove everything."""
    # Not in pytest's folder: the user that the server runs as could not go through it.
    place = Path(tempfile.mkdtemp(prefix="veille-postgres-"))
    said = place / "said.log"
    secret = place / "password"
    password = secrets.token_hex(12)
    secret.write_text(password, encoding="ascii")
    someone = _someone(place, secret)
    data = place / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", USER, "--pwfile", secret]
    initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = (*_FAST, f"timezone={TIME_ZONE}", "unix_socket_directories=", f"port={port}")
    server = [binaries / "postgres", "-D", data, "-c", "listen_addresses=127.0.0.1"]
    for option in options:
        server += ["-c", option]
    try:
        with said.open("wb") as log:
            out: dict[str, Any] = {"cwd": place, "stdout": log, "stderr": log, **someone}
            made = subprocess.run(initdb, check=False, **out)
            assert made.returncode == 0, said.read_text("utf-8", "replace")
            process = subprocess.Popen(server, **out)
        try:
            found = Postgres(port, password)
            _wait(found, process, said)
            yield found
        finally:
            process.send_signal(signal.SIGINT)  # "fast": connections are closed, not awaited
            process.wait(30)
    finally:
        shutil.rmtree(place)


def _someone(*owned: Path) -> dict[str, Any]:
    """Return how a process runs as a user that PostgreSQL accepts: it refuses to run as root."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    if os.geteuid() != 0:
        return {"env": environment}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    for path in owned:
        os.chown(path, user.pw_uid, user.pw_gid)
    return {
        "env": environment,
        "user": user.pw_uid,
        "group": user.pw_gid,
        "extra_groups": [],
    }


def _wait(server: Postgres, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, said.read_text("utf-8", "replace")
        try:
            server.connect().close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, said.read_text("utf-8", "replace")
            time.sleep(0.05)
        else:
            return
