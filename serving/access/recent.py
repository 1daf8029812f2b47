"""Keys seen a moment ago: a tool that calls a thousand times a second is looked up once."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from serving.access.keys import principal_of_key
from serving.access.principal import Principal
from serving.state.models import ApiKey
from serving.state.store import State

#: a key that is revoked elsewhere goes on this long where it was just used
SECONDS = 1.0
_MOST = 1_000
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
_STANDING = select(ApiKey.expires_at).where(
    ApiKey.id == bindparam("key"),
    ApiKey.revoked_at.is_(None),
)


class RecentKeys:
    """The last keys that were verified; any thread may use it."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[float, Principal]] = {}

    # The hash stands for the key: the memory of the server holds no secret longer than needed.

    def seen(self, presented: str) -> Principal | None:
        """Return the tool whose key was verified within the last `SECONDS`, without asking."""
        found = self._seen.get(hashlib.sha256(presented.encode()).digest())
        return found[1] if found and time.monotonic() - found[0] < SECONDS else None

    def verified(self, state: State, presented: str) -> Principal:
        """Return the tool that presents this key, asked now; AccessError of `principal_of_key`."""
        digest = hashlib.sha256(presented.encode()).digest()
        self._seen.pop(digest, None)
        principal = principal_of_key(state, presented)
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen[digest] = (time.monotonic(), principal)
        return principal

    def principal(self, state: State, presented: str) -> Principal:
        """Return the tool that presents this key, verified within the last `SECONDS`.

        Raises
        ------
        AccessError
            Those of `principal_of_key`, which is asked again at each refusal.
        """
        return self.seen(presented) or self.verified(state, presented)


def open_until(session: Session, principal: Principal) -> datetime:
    """Return when who was verified a moment ago stops being let in: long ago if it was closed."""
    if principal.kind != "key":
        return _NEVER
    found = session.connection().scalar(_STANDING, {"key": principal.id})
    return _LONG_AGO if found is None else found
