"""Sign in and sign out by the provider, without HTTP; each success and refusal is in the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serving.access.audit import record
from serving.access.errors import AccessError
from serving.access.identity import account_of
from serving.access.oidc import attempts, wire
from serving.state.store import State

if TYPE_CHECKING:
    from serving.access.oidc.provider import Provider

#: errors of the standards that say the provider is in trouble, not the person
_PROVIDER_TROUBLE = {"server_error", "temporarily_unavailable"}
#: errors of the standards that may be shown: whatever else comes in the address is anybody's text
_SHOWN = {
    *("access_denied", "invalid_request", "unauthorized_client", "invalid_scope"),
    *("login_required", "consent_required", "interaction_required", "account_selection_required"),
}


@dataclass(frozen=True)
class Departure:
    """Where to send the browser, and what its cookie must hold to come back."""

    url: str
    browser: str


@dataclass(frozen=True)
class Return:
    """What the browser brought back in the address, as it is."""

    state: str = ""
    code: str = ""
    error: str = ""
    issuer: str = ""


@dataclass(frozen=True)
class SignedIn:
    """The account that opens, the token to keep for the sign-out, and where the person went."""

    user_id: str
    id_token: str
    next_path: str


def begin(state: State, provider: Provider, *, next_path: str, address: str = "") -> Departure:
    """Start a sign-in; AccessError 503 `oidc-unavailable`."""
    with _refusals_logged(state, address):
        made = attempts.start(state, attempts.SIGN_IN, next_path=next_path)
        url = provider.sign_in_url(state=made.state, nonce=made.nonce, verifier=made.verifier)
    return Departure(url, made.browser)


def finish(
    state: State, provider: Provider, back: Return, *, browser: str, address: str = ""
) -> SignedIn:
    """End a sign-in.

    Parameters
    ----------
    back : Return
        What the address holds.
    browser : str
        What the cookie of this browser holds.
    address : str
        Network address, for the log.

    Raises
    ------
    AccessError
        `oidc-bad-state`, `oidc-other-issuer`, `oidc-bad-code` (400); `oidc-refused`,
        `oidc-bad-token`, `oidc-unknown-account` (403); `oidc-unavailable` (503).
    """
    with _refusals_logged(state, address):
        return _finish(state, provider, back, browser, address)


def begin_sign_out(state: State, provider: Provider, id_token: str) -> Departure | None:
    """Start a sign-out at the provider; None when it has no address for it, or is down."""
    made = attempts.start(state, attempts.SIGN_OUT)
    try:
        url = provider.sign_out_url(id_token=id_token, state=made.state)
    except AccessError:
        # Here the session is closed: that must not fail because the provider does.
        return None
    return Departure(url, made.browser) if url else None


def finish_sign_out(state: State, presented: str, *, browser: str) -> None:
    """End a sign-out; AccessError 400 `oidc-bad-state`."""
    attempts.finish(state, attempts.SIGN_OUT, presented=presented, browser=browser)


@contextmanager
def _refusals_logged(state: State, address: str) -> Iterator[None]:
    try:
        yield
    except AccessError as error:
        subject = {"by": "oidc", "code": error.code}
        record(state, actor="", action="login.refused", subject=subject, address=address)
        raise


def _finish(state: State, provider: Provider, back: Return, browser: str, address: str) -> SignedIn:
    attempt = attempts.finish(state, attempts.SIGN_IN, presented=back.state, browser=browser)
    issuer = provider.settings.issuer
    # RFC 9207: an answer that names its issuer must name ours.
    if back.issuer and back.issuer != issuer:
        raise AccessError(
            "Cette réponse vient d'un autre fournisseur d'identité.",
            code="oidc-other-issuer",
            status=400,
            todo="Recommencez depuis la page de connexion.",
        )
    if back.error in _PROVIDER_TROUBLE:
        wire.unavailable(back.error)
    if back.error or not back.code:
        raise AccessError(
            "Le fournisseur d'identité n'a pas ouvert la connexion.",
            code="oidc-refused",
            received=back.error if back.error in _SHOWN else None,
            todo="Recommencez, en acceptant la connexion ; sinon, demandez un lien de connexion à "
            f"{provider.settings.contact}.",
        )
    who = provider.identity(back.code, nonce=attempt.nonce, verifier=attempt.verifier)
    opened = account_of(
        state,
        issuer=issuer,
        subject=who.subject,
        email=who.email,
        contact=provider.settings.contact,
    )
    record(
        state,
        actor=opened.login,
        actor_id=opened.user_id,
        action="login.oidc",
        subject={"first": opened.first},
        address=address,
    )
    return SignedIn(opened.user_id, who.id_token, attempt.next_path)
