"""Keys seen a moment ago: a tool that calls a thousand times a second is looked up once."""

from __future__ import annotations

import hashlib
import time

from serving.access.keys import principal_of_key
from serving.access.principal import Principal
from serving.state.store import State

#: a key that is revoked elsewhere goes on this long where it was just used
SECONDS = 1.0
_MOST = 1_000


class RecentKeys:
    """The last keys that were verified; any thread may use it."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[float, Principal]] = {}

    def principal(self, state: State, presented: str) -> Principal:
        """Return the tool that presents this key, verified within the last `SECONDS`.

        Raises
        ------
        AccessError
            Those of `principal_of_key`, which is asked again at each refusal.
        """
        # The hash stands for the key: the memory of the server holds no secret longer than needed.
        digest = hashlib.sha256(presented.encode()).digest()
        now = time.monotonic()
        found = self._seen.get(digest)
        if found is not None and now - found[0] < SECONDS:
            return found[1]
        self._seen.pop(digest, None)
        principal = principal_of_key(state, presented)
        if len(self._seen) >= _MOST:
            self._seen.clear()
        self._seen[digest] = (now, principal)
        return principal
