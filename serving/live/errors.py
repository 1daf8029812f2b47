"""What a call of live scoring may be refused for."""

from __future__ import annotations

from data.errors import VeilleError


class CallError(VeilleError):
    """A call that cannot be scored; `where` is the path of the faulty value."""

    status = 422
