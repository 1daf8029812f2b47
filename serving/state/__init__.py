"""The mutable state: users, sessions, keys, sign-in links, audit, alerts, cases."""

from serving.state import cell_models
from serving.state.store import State, open_state

__all__ = ["State", "cell_models", "open_state"]
