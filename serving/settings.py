"""What the server needs to know, given by `veille` (command line, environment, veille.toml)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ServingSettings:
    """Settings of the server.

    Parameters
    ----------
    home : Path
        Root of the state: publications, database, secret.
    database_url : str, optional
        SQLAlchemy URL of the mutable state; SQLite at `home/state/state.db` when None.
    targets : tuple of str
        Targets served; the first is the default one.
    insecure : bool
        Send the session cookie over plain HTTP elsewhere than on the loopback address.
    session_hours, idle_hours : int
        A session ends after `session_hours`, or `idle_hours` without any request.
    rate_per_minute, rate_burst : int
        Requests of one account or key, by worker: see `serving.access.rate_limit`.
    """

    home: Path
    database_url: str | None = None
    targets: tuple[str, ...] = field(default=("failure", "funding_loss"))
    insecure: bool = False
    session_hours: int = 12
    idle_hours: int = 2
    rate_per_minute: int = 600
    rate_burst: int = 200
