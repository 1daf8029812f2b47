"""Verify what the provider signs: signature, issuer, audience, dates, nonce."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NoReturn

from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from serving.access.errors import AccessError

_LOG = logging.getLogger("veille.serving.oidc")
#: closed: neither `none`, nor HMAC, whose key would be one that everybody reads
ALGORITHMS = ("RS256", "PS256", "ES256")
#: seconds by which the clocks of the provider and ours may differ
LEEWAY = 30
# What a forged token may make the libraries raise, besides their own errors.
_BROKEN = (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError)

#: gives the keys; asked to, reads them again at the provider
Keys = Callable[[bool], KeySet]


def id_token_claims(
    token: object, keys: Keys, *, issuer: str, client_id: str, nonce: str, access_token: str
) -> dict[str, Any]:
    """Return the claims of an id_token; AccessError 403 `oidc-bad-token` if one does not hold."""
    try:
        decoded = _decode(token, keys)
        options = _required(issuer, client_id) | {"nonce": {"essential": True, "value": nonce}}
        params = {"client_id": client_id, "nonce": nonce, "access_token": access_token}
        CodeIDToken(decoded.claims, decoded.header, options, params).validate(leeway=LEEWAY)
    except _BROKEN as error:
        refuse(error)
    return _named(decoded.claims)


def userinfo_claims(token: object, keys: Keys, *, issuer: str, client_id: str) -> dict[str, Any]:
    """Return the claims of a signed userinfo; AccessError 403 `oidc-bad-token`."""
    try:
        decoded = _decode(token, keys)
        options = _required(issuer, client_id)
        jwt.JWTClaimsRegistry(leeway=LEEWAY, **options).validate(decoded.claims)
    except _BROKEN as error:
        refuse(error)
    return _named(decoded.claims)


def refuse(cause: object) -> NoReturn:
    """Refuse what the provider, or someone in its place, said.

    Raises
    ------
    AccessError
        `oidc-bad-token` (403).
    """
    # The kind and the claim only: a token or an address is never written.
    said = getattr(cause, "error", type(cause).__name__) if isinstance(cause, Exception) else cause
    _LOG.warning("réponse d'identité refusée : %s %s", said, getattr(cause, "claim", ""))
    raise AccessError(
        "La réponse du fournisseur d'identité n'est pas authentique, ou a expiré.",
        code="oidc-bad-token",
        todo="Recommencez la connexion ; si cela dure, prévenez l'administration de Veille ESS.",
    )


def _decode(token: object, keys: Keys) -> jwt.Token:
    if not isinstance(token, str):
        raise TypeError
    try:
        return jwt.decode(token, keys(False), algorithms=ALGORITHMS)  # noqa: FBT003
    except InvalidKeyIdError:
        # The provider may have changed its keys since we read them: once, not more.
        return jwt.decode(token, keys(True), algorithms=ALGORITHMS)  # noqa: FBT003


def _required(issuer: str, client_id: str) -> dict[str, Any]:
    return {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
        "sub": {"essential": True},
    }


def _named(claims: dict[str, Any]) -> dict[str, Any]:
    # 255 ASCII characters at most, says the standard; longer, it would be cut or refused later.
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        refuse("sub")
    # PostgreSQL keeps no NUL, and an identifier has no business with the other controls.
    if not subject.isascii() or not subject.isprintable():
        refuse("sub")
    return claims
