"""What is said of an API key: never its secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from serving.access.principal import Territory

#: a key whose end is nearer than this is to be replaced
EXPIRY_WARNING = timedelta(days=30)


@dataclass(frozen=True)
class KeyInfo:
    """A key, as shown to an administrator: never its secret."""

    id: str
    prefix: str
    name: str
    scopes: tuple[str, ...]
    territory: Territory
    sources: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: str | None = None

    @property
    def usable(self) -> bool:
        """Whether the key opens anything now."""
        return self.revoked_at is None and self.expires_at > datetime.now(UTC)

    @property
    def standing(self) -> str:
        """Return `revoked`, `expired`, `replaced` (still valid), `expires-soon` or `valid`."""
        if self.revoked_at is not None:
            return "revoked"
        left = self.expires_at - datetime.now(UTC)
        if left <= timedelta(0):
            return "expired"
        if self.replaced_by:
            return "replaced"
        return "expires-soon" if left <= EXPIRY_WARNING else "valid"


@dataclass(frozen=True)
class NewKey:
    """A key just made: `secret` is the whole key, and is shown this once."""

    info: KeyInfo
    secret: str
