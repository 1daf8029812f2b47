"""How many requests one account or key may make: a token bucket each, in the worker's memory."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from serving.access.errors import AccessError

_MINUTE = 60


@dataclass(frozen=True)
class Allowance:
    """What is left after a request: whole requests, and seconds until the bucket is full.

    `wait` is 0 when the request is allowed, else the seconds after which one will be.
    """

    per_minute: int
    remaining: int
    reset: int
    wait: int

    def require(self) -> None:
        """Refuse what is not allowed: AccessError 429 `rate-limited`, with `retry_after`."""
        if self.wait:
            raise AccessError(
                "Trop de demandes en peu de temps.",
                code="rate-limited",
                status=429,
                retry_after=self.wait,
                expected=f"au plus {self.per_minute} demandes par minute",
                todo=f"Recommencez dans {self.wait} s, et espacez les demandes.",
            )

    def headers(self) -> dict[str, str]:
        """Return the RateLimit fields (draft-ietf-httpapi-ratelimit-headers)."""
        return {
            "RateLimit-Policy": f'"requests";q={self.per_minute};w={_MINUTE}',
            "RateLimit": f'"requests";r={self.remaining};t={self.reset}',
        }


class RateLimit:
    """Buckets of `burst` requests, filled again at `per_minute`; 0 means no limit.

    There is one bucket for each known account or key, never for a stranger: their number is
    bounded.
    """

    def __init__(
        self, per_minute: int, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.per_minute, self.burst = per_minute, burst
        self._rate = per_minute / _MINUTE
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, who: str) -> Allowance | None:
        """Count one request of `who` (none if it is refused); None when there is no limit."""
        if not self.per_minute:
            return None
        now = self._clock()
        with self._lock:
            level, since = self._buckets.get(who, (float(self.burst), now))
            level = min(self.burst, level + (now - since) * self._rate)
            allowed = level >= 1
            level -= allowed
            self._buckets[who] = (level, now)
        full = math.ceil((self.burst - level) / self._rate)
        wait = 0 if allowed else math.ceil((1 - level) / self._rate)
        return Allowance(self.per_minute, int(level), full, wait)
