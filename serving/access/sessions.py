"""Sessions of signed-in people: a random token in the browser, its sha256 in the state."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update

from serving.access.accounts import NOTICE_DAYS
from serving.access.principal import Principal, Role, Territory
from serving.state.models import LoginSession, User
from serving.state.store import State

_TOUCH = timedelta(seconds=60)


def create_session(state: State, user_id: str, *, hours: int, id_token: str | None = None) -> str:
    """Open a session and return its token; sessions that ended are swept away."""
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    with state.write() as session:
        session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
        session.add(
            LoginSession(
                token_hash=_digest(token),
                user_id=user_id,
                created_at=now,
                last_seen_at=now,
                expires_at=now + timedelta(hours=hours),
                id_token=id_token,
            )
        )
    return token


def end_session(state: State, token: str) -> str | None:
    """Close a session and return the provider's token that opened it, if any.

    No error if it is closed already.
    """
    this = LoginSession.token_hash == _digest(token)
    with state.write() as session:
        id_token = session.scalar(select(LoginSession.id_token).where(this))
        session.execute(delete(LoginSession).where(this))
    return id_token


def principal_of_session(state: State, token: str, *, idle_hours: int) -> Principal | None:
    """Return the person whose session this is, or None if it ended or the account is closed."""
    now = datetime.now(UTC)
    with state.read() as session:
        found = session.execute(
            select(LoginSession, User)
            .join(User, User.id == LoginSession.user_id)
            .where(LoginSession.token_hash == _digest(token))
        ).first()
    if found is None:
        return None
    opened, user = found
    idle = now - opened.last_seen_at
    if opened.expires_at <= now or idle > timedelta(hours=idle_hours) or not user.active:
        return None
    if idle > _TOUCH:
        with state.write() as session:
            session.execute(
                update(LoginSession)
                .where(LoginSession.token_hash == opened.token_hash)
                .values(last_seen_at=now)
            )
    accepted = user.notice_accepted_at
    return Principal(
        id=user.id,
        kind="user",
        name=user.name,
        login=user.login,
        role=Role(user.role),
        territory=territory_of(user),
        sources=frozenset(user.sources),
        csrf=hmac.new(state.secret, f"csrf {token}".encode(), hashlib.sha256).hexdigest()[:40],
        session=opened.token_hash,
        notice_due=accepted is None or now - accepted > timedelta(days=NOTICE_DAYS),
    )


def territory_of(user: User) -> Territory:
    """Return what an account sees; a limited role without any territory sees nothing."""
    if user.role in {Role.REGIONAL, Role.DEPARTMENTAL}:
        return Territory(frozenset(user.regions), frozenset(user.departements))
    return Territory.NATIONAL


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
