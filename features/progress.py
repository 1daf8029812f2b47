"""How a long step tells what it does, and the share of it that is done."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]


def quiet(_step: str, _share: float) -> None:
    """Report no progress."""
