"""Who is told of a new publication."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from serving.access.audit import record
from serving.access.principal import Role, Territory
from serving.access.rules import check_territory
from serving.access.sessions import territory_of
from serving.cell.digest.destination import check_destination, origin
from serving.cell.digest.settings import DigestError, DigestSettings
from serving.cell.digest.webhook import secret_of
from serving.state.digest_models import DigestDelivery, DigestSubscription
from serving.state.models import User
from serving.state.store import State


@dataclass(frozen=True)
class Recipient:
    """A subscription, as things stand now.

    `name` is the login, or the origin of the webhook. `to` is where it goes (an e-mail address, or
    the webhook's whole address), empty when it cannot leave: `held` then says why, in French.
    `last` is the status of the latest message and its moment.
    """

    id: str
    kind: str
    name: str
    to: str
    territory: Territory
    held: str
    last: tuple[str, datetime] | None = None


def subscribe_account(state: State, login: str, *, by: str = "cli") -> Recipient:
    """Have an account told by e-mail; the same again changes nothing.

    Raises
    ------
    DigestError
        `unknown-login`; `not-a-recipient`: no list, no address, or a closed account.
    """
    with state.write() as session:
        user = session.scalar(select(User).where(User.login == login.strip().lower()))
        if user is None:
            raise DigestError(
                "Aucun compte n'a cet identifiant.",
                code="unknown-login",
                received=login,
                todo="`veille users list` donne les comptes.",
            )
        held = _held(user)
        if held:
            raise DigestError(
                "Ce compte ne peut pas recevoir la lettre.",
                code="not-a-recipient",
                where=user.login,
                received=held,
                expected="un compte ouvert, qui voit une liste et a une adresse électronique",
                todo="« veille users email » donne une adresse à un compte.",
            )
        mine = select(DigestSubscription).where(DigestSubscription.user_id == user.id)
        row = session.scalar(mine)
        if row is None:
            row = _row("email", by, user_id=user.id)
            session.add(row)
        row.closed_at = None  # the same subscription: what was told is not told again
        found = _recipient(row, user)
    subject = {"subscription": found.id, "login": found.name, "territory": str(found.territory)}
    record(state, actor=by, action="digest.subscribe", subject=subject)
    return found


def subscribe_webhook(
    state: State,
    url: str,
    settings: DigestSettings,
    *,
    regions: Iterable[str] = (),
    departements: Iterable[str] = (),
    by: str = "cli",
) -> tuple[Recipient, str]:
    """Have an address called, and return its secret; without a territory, the whole country.

    Raises
    ------
    DigestError
        As `check_destination`; `already-subscribed`.
    AccessError
        `bad-account`: a territory that does not exist.
    """
    url = url.strip()
    check_destination(url, settings)
    check_territory(regions := tuple(regions), departements := tuple(departements))
    with state.write() as session:
        taken = select(DigestSubscription.id).where(
            DigestSubscription.url == url, DigestSubscription.closed_at.is_(None)
        )
        if known := session.scalar(taken):
            raise DigestError(
                "Ce webhook est déjà abonné.",
                code="already-subscribed",
                received=known,
                todo="Pour changer son territoire ou son secret, désabonnez-le d'abord.",
            )
        row = _row("webhook", by, url=url)
        row.regions, row.departements = sorted(set(regions)), sorted(set(departements))
        session.add(row)
        found = _recipient(row, None)
    subject = {"subscription": found.id, "host": found.name, "territory": str(found.territory)}
    record(state, actor=by, action="digest.subscribe", subject=subject)
    return found, secret_of(found.id, state.secret)


def unsubscribe(state: State, who: str, *, by: str = "cli") -> Recipient:
    """Close a subscription, by its id or a login; DigestError `unknown-subscription`."""
    found = find_recipient(state, who)
    with state.write() as session:
        row = session.get_one(DigestSubscription, found.id)
        row.closed_at = datetime.now(UTC)
    subject = {"subscription": found.id, "recipient": found.name}
    record(state, actor=by, action="digest.unsubscribe", subject=subject)
    return found


def find_recipient(state: State, who: str) -> Recipient:
    """Return an open subscription, by its id or a login; DigestError `unknown-subscription`."""
    wanted = who.strip().lower()
    for one in recipients(state):
        if one.id == wanted or (one.kind == "email" and one.name == wanted):
            return one
    raise DigestError(
        "Cet abonnement n'existe pas.",
        code="unknown-subscription",
        received=who,
        todo="« veille digest list » donne les abonnements.",
    )


def recipients(state: State) -> list[Recipient]:
    """Return the open subscriptions, oldest first."""
    asked = (
        select(DigestSubscription, User)
        .outerjoin(User, User.id == DigestSubscription.user_id)
        .where(DigestSubscription.closed_at.is_(None))
        .order_by(DigestSubscription.created_at, DigestSubscription.id)
    )
    with state.read() as session:
        return [_recipient(row, user, _last(session, row)) for row, user in session.execute(asked)]


def _row(
    kind: str, by: str, *, user_id: str | None = None, url: str | None = None
) -> DigestSubscription:
    return DigestSubscription(
        id=secrets.token_hex(8),
        kind=kind,
        user_id=user_id,
        url=url,
        regions=[],
        departements=[],
        created_by=by,
        created_at=datetime.now(UTC),
        closed_at=None,
    )


def _recipient(
    row: DigestSubscription, user: User | None, last: tuple[str, datetime] | None = None
) -> Recipient:
    if user is None:
        url = row.url or ""
        place = Territory.of(row.regions, row.departements)
        return Recipient(row.id, row.kind, origin(url), url, place, "", last)
    held = _held(user)
    to = "" if held else user.email or ""
    return Recipient(row.id, row.kind, user.login, to, territory_of(user), held, last)


def _held(user: User) -> str:
    if not user.active:
        return "compte fermé"
    if user.role == Role.ADMIN:
        return "un compte d'administration ne voit pas de liste"
    place = territory_of(user)
    if not (place.national or place.regions or place.departements):
        return "aucun territoire"
    return "" if user.email else "aucune adresse électronique"


def _last(session: Session, row: DigestSubscription) -> tuple[str, datetime] | None:
    found = session.scalar(
        select(DigestDelivery)
        .where(DigestDelivery.subscription_id == row.id)
        .order_by(DigestDelivery.created_at.desc())
        .limit(1)
    )
    return (found.status, found.sent_at or found.created_at) if found else None
