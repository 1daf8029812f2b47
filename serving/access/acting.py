"""Who an act of the command line is done for."""

from __future__ import annotations

from sqlalchemy import select

from serving.access.errors import AccessError
from serving.access.principal import Principal, Role
from serving.access.sessions import territory_of
from serving.state.models import User
from serving.state.store import State


def person(state: State, login: str) -> Principal:
    """Return the person who has this account, with its rights as they are now.

    Raises
    ------
    AccessError
        `unknown-login`; `closed-account`.
    """
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
    if not user.active:
        raise AccessError("Ce compte est fermé.", code="closed-account", received=user.login)
    return Principal(
        id=user.id,
        kind="user",
        name=user.name,
        login=user.login,
        role=Role(user.role),
        territory=territory_of(user),
        sources=frozenset(user.sources),
    )
