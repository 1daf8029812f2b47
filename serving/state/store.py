"""Open the mutable state: SQLite (WAL) by default, PostgreSQL by its URL; migrations included."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from data.errors import VeilleError

#: last revision of migrations/versions; a state already there starts without Alembic
HEAD = "0005"
_BUSY_MILLISECONDS = 15_000
_CONNECT_SECONDS = 10
_LOCK_NUMBER = 7_305_108
#: parts of an address, after its "?", that open something
_SECRETS = ("password", "sslpassword")


class StateError(VeilleError):
    """The state cannot be opened."""

    status = 503


class State:
    """The database of users, sessions, keys and audit, and the secret that seals them.

    `read()` and `write()` give a SQLAlchemy session. Both databases behave alike: a reading sees
    one moment of the whole state, and a writing takes the only writing place at once, so that what
    it reads stays true until it commits and that two writers wait for each other.
    """

    def __init__(self, engine: Engine, secret: bytes) -> None:
        self.engine = engine
        self.secret = secret
        # What SQLite does of itself: lines and seal of the audit log must be of the same moment.
        level = {"isolation_level": "REPEATABLE READ"} if engine.name == "postgresql" else {}
        self._reader = sessionmaker(engine.execution_options(**level), expire_on_commit=False)
        writing = engine.execution_options(begin="IMMEDIATE")
        self._writer = sessionmaker(writing, expire_on_commit=False)
        self._witness: Any = None
        self._witness_lock = threading.Lock()

    @property
    def reads_at_once(self) -> bool:
        """Whether a small reading waits for nobody: SQLite's, which writers do not hold up."""
        return self.engine.name == "sqlite"

    def moment(self) -> int | None:
        """Return a number that is another one once anything was written, by any process.

        What was read after it stays true while it is the same. None where it cannot be told:
        PostgreSQL has no such number. SQLite's is its `data_version`, for a connection that
        never writes; it costs a small part of a reading.
        """
        if self.engine.name != "sqlite":
            return None
        with self._witness_lock:
            try:
                if self._witness is None:
                    found = self.engine.raw_connection()
                    self._witness = found.driver_connection
                    found.detach()  # of no other use: what it writes would not change its number
                return int(self._witness.execute("PRAGMA data_version").fetchone()[0])
            except (sqlite3.Error, SQLAlchemyError):
                return None

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
        with self._witness_lock:
            if self._witness is not None:
                self._witness.close()
                self._witness = None
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
        `state-unreachable`: the database cannot be opened or migrated; `bad-database-url`;
        `no-database-driver`.
    """
    folder = home / "state"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    url = _address(database_url or f"sqlite:///{folder / 'state.db'}")
    secret = _secret(folder)
    try:
        engine = _engine(url)
        try:
            _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    except ImportError as error:
        raise StateError(
            "Le pilote de la base des comptes n'est pas installé.",
            code="no-database-driver",
            where=_shown(url),
            received=error,
            expected="postgresql+psycopg://… pour PostgreSQL",
            todo="pip install 'veille-ess[postgresql]'",
        ) from error
    except SQLAlchemyError as error:
        raise StateError(
            "La base des comptes ne s'ouvre pas.",
            code="state-unreachable",
            where=_shown(url),
            received=str(error).splitlines()[0],
            todo="Vérifiez l'adresse de la base, les droits du dossier et la place sur le disque.",
        ) from error
    if url.database and engine.dialect.name == "sqlite":
        Path(url.database).chmod(0o600)
    return State(engine, secret)


def _address(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise _unreadable() from None  # the cause may hold a part of the password
    # The tail of a password that holds an "@" lands in the host, or in the database after a "/".
    if url.drivername.startswith("postgresql") and "@" in f"{url.host}{url.database}":
        raise _unreadable()
    return url


def _engine(url: URL) -> Engine:
    if url.drivername.startswith("sqlite"):
        engine = create_engine(url)
        _prepare_sqlite(engine)
        return engine
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    engine = create_engine(url, pool_pre_ping=True, connect_args=patience)
    _prepare_postgres(engine)
    return engine


def _unreadable() -> StateError:
    # What was received is not said: a password may be in it.
    return StateError(
        "L'adresse de la base des comptes ne se lit pas.",
        code="bad-database-url",
        where="database_url",
        expected="postgresql+psycopg://utilisateur:mot-de-passe@hote:5432/base",
        todo="Dans le mot de passe, écrivez %40 pour @, %2F pour /, %3A pour : et %25 pour %.",
    )


def _shown(url: URL) -> str:
    return url.difference_update_query(_SECRETS).render_as_string(hide_password=True)


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
    def configure(connection: sqlite3.Connection, _record: object) -> None:
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


def _prepare_postgres(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("begin") == "IMMEDIATE":
            connection.exec_driver_sql(
                f"SELECT set_config('lock_timeout', '{_BUSY_MILLISECONDS}', true),"
                f" pg_advisory_xact_lock({_LOCK_NUMBER})"
            )


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
