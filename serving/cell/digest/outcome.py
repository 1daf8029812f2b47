"""How an attempt fails."""

from __future__ import annotations


class SendFailed(Exception):  # noqa: N818 - an outcome, caught and kept in the state
    """A message was not taken: `reason` in French, without address nor content.

    `passing` when another attempt may succeed; `retry_after` are the seconds that the other side
    asked for.
    """

    def __init__(self, reason: str, *, passing: bool, retry_after: float | None = None) -> None:
        self.reason = reason
        self.passing = passing
        self.retry_after = retry_after
        super().__init__(reason)
