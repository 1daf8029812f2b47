"""What can go wrong for who calls the API. The key is in none of these errors."""

from __future__ import annotations

from typing import Any

import httpx

from data.errors import VeilleError

_GONE = 410


class ClientError(VeilleError):
    """The call itself cannot be made, or its answer cannot be read."""


class ApiError(VeilleError):
    """The server refuses: what its problem+json says.

    `code` is stable (docs/errors.md) and `status` is HTTP's; `field` is the parameter at fault,
    `received` and `expected` its values, `todo` the way out, `request_id` what to quote to the
    administration, `retry_after` the seconds to wait when the server says so.
    """

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None) -> None:
        self.status = status
        self.field: str | None = problem.get("field")
        self.request_id = str(problem.get("request_id", ""))
        self.retry_after = retry_after
        super().__init__(
            str(problem.get("detail") or f"Le serveur a répondu {status}, sans explication."),
            code=str(problem.get("code") or "unexplained-refusal"),
            where=self.field or "",
            received=problem.get("received"),
            expected=str(problem.get("expected", "")),
            todo=str(problem.get("todo", "")),
        )


class ListReplacedError(ApiError):
    """410: the list was published again while its pages were read; start again from the first.

    The structures read so far belong to the former publication: keep none of them beside those of
    the new one.
    """


def refusal(answer: httpx.Response, retry_after: float | None) -> ApiError:
    """Return the error of an answer that is no success; its body must have been read."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    said = problem if isinstance(problem, dict) else {}
    kind = ListReplacedError if answer.status_code == _GONE else ApiError
    return kind(answer.status_code, said, retry_after)
