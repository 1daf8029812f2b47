"""Accounts, passwords, sign-in links: what the command line and the sign-in page do."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from serving.access.audit import record
from serving.access.errors import AccessError
from serving.access.lockout import count_failure, forget_failures, refuse_while_locked
from serving.access.principal import Principal, Role, Territory
from serving.access.rules import check_account, check_name
from serving.access.sources import check_sources
from serving.state.models import LoginLink, LoginSession, User
from serving.state.store import State

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_PASSWORD = 12
NOTICE_DAYS = 92


@dataclass(frozen=True)
class Account:
    """An account, as shown to an administrator; `linked` when it keeps a provider's subject."""

    id: str
    login: str
    name: str
    role: Role
    territory: Territory
    sources: tuple[str, ...]
    active: bool
    created_at: datetime
    has_password: bool
    email: str | None
    linked: bool


def create_user(
    state: State,
    login: str,
    *,
    name: str,
    role: Role | str,
    regions: Iterable[str] = (),
    departements: Iterable[str] = (),
    sources: Iterable[str] = (),
    password: str | None = None,
    by: str = "cli",
) -> Account:
    """Create an account; without a password it signs in by link only.

    Raises
    ------
    AccessError
        `bad-account`: login, role, territory or source refused; `weak-password`; `login-taken`.
    """
    login = login.strip().lower()
    chosen = check_account(login, role, tuple(regions), tuple(departements))
    check_name(name)
    user = User(
        id=secrets.token_hex(8),
        login=login,
        name=name.strip() or login,
        role=chosen.value,
        regions=sorted(set(regions)),
        departements=sorted(set(departements)),
        sources=check_sources(sources),
        password_hash=_hash(password) if password is not None else None,
        active=True,
        created_at=datetime.now(UTC),
        notice_accepted_at=None,
        reviewed_at=None,
    )
    with state.write() as session:
        if session.scalar(select(User.id).where(User.login == login)):
            raise AccessError(
                "Ce compte existe déjà.", code="login-taken", status=409, received=login
            )
        session.add(user)
        account = _account(user)
    subject = {
        "login": login,
        "role": chosen.value,
        "territory": str(account.territory),
        "sources": list(account.sources),
    }
    record(state, actor=by, action="user.create", subject=subject)
    return account


def list_users(state: State) -> list[Account]:
    """Return every account, by login."""
    with state.read() as session:
        return [_account(user) for user in session.scalars(select(User).order_by(User.login))]


def deactivate_user(state: State, login: str, *, by: str = "cli") -> None:
    """Close an account and its sessions at once; AccessError `unknown-login`."""
    user = find_user(state, login)
    with state.write() as session:
        session.execute(update(User).where(User.id == user.id).values(active=False))
        session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
        session.execute(delete(LoginLink).where(LoginLink.user_id == user.id))
    record(state, actor=by, action="user.deactivate", subject={"login": user.login})


def set_password(state: State, login: str, password: str, *, by: str = "cli") -> None:
    """Replace a password and close the sessions; AccessError `unknown-login`, `weak-password`."""
    user = find_user(state, login)
    hashed = _hash(password)
    with state.write() as session:
        session.execute(update(User).where(User.id == user.id).values(password_hash=hashed))
        session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
    record(state, actor=by, action="user.password", subject={"login": user.login})


def find_user(state: State, login: str) -> Account:
    """Return an account; AccessError `unknown-login`."""
    with state.read() as session:
        user = session.scalar(select(User).where(User.login == login.strip().lower()))
    if user is None:
        raise AccessError(
            "Aucun compte n'a cet identifiant.",
            code="unknown-login",
            status=404,
            received=login,
            todo="`veille users list` donne les comptes.",
        )
    return _account(user)


def authenticate(state: State, login: str, password: str, *, address: str = "") -> str:
    """Return the id of the account that this password opens.

    The answer, and its delay, are the same for an account that does not exist, is closed or has
    another password.

    Raises
    ------
    AccessError
        `bad-credentials`; `too-many-attempts`, with `retry_after` in seconds.
    """
    from argon2.exceptions import VerificationError

    # No login holds a NUL, and PostgreSQL refuses even to look for one.
    login = login.strip().lower().replace("\0", "\ufffd")
    refuse_while_locked(state, login)
    with state.read() as session:
        user = session.scalar(select(User).where(User.login == login))
    usable = user is not None and user.active and user.password_hash is not None
    known = user.password_hash if user and user.password_hash else _dummy_hash()
    try:
        _hasher().verify(known, password)
        right = usable
    except VerificationError:
        right = False
    if user is None or not right:
        count_failure(state, login)
        record(state, actor=login[:120], action="login.refused", address=address)
        raise AccessError(
            "Identifiant ou mot de passe refusé.",
            code="bad-credentials",
            status=401,
            todo="Vérifiez les deux, ou demandez un lien de connexion à l'administration.",
        )
    forget_failures(state, login)
    record(state, actor=login, actor_id=user.id, action="login.password", address=address)
    return user.id


def create_login_link(
    state: State,
    login: str,
    *,
    base_url: str = "http://127.0.0.1:8000",
    minutes: int = 60,
    by: str = "cli",
) -> str:
    """Return the address of a link that signs this account in once, for some minutes."""
    user = find_user(state, login)
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    with state.write() as session:
        session.add(
            LoginLink(
                token_hash=_digest(token),
                user_id=user.id,
                created_at=now,
                expires_at=now + timedelta(minutes=minutes),
                used_at=None,
            )
        )
    record(state, actor=by, action="login.link_created", subject={"login": user.login})
    return f"{base_url.rstrip('/')}/connexion/lien/{token}"


def use_login_link(state: State, token: str, *, address: str = "") -> str:
    """Return the id of the account that the link opens, and burn the link.

    Raises
    ------
    AccessError
        `bad-login-link`: unknown, used or expired link, or closed account.
    """
    now = datetime.now(UTC)
    with state.write() as session:
        link = session.scalar(select(LoginLink).where(LoginLink.token_hash == _digest(token)))
        user = session.get(User, link.user_id) if link else None
        good = link and user and user.active and link.used_at is None and link.expires_at > now
        if link and user and good:
            link.used_at = now
    if user is None or not good:
        raise AccessError(
            "Ce lien de connexion n'est plus valable.",
            code="bad-login-link",
            status=401,
            todo="Un lien sert une seule fois, pendant quelques minutes : demandez-en un autre.",
        )
    record(state, actor=user.login, actor_id=user.id, action="login.link", address=address)
    return user.id


def accept_notice(state: State, principal: Principal) -> None:
    """Note that a person accepted the confidentiality notice today."""
    now = datetime.now(UTC)
    with state.write() as session:
        session.execute(update(User).where(User.id == principal.id).values(notice_accepted_at=now))
    record(state, actor=principal.login, actor_id=principal.id, action="notice.accept")


def _account(user: User) -> Account:
    role = Role(user.role)
    return Account(
        id=user.id,
        login=user.login,
        name=user.name,
        role=role,
        territory=Territory.of(user.regions, user.departements),
        sources=tuple(user.sources),
        active=user.active,
        created_at=user.created_at,
        has_password=user.password_hash is not None,
        email=user.email,
        linked=user.oidc_subject is not None,
    )


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _dummy_hash() -> str:
    return _hasher().hash(secrets.token_hex(16))


def _hash(password: str) -> str:
    if len(password) < MIN_PASSWORD:
        raise AccessError(
            "Ce mot de passe est trop court.",
            code="weak-password",
            status=422,
            received=f"{len(password)} caractères",
            expected=f"au moins {MIN_PASSWORD} caractères",
        )
    return _hasher().hash(password)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
