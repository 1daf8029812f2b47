"""The mutable state: users, sessions, keys, sign-in links, audit, alerts, cases, digest."""

from serving.state import cell_models, digest_models
from serving.state.store import State, open_state

__all__ = ["State", "cell_models", "digest_models", "open_state"]
