"""One run at a time of what must not be done twice at once."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from sqlalchemy import text

from serving.state.store import State


@contextmanager
def alone(state: State, home: Path, what: str) -> Iterator[bool]:
    """Give True to the only run of `what`, False while another one is at it.

    The operating system (or PostgreSQL, for several machines) gives the place back when a run is
    killed: nothing is to be cleaned up.
    """
    if state.engine.name == "postgresql":
        with state.engine.connect() as connection:
            number = {"n": crc32(what.encode())}
            taken = connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), number)
            connection.commit()
            try:
                yield bool(taken)
            finally:
                if taken:
                    connection.execute(text("SELECT pg_advisory_unlock(:n)"), number)
                    connection.commit()
        return
    folder = home / "state"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / f"{what}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
