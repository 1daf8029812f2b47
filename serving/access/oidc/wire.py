"""Calls to the provider: bounded in time, never redirected, and a clear refusal when it is down."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NoReturn

from serving.access.errors import AccessError

if TYPE_CHECKING:
    import requests

_LOG = logging.getLogger("veille.serving.oidc")
#: seconds to connect, then to read
TIMEOUT = (5, 10)
_RETRY_SECONDS = 60


class WithoutAnswers(logging.Filter):
    """Cut what the provider sends back in an address (code, state) out of the server's log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every line, those of a return without their query."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                part.split("?")[0] if isinstance(part, str) and "/retour?" in part else part
                for part in record.args
            )
        return True


ACCESS_FILTER = WithoutAnswers()


def get(url: str, *, bearer: str = "") -> requests.Response:
    """Return the provider's answer; AccessError 503 `oidc-unavailable` without one."""
    import requests

    headers = {"Accept": "application/json"}
    if bearer:
        headers = {"Accept": "application/jwt, application/json", "Authorization": bearer}
    try:
        answer = requests.get(url, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except (requests.RequestException, ValueError) as error:
        unavailable(error)
    if answer.status_code != requests.codes.ok:
        unavailable(f"HTTP {answer.status_code}")
    return answer


def json_of(answer: requests.Response) -> dict[str, Any]:
    """Return the object of an answer; AccessError 503 `oidc-unavailable` if it holds none."""
    try:
        found = answer.json()
    except ValueError as error:
        unavailable(error)
    if not isinstance(found, dict):
        unavailable("pas un objet JSON")
    return found


def unavailable(cause: object) -> NoReturn:
    """Refuse because the provider does not answer as it should; 503, with the delay to retry.

    Raises
    ------
    AccessError
        `oidc-unavailable`.
    """
    # Of an exception only its kind: its text may quote an address with what was sent.
    said = type(cause).__name__ if isinstance(cause, Exception) else cause
    _LOG.warning("fournisseur d'identité indisponible : %s", said)
    raise AccessError(
        "Le fournisseur d'identité ne répond pas comme il faut.",
        code="oidc-unavailable",
        status=503,
        retry_after=_RETRY_SECONDS,
        todo="Réessayez dans une minute ; si cela dure, prévenez l'administration de Veille ESS.",
    )
