"""Delays after repeated failed sign-ins, the same for accounts that do not exist."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete

from serving.access.errors import AccessError
from serving.state.models import LoginFailure
from serving.state.store import State

#: failures allowed before the first delay; each later one doubles it, up to an hour
FREE_FAILURES = 5
FIRST_DELAY_SECONDS = 30
LONGEST_DELAY_SECONDS = 3600
_FORGET = timedelta(days=1)


def refuse_while_locked(state: State, login: str) -> None:
    """Refuse a login under delay: AccessError 429 `too-many-attempts`, with `retry_after`."""
    with state.read() as session:
        failure = session.get(LoginFailure, _digest(login))
    now = datetime.now(UTC)
    if failure and failure.locked_until and failure.locked_until > now:
        wait = int((failure.locked_until - now).total_seconds()) + 1
        raise AccessError(
            "Trop d'essais : cet identifiant est suspendu un moment.",
            code="too-many-attempts",
            status=429,
            retry_after=wait,
            expected=f"un nouvel essai dans {wait} secondes",
            todo="Attendez, ou demandez un lien de connexion à l'administration.",
        )


def count_failure(state: State, login: str) -> None:
    """Count one failed sign-in, and start a delay beyond the free ones."""
    now = datetime.now(UTC)
    with state.write() as session:
        session.execute(delete(LoginFailure).where(LoginFailure.last_at < now - _FORGET))
        failure = session.get(LoginFailure, _digest(login))
        if failure is None:
            failure = LoginFailure(
                login_hash=_digest(login), failures=0, last_at=now, locked_until=None
            )
            session.add(failure)
        failure.failures += 1
        failure.last_at = now
        beyond = failure.failures - FREE_FAILURES
        if beyond >= 0:
            delay = min(FIRST_DELAY_SECONDS * 2**beyond, LONGEST_DELAY_SECONDS)
            failure.locked_until = now + timedelta(seconds=delay)


def forget_failures(state: State, login: str) -> None:
    """Start afresh, after a successful sign-in."""
    with state.write() as session:
        session.execute(delete(LoginFailure).where(LoginFailure.login_hash == _digest(login)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
