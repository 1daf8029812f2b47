"""Which account a person signed in elsewhere opens.

An account keeps the provider's subject at its first sign-in and is found by it ever after. Its
address only serves that once: whoever is given the address of a colleague who left, or changes
their own at the provider, does not inherit an account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from sqlalchemy import CursorResult, delete, select, update

from serving.access.accounts import find_user
from serving.access.audit import record
from serving.access.errors import AccessError
from serving.state.models import LoginSession, User
from serving.state.store import State

_EMAIL = re.compile(r"[\x21-\x3f\x41-\x7e]+@[a-z0-9.-]+\.[a-z0-9-]{2,}")
_LONGEST_EMAIL = 254


@dataclass(frozen=True)
class Opened:
    """The account found; `first` when its subject was kept just now."""

    user_id: str
    login: str
    first: bool


def account_of(
    state: State, *, issuer: str, subject: str, email: str | None, contact: str
) -> Opened:
    """Return the account of a subject, kept on it at the first sign-in; nothing is created.

    `email` is the verified address, in lower case; None when there is none. `contact` is whom to
    ask for an account.

    Raises
    ------
    AccessError
        `oidc-unknown-account` (403): no account, a closed one, or one kept for another subject.
    """
    this = select(User).where(User.oidc_issuer == issuer, User.oidc_subject == subject)
    first = False
    with state.write() as session:
        user = session.scalar(this)
        if user is None and email is not None:
            kept = session.execute(
                update(User)
                .where(User.email == email, User.active, User.oidc_subject.is_(None))
                .values(oidc_issuer=issuer, oidc_subject=subject)
            )
            first = cast("CursorResult[tuple[()]]", kept).rowcount == 1
            user = session.scalar(this)
    if user is None or not user.active:
        raise AccessError(
            "Vous êtes bien identifié, mais aucun compte de Veille ESS ne vous est ouvert.",
            code="oidc-unknown-account",
            todo=f"Écrivez à {contact} : l'administration ouvre les comptes, aucun ne se crée "
            "seul. Un compte qui vous était ouvert a pu être fermé, ou tenir à une autre identité.",
        )
    return Opened(user.id, user.login, first)


def set_email(state: State, login: str, email: str | None, *, by: str = "cli") -> None:
    """Give an account the address of its first sign-in by the provider; None takes it back.

    The subject kept before is forgotten and the sessions are closed.

    Raises
    ------
    AccessError
        `unknown-login`; `bad-email` (422); `email-taken` (409).
    """
    user = find_user(state, login)
    address = checked_email(email) if email is not None else None
    with state.write() as session:
        taken = select(User.id).where(User.email == address, User.id != user.id)
        if address and session.scalar(taken):
            raise AccessError(
                "Cette adresse est celle d'un autre compte.",
                code="email-taken",
                status=409,
                todo="`veille users list` donne les comptes ; une adresse n'en ouvre qu'un.",
            )
        session.execute(
            update(User)
            .where(User.id == user.id)
            .values(email=address, oidc_issuer=None, oidc_subject=None)
        )
        session.execute(delete(LoginSession).where(LoginSession.user_id == user.id))
    subject = {"login": user.login, "given": address is not None}
    record(state, actor=by, action="user.email", subject=subject)


def checked_email(email: str) -> str:
    """Return an address in lower case; AccessError `bad-email` for what is none."""
    address = email.strip().lower() if email.isascii() else ""
    if len(address) > _LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        raise AccessError(
            "Cette adresse électronique est refusée.",
            code="bad-email",
            status=422,
            where="email",
            expected="prenom.nom@domaine.fr, sans accent",
        )
    return address
