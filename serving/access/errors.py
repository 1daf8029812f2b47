"""The refusals of the access room."""

from __future__ import annotations

from data.errors import VeilleError


class AccessError(VeilleError):
    """A refusal. `status` is its HTTP status, `retry_after` the seconds to wait, if any."""

    def __init__(
        self,
        what: str,
        *,
        code: str,
        status: int = 403,
        retry_after: int | None = None,
        where: str = "",
        received: object = None,
        expected: str = "",
        todo: str = "",
    ) -> None:
        super().__init__(
            what, code=code, where=where, received=received, expected=expected, todo=todo
        )
        self.status = status
        self.retry_after = retry_after
