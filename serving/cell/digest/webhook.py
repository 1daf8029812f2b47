"""A message by webhook, signed as Standard Webhooks says (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any

import httpx

from serving.cell.digest.destination import check_destination
from serving.cell.digest.outcome import SendFailed
from serving.cell.digest.settings import DigestError, DigestSettings

_SECONDS = 15.0
_PASSING = {408, 409, 425, 429}
_MARK = "whsec_"


def secret_of(subscription_id: str, key: bytes) -> str:
    """Return the secret of a subscription, `whsec_…`: made from the state's key, kept nowhere."""
    made = hmac.new(key, f"webhook {subscription_id}".encode(), hashlib.sha256).digest()
    return _MARK + base64.b64encode(made).decode("ascii")


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,…`: HMAC-SHA256 of `id.timestamp.body`, in base 64."""
    key = base64.b64decode(secret.removeprefix(_MARK))
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode("ascii")


def body_of(kind: str, at: str, content: Mapping[str, Any]) -> bytes:
    """Return the JSON of a message: `type`, `timestamp` (of the event), `data`."""
    return json.dumps(
        {"type": kind, "timestamp": at, "data": content}, ensure_ascii=False, sort_keys=True
    ).encode()


def call(settings: DigestSettings, url: str, *, message_id: str, secret: str, body: bytes) -> None:
    """Post a message; SendFailed unless the answer is a 2xx. Redirections are not followed."""
    try:
        destination = check_destination(url, settings)
    except DigestError as error:
        passing = error.code == "unknown-host"
        raise SendFailed(f"adresse refusée ({error.code})", passing=passing) from error
    now = int(time.time())
    headers = {
        "Host": destination.url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "User-Agent": "veille-ess",
        "webhook-id": message_id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(secret, message_id, now, body),
    }
    # The name is still the one that the certificate must bear.
    named = {"sni_hostname": destination.url.host}
    failed: httpx.HTTPError | None = None
    with httpx.Client(
        timeout=_SECONDS, trust_env=False, verify=ssl.create_default_context()
    ) as client:
        for place in destination.pinned:
            try:
                with client.stream(
                    "POST", place, content=body, headers=headers, extensions=named
                ) as answer:
                    _judge(answer)
                    return
            except httpx.ConnectError as error:
                failed = error  # another of its addresses may answer
            except httpx.HTTPError as error:
                failed = error
                break
    reason = f"webhook injoignable ({type(failed).__name__})"
    raise SendFailed(reason, passing=True) from failed


def _judge(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    status = answer.status_code
    asked = answer.headers.get("retry-after", "")
    raise SendFailed(
        f"réponse {status} du webhook",
        passing=status >= 500 or status in _PASSING,
        retry_after=float(asked) if asked.isascii() and asked.isdigit() else None,
    )
