"""The mutable state: users, sessions, keys, sign-in links, audit."""

from serving.state.store import State, open_state

__all__ = ["State", "open_state"]
