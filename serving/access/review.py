"""Review of rights, every six months: who still needs an account, with which rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from serving.access.accounts import Account, find_user, list_users
from serving.access.audit import record
from serving.access.sources import check_sources
from serving.state.models import AuditEntry, User
from serving.state.store import State

#: six months
REVIEW_DAYS = 183
_NOT_SIGN_INS = ("login.refused", "login.link_created")


@dataclass(frozen=True)
class Review:
    """An account at the review: `days` since the last review, or since it was created."""

    account: Account
    last_sign_in: datetime | None
    reviewed_at: datetime | None
    days: int

    @property
    def due(self) -> bool:
        """Whether the account is open and its review is due."""
        return self.account.active and (self.reviewed_at is None or self.days >= REVIEW_DAYS)


def review(state: State, logins: Sequence[str] = ()) -> list[Review]:
    """Return these accounts, or all, with their last sign-in and last review, by login.

    Raises
    ------
    AccessError
        `unknown-login`.
    """
    wanted = {find_user(state, login).id for login in logins}
    sign_in = AuditEntry.action.startswith("login.") & AuditEntry.action.not_in(_NOT_SIGN_INS)
    with state.read() as session:
        last = select(AuditEntry.actor_id, func.max(AuditEntry.at)).where(sign_in)
        seen = {row[0]: row[1] for row in session.execute(last.group_by(AuditEntry.actor_id))}
        reviewed = {user.id: user.reviewed_at for user in session.scalars(select(User))}
    now = datetime.now(UTC)
    found = []
    for account in (a for a in list_users(state) if not wanted or a.id in wanted):
        at, past = seen.get(account.id), reviewed.get(account.id)
        found.append(
            Review(
                account=account,
                last_sign_in=datetime.fromisoformat(at) if at else None,
                reviewed_at=past,
                days=(now - (past or account.created_at)) // timedelta(days=1),
            )
        )
    return found


def mark_reviewed(state: State, logins: Sequence[str], *, by: str = "cli") -> None:
    """Note that these accounts were reviewed today; AccessError `unknown-login` before any."""
    accounts = [find_user(state, login) for login in logins]
    for account in accounts:
        subject = {
            "login": account.login,
            "role": account.role.value,
            "territory": str(account.territory),
            "sources": list(account.sources),
            "active": account.active,
        }
        record(state, actor=by, action="user.review", subject=subject)
        with state.write() as session:
            mine = update(User).where(User.id == account.id)
            session.execute(mine.values(reviewed_at=datetime.now(UTC)))


def set_sources(state: State, login: str, sources: Sequence[str], *, by: str = "cli") -> None:
    """Replace the rights of an account on the reserved sources, at once.

    Raises
    ------
    AccessError
        `unknown-login`; `bad-account`: a source that does not exist.
    """
    account, wanted = find_user(state, login), check_sources(sources)
    subject = {"login": account.login, "before": list(account.sources), "after": wanted}
    record(state, actor=by, action="user.sources", subject=subject)
    with state.write() as session:
        session.execute(update(User).where(User.id == account.id).values(sources=wanted))
