"""A message by SMTP, under TLS."""

from __future__ import annotations

import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from serving.cell.digest.outcome import SendFailed
from serving.cell.digest.settings import DigestError, SmtpSettings

_LOCAL = {"127.0.0.1", "localhost", "::1"}
#: from there on a refusal of the server is final
_FINAL = 500


def check_smtp(settings: SmtpSettings) -> None:
    """Refuse settings that would send a password or figures in clear over a network.

    Raises
    ------
    DigestError
        `smtp-insecure`.
    """
    if settings.security == "none" and settings.host not in _LOCAL:
        raise DigestError(
            "Un courriel ne part pas sans TLS vers une autre machine.",
            code="smtp-insecure",
            where="smtp_security",
            received=f"none, vers {settings.host}",
            expected="starttls ou tls ; none vers 127.0.0.1 seulement",
            todo="Réglez smtp_security sur starttls (port 587) ou tls (port 465).",
        )


def compose(
    settings: SmtpSettings, *, to: str, message_id: str, subject: str, text: str
) -> EmailMessage:
    """Return the message; its Message-ID is the same at each attempt."""
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.now(UTC))
    domain = parseaddr(settings.sender)[1].rpartition("@")[2]
    message["Message-ID"] = f"<{message_id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "fr"
    message.set_content(text)
    return message


def send_mail(settings: SmtpSettings, message: EmailMessage) -> None:
    """Hand a message over to the mail server; SendFailed when it does not take it."""
    try:
        with _connection(settings) as server:
            if settings.login:
                server.login(settings.login, settings.password)
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code = min((reply[0] for reply in error.recipients.values()), default=_FINAL)
        raise SendFailed(f"destinataire refusé ({code})", passing=code < _FINAL) from error
    except smtplib.SMTPAuthenticationError as error:
        # A setting to correct: the message waits for it.
        reason = f"identification refusée ({error.smtp_code})"
        raise SendFailed(reason, passing=True) from error
    except smtplib.SMTPResponseException as error:
        # The words of the server may repeat the address, or what was sent.
        passing = error.smtp_code < _FINAL
        raise SendFailed(
            f"refus du serveur de courriel ({error.smtp_code})", passing=passing
        ) from (error)
    except ssl.SSLError as error:
        raise SendFailed(f"TLS refusé ({error.reason or 'certificat'})", passing=True) from error
    except (smtplib.SMTPException, OSError) as error:
        raise SendFailed(
            f"serveur de courriel injoignable ({type(error).__name__})", passing=True
        ) from error


def _connection(settings: SmtpSettings) -> smtplib.SMTP:
    check_smtp(settings)
    if settings.security == "none":
        return smtplib.SMTP(settings.host, settings.port, timeout=settings.seconds)
    context = ssl.create_default_context(cafile=settings.ca_file)
    if settings.security == "tls":
        return smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=settings.seconds, context=context
        )
    server = smtplib.SMTP(settings.host, settings.port, timeout=settings.seconds)
    try:
        # A server that does not offer it is an error: never in clear.
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server
