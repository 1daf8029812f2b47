"""What the digest needs to know, given by `veille`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from data.errors import VeilleError

Security = Literal["starttls", "tls", "none"]


class DigestError(VeilleError):
    """The digest cannot be set up or sent."""


@dataclass(frozen=True)
class SmtpSettings:
    """A mail server; `security` is how the connection is protected, `none` on the machine only.

    `ca_file` holds the certificates of an authority of one's own, None for those of the system.
    """

    host: str
    sender: str
    port: int = 587
    security: Security = "starttls"
    login: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    seconds: float = 30.0


@dataclass(frozen=True)
class DigestSettings:
    """How messages leave.

    Parameters
    ----------
    smtp : SmtpSettings, optional
        No e-mail leaves when None.
    public_url : str
        Address of the pages, for the link to the list; empty when not known.
    contact : str
        Whom to write to, said at the end of an e-mail.
    insecure : bool
        Let a webhook call plain http on 127.0.0.1.
    private_networks : bool
        Let a webhook call an address of a private network.
    tries : int
        Attempts of one run; `first_wait` seconds after the first, then twice as long each time.
    max_attempts : int
        Attempts in all, over the runs; afterwards the message is given up.
    """

    smtp: SmtpSettings | None = None
    public_url: str = ""
    contact: str = ""
    insecure: bool = False
    private_networks: bool = False
    tries: int = 4
    first_wait: float = 1.0
    max_attempts: int = 20
