"""Open the mutable state: SQLite (WAL) by default, PostgreSQL by its URL; migrations included."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from data.errors import VeilleError

#: last revision of migrations/versions; a state already there starts without Alembic
HEAD = "0002_keys"
_BUSY_MILLISECONDS = 15_000
_LOCK_NUMBER = 7_305_108


class StateError(VeilleError):
    """The state cannot be opened."""

    status = 503


class State:
    """The database of users, sessions, keys and audit, and the secret that seals them.

    `read()` and `write()` give a SQLAlchemy session; `write()` commits at the end, and takes
    SQLite's only writing place at once, so that two writers wait for each other instead of failing.
    """

    def __init__(self, engine: Engine, secret: bytes) -> None:
        self.engine = engine
        self.secret = secret
        self._reader = sessionmaker(engine, expire_on_commit=False)
        writing = engine.execution_options(begin="IMMEDIATE")
        self._writer = sessionmaker(writing, expire_on_commit=False)

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session to read with."""
        with self._reader() as session:
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session to write with: committed at the end, undone on an error."""
        with self._writer.begin() as session:
            yield session

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


def open_state(home: Path, database_url: str | None = None) -> State:
    """Open the state under `home`, creating and migrating what is missing.

    Parameters
    ----------
    home : Path
        Root of the state; holds `state/state.db` and `state/secret`.
    database_url : str, optional
        SQLAlchemy URL of another database, e.g. `postgresql+psycopg://…`.

    Raises
    ------
    StateError
        `state-unreachable`: the database cannot be opened or migrated.
    """
    folder = home / "state"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = make_url(database_url or f"sqlite:///{folder / 'state.db'}")
    secret = _secret(folder)
    try:
        engine = create_engine(url, pool_pre_ping=not url.drivername.startswith("sqlite"))
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine)
        _migrate(engine)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise StateError(
            "La base des comptes ne s'ouvre pas.",
            code="state-unreachable",
            where=url.render_as_string(hide_password=True),
            received=str(error).splitlines()[0],
            todo="Vérifiez l'adresse de la base, les droits du dossier et la place sur le disque.",
        ) from error
    if url.database and engine.dialect.name == "sqlite":
        Path(url.database).chmod(0o600)
    return State(engine, secret)


def _secret(folder: Path) -> bytes:
    path = folder / "secret"
    if not path.exists():
        # Whole at its first appearance: two workers starting together must read the same one.
        draft = folder / f".secret-{secrets.token_hex(6)}"
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_hex(32).encode())
        try:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            draft.unlink()
    return bytes.fromhex(path.read_text(encoding="ascii"))


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: SqliteConnection, _record: object) -> None:
        # Transactions are begun by `begin` below, not by the driver.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",  # an audited answer must survive a power cut
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK_NUMBER})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
