"""Browsers sent to the provider: each comes back once, in time, and is the same browser."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import CursorResult, delete

from serving.access.errors import AccessError
from serving.state.models import OidcAttempt
from serving.state.store import State

SIGN_IN = "sign-in"
SIGN_OUT = "sign-out"
#: where the provider sends browsers back, under the public address
SIGN_IN_RETURN = "/connexion/oidc/retour"
SIGN_OUT_RETURN = "/deconnexion/retour"
MINUTES = 10


@dataclass(frozen=True)
class Attempt:
    """What was drawn for one trip: 256 bits each, in 43 characters (64 for the verifier).

    `browser` goes into a cookie, `state` and `nonce` to the provider, `verifier` stays here until
    the code is exchanged.
    """

    state: str
    nonce: str
    verifier: str
    browser: str
    next_path: str


def start(state: State, purpose: str, *, next_path: str = "/") -> Attempt:
    """Note a departure; departures that never came back are swept away."""
    made = Attempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        browser=secrets.token_urlsafe(32),
        next_path=next_path,
    )
    now = datetime.now(UTC)
    with state.write() as session:
        session.execute(delete(OidcAttempt).where(OidcAttempt.expires_at < now))
        session.add(
            OidcAttempt(
                state_hash=_digest(made.state),
                purpose=purpose,
                browser_hash=_digest(made.browser),
                nonce=made.nonce,
                verifier=made.verifier,
                next_path=made.next_path,
                expires_at=now + timedelta(minutes=MINUTES),
            )
        )
    return made


def finish(state: State, purpose: str, *, presented: str, browser: str) -> Attempt:
    """Return the departure that this return answers, and burn it whatever comes next.

    Raises
    ------
    AccessError
        `oidc-bad-state` (400): forged, missing, expired or used already, or another browser's.
    """
    key = _digest(presented)
    with state.write() as session:
        found = session.get(OidcAttempt, key)
        gone = session.execute(delete(OidcAttempt).where(OidcAttempt.state_hash == key))
        # Two returns at the same moment: the database gives the row to one of them.
        alone = cast("CursorResult[tuple[()]]", gone).rowcount == 1
    right = (
        found is not None
        and alone
        and found.purpose == purpose
        and found.expires_at > datetime.now(UTC)
        and hmac.compare_digest(found.browser_hash, _digest(browser))
    )
    if found is None or not right:
        raise AccessError(
            "Cette adresse de retour ne répond à aucune demande en cours de ce navigateur.",
            code="oidc-bad-state",
            status=400,
            expected=f"un retour unique, dans les {MINUTES} minutes, avec le même navigateur",
            todo="Recommencez depuis la page de connexion.",
        )
    return Attempt(presented, found.nonce, found.verifier, browser, found.next_path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
