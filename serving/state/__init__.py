"""The mutable state: users, sessions, keys, sign-in links, audit, digest."""

from serving.state import digest_models  # noqa: F401 - its tables are part of the state
from serving.state.store import State, open_state

__all__ = ["State", "open_state"]
