"""What the server needs to know, given by `veille` (command line, environment, veille.toml)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class OidcSettings:
    """An OpenID Connect provider to sign in with.

    Parameters
    ----------
    issuer : str
        Its `issuer`, to the letter; its description is read under `/.well-known`.
    client_id, client_secret : str
        What it gave when this service was registered; the secret is in no text of this object.
    public_url : str
        Address of this service for browsers: the two return addresses registered start with it.
    scopes : str
        Scopes asked, with spaces between.
    label : str
        Name of the provider on the sign-in page.
    email_trusted : bool
        Take its addresses as verified when it does not say (`email_verified` absent).
    contact : str
        Whom a person without an account writes to.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    public_url: str
    scopes: str = "openid email"
    label: str = "ProConnect"
    email_trusted: bool = False
    contact: str = "l'administration de Veille ESS"


@dataclass(frozen=True)
class ServingSettings:
    """Settings of the server.

    Parameters
    ----------
    home : Path
        Root of the state: publications, database, secret.
    database_url : str, optional
        SQLAlchemy URL of the mutable state; SQLite at `home/state/state.db` when None.
    targets : tuple of str
        Targets served; the first is the default one.
    insecure : bool
        Send the session cookie over plain HTTP elsewhere than on the loopback address.
    session_hours, idle_hours : int
        A session ends after `session_hours`, or `idle_hours` without any request.
    oidc : OidcSettings, optional
        The provider of identities; none when None.
    local_passwords : bool
        Let accounts sign in with a password of this service.
    rate_per_minute, rate_burst : int
        Requests of one account or key, by worker: see `serving.access.rate_limit`.
    request_log : bool
        Write a JSON line for each request to the standard error: see `serving.request_log`.
    """

    home: Path
    database_url: str | None = None
    targets: tuple[str, ...] = field(default=("failure", "funding_loss"))
    insecure: bool = False
    session_hours: int = 12
    idle_hours: int = 2
    oidc: OidcSettings | None = None
    local_passwords: bool = True
    rate_per_minute: int = 600
    rate_burst: int = 200
    request_log: bool = False
