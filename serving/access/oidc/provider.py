"""The provider: its description, its keys, and the four calls of a sign-in and a sign-out."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from serving.access.errors import AccessError
from serving.access.oidc import tokens, wire
from serving.access.oidc.attempts import SIGN_IN_RETURN, SIGN_OUT_RETURN
from serving.settings import OidcSettings

_LOG = logging.getLogger("veille.serving.oidc")
_CACHE_SECONDS = 3600
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class Identity:
    """Who the provider says it is. `email` is None when it did not verify it."""

    subject: str
    email: str | None
    id_token: str


class Provider:
    """A provider and what was read of it; one for each server process, shared by its threads."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._about: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def sign_in_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where to send the browser; AccessError 503 `oidc-unavailable`."""
        url: str
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._metadata()["authorization_endpoint"],
                state=state,
                nonce=nonce,
                code_verifier=verifier,
            )
        return url

    def sign_out_url(self, *, id_token: str, state: str) -> str | None:
        """Return where to close the provider's session, None if it has no such address.

        Raises
        ------
        AccessError
            `oidc-unavailable`.
        """
        endpoint = self._metadata().get("end_session_endpoint")
        if not endpoint:
            return None
        asked = {
            "id_token_hint": id_token,
            "state": state,
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": self.settings.public_url + SIGN_OUT_RETURN,
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def identity(self, code: str, *, nonce: str, verifier: str) -> Identity:
        """Return who came back with this code, every signature verified.

        Raises
        ------
        AccessError
            `oidc-bad-code` (400), `oidc-bad-token` (403), `oidc-unavailable` (503).
        """
        given = self._exchange(code, verifier)
        id_token, access_token = given.get("id_token"), str(given.get("access_token", ""))
        known = {"issuer": self.settings.issuer, "client_id": self.settings.client_id}
        claims = tokens.id_token_claims(
            id_token, self._key_set, nonce=nonce, access_token=access_token, **known
        )
        if endpoint := self._metadata().get("userinfo_endpoint"):
            answer = wire.get(endpoint, bearer=f"Bearer {access_token}")
            kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
            if kind == "application/jwt":
                said = tokens.userinfo_claims(answer.text.strip(), self._key_set, **known)
            else:
                said = wire.json_of(answer)
            if said.get("sub") != claims["sub"]:
                tokens.refuse("userinfo : autre sub")
            claims = claims | said if "email" in said else claims
        return Identity(claims["sub"], self._verified_email(claims), str(id_token))

    def _verified_email(self, claims: dict[str, Any]) -> str | None:
        email = claims.get("email")
        verified = claims.get("email_verified", self.settings.email_trusted)
        if verified is not True or not isinstance(email, str):
            return None
        # Outside ASCII, lowering letters could turn one address into somebody else's.
        if not email.isascii() or not email.isprintable():
            return None
        return email.strip().lower() or None

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        try:
            with self._client() as client:
                given = client.fetch_token(
                    self._metadata()["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    timeout=wire.TIMEOUT,
                    allow_redirects=False,
                )
        except OAuthError as error:
            if error.error == "invalid_grant":
                raise AccessError(
                    "Le fournisseur d'identité ne reconnaît plus cette connexion.",
                    code="oidc-bad-code",
                    status=400,
                    todo="Recommencez la connexion depuis le début.",
                ) from error
            # Most often a wrong client_id or secret: for who runs the service.
            wire.unavailable(_known_code(error.error))
        except (requests.RequestException, ValueError, TypeError, AttributeError) as error:
            wire.unavailable(error)
        if not isinstance(given, dict):
            wire.unavailable("réponse sans jeton")
        return given

    def _client(self) -> OAuth2Session:
        methods = self._metadata().get("token_endpoint_auth_methods_supported")
        # Absent from the description, it means client_secret_basic.
        basic = not isinstance(methods, list) or "client_secret_basic" in methods
        return OAuth2Session(
            self.settings.client_id,
            self.settings.client_secret,
            token_endpoint_auth_method="client_secret_basic" if basic else "client_secret_post",
            scope=self.settings.scopes,
            redirect_uri=self.settings.public_url + SIGN_IN_RETURN,
            code_challenge_method="S256",
        )

    def _metadata(self) -> dict[str, Any]:
        if self._about and time.monotonic() - self._about[0] < _CACHE_SECONDS:
            return self._about[1]
        issuer = self.settings.issuer
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found = wire.json_of(wire.get(url))
        # Another issuer's description would send our code and secret to it.
        if found.get("issuer") != issuer:
            wire.unavailable("sa description porte un autre « issuer » que le réglage oidc_issuer")
        for name in (*_NEEDED, *(name for name in _OPTIONAL if found.get(name))):
            if not protected(found.get(name)):
                wire.unavailable(f"{name} absent, ou sans TLS")
        self._about = time.monotonic(), found
        return found

    def _key_set(self, again: bool) -> KeySet:  # noqa: FBT001
        known = self._keys
        if known and not again and time.monotonic() - known[0] < _CACHE_SECONDS:
            return known[1]
        published = wire.json_of(wire.get(self._metadata()["jwks_uri"]))
        try:
            # Only public keys: a shared one (`oct`) could verify nothing that we accept.
            found = KeySet.import_key_set(published)  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            wire.unavailable(error)
        self._keys = time.monotonic(), found
        return found


def protected(url: object) -> bool:
    """Tell whether an address is under TLS, or on the machine itself."""
    # It goes into headers: a space or a control has no place in it.
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    )


def _known_code(code: object) -> str:
    known = ("invalid_client", "invalid_request", "unauthorized_client", "invalid_scope")
    return str(code) if code in known else "erreur au guichet des jetons"
