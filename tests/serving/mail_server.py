"""A real mail server on 127.0.0.1 that keeps what it is handed, and a certificate for it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from serving.cell.digest.settings import SmtpSettings

LOGIN, PASSWORD = "veille", "mot-de-passe-fictif"
SENDER = "veille@cellule.invalid"


@dataclass
class Mailbox:
    """What the server was handed; `refusals` are the answers to give first, one a message."""

    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        message = message_from_bytes(envelope.content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"

    @property
    def texts(self) -> list[str]:
        """Subject and decoded text of each message."""
        found = [f"{m['subject']}\n{m.get_content()}" for m in self.messages]
        return [text.replace("\r\n", "\n") for text in found]


def make_certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1, or of a name, and its key, for the time of a test."""
    local = x509.IPAddress(ip_address("127.0.0.1"))
    bearer = local if name == "127.0.0.1" else x509.DNSName(name)
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "serveur fictif")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([bearer]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificat.pem", folder / "cle.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@contextmanager
def mail_server(
    security: str = "none", certificate: tuple[Path, Path] | None = None
) -> Iterator[tuple[Mailbox, SmtpSettings]]:
    """Give the mailbox of a running server, and the settings that reach it."""
    box = Mailbox()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)

    def login(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            LOGIN.encode(),
            PASSWORD.encode(),
        )
        return AuthResult(success=right, handled=False)

    more = (
        {"tls_context": context, "require_starttls": True, "authenticator": login}
        | {"auth_required": True}
        if security == "starttls"
        else {}
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        ssl_context=context if security == "tls" else None,
        **more,
    )
    controller.start()
    try:
        yield (
            box,
            SmtpSettings(
                "127.0.0.1",
                SENDER,
                port=port,
                security=security,
                login=LOGIN if security == "starttls" else "",
                password=PASSWORD if security == "starttls" else "",
                ca_file=certificate[0] if certificate else None,
            ),
        )
    finally:
        controller.stop()
