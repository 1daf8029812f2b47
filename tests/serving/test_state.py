"""The mutable state: migrations, several workers at once, the database's own protection."""

from __future__ import annotations

import stat
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import DatabaseError

from serving.access.accounts import create_user, list_users
from serving.access.audit import record, verify
from serving.state import State, open_state, store
from serving.state.models import Base, User
from tests.postgres import Postgres


def test_migrations_give_exactly_the_models(state: State) -> None:
    with state.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []


def test_head_is_the_last_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == store.HEAD


def test_accounts_of_the_first_revision_are_kept_and_the_way_back_works(
    tmp_path: Path, database_url: str | None
) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    opened = open_state(tmp_path, database_url)
    create_user(opened, "nina", name="Nina Fictive", role="national")
    with opened.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        assert "oidc_subject" not in {c["name"] for c in inspect(connection).get_columns("users")}
    opened.close()
    again = open_state(tmp_path, database_url)
    (user,) = list_users(again)
    assert (user.login, user.email, user.linked) == ("nina", None, False)
    again.close()


def test_opening_again_keeps_everything(tmp_path: Path, database_url: str | None) -> None:
    first = open_state(tmp_path, database_url)
    create_user(first, "nina", name="Nina Fictive", role="national")
    first.close()
    again = open_state(tmp_path, database_url)
    assert [user.login for user in list_users(again)] == ["nina"]
    assert again.secret == first.secret
    again.close()


def test_secret_and_database_are_for_their_owner_only(tmp_path: Path) -> None:
    open_state(tmp_path).close()
    for name in ("secret", "state.db"):
        assert stat.S_IMODE((tmp_path / "state" / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor_name = 'x'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_the_audit(state: State, statement: str) -> None:
    record(state, actor="nina", action="list.view")
    with pytest.raises(DatabaseError, match="journal"), state.write() as session:
        session.execute(text(statement))
    assert verify(state).entries == 1


def test_the_audit_is_not_emptied_at_once_either(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as address:
        state = open_state(tmp_path, address)
        record(state, actor="nina", action="list.view")
        with pytest.raises(DatabaseError, match="journal"), state.write() as session:
            session.execute(text("TRUNCATE audit"))
        assert verify(state).entries == 1
        state.close()


def test_moments_come_back_in_utc(state: State) -> None:
    """The server of the tests lives at +05:45, and is given a moment at +02:00."""
    paris = datetime(2026, 7, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    user = create_user(state, "nina", name="Nina Fictive", role="national")
    with state.write() as session:
        session.execute(update(User).values(created_at=paris))
    with state.read() as session:
        found = session.scalars(select(User.created_at)).one()
        later = session.scalars(select(User.id).where(User.created_at > paris)).all()
        same = session.scalars(select(User.id).where(User.created_at <= paris)).all()
    assert found.isoformat() == "2026-06-30T22:30:00+00:00"
    assert (later, same) == ([], [user.id])


def test_the_moment_is_another_one_once_something_was_written(
    state: State, tmp_path: Path, database_url: str | None
) -> None:
    first = state.moment()
    if database_url is not None:
        assert first is None
        return
    assert state.moment() == first is not None
    record(state, actor="outil", action="essai")
    second = state.moment()
    assert second != first
    elsewhere = open_state(tmp_path)
    record(elsewhere, actor="outil", action="essai")
    elsewhere.close()
    assert state.moment() != second
    state.close()
    assert state.moment() is not None, "it opens again"


def test_a_failed_write_leaves_nothing(state: State) -> None:
    def fail_half_way() -> None:
        with state.write() as session:
            session.execute(text("UPDATE audit_head SET count = 7"))
            session.execute(text("SELECT * FROM nulle_part"))

    with pytest.raises(DatabaseError, match="nulle_part"):
        fail_half_way()
    assert verify(state).intact
